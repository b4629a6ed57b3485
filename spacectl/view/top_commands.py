"""What the cockpit does, as the command line that does the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

VerbName = Literal["restart", "stop", "start", "scale", "send", "replay", "open"]

INTERRUPTING = frozenset({"restart", "stop"})
"""They end processes that may have traffic, so that they are asked about; a scale downwards too."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done.

    Attributes:
        spaces: to which spaces.
        replicas: how many each is to have; of a scale.
        fewer: it ends replicas; of a scale.
        subject, body: of an event that is sent.
        letters: which ones are replayed, by their numbers; none for all.
        url: what is opened.
    """

    verb: VerbName
    spaces: tuple[str, ...] = ()
    replicas: int | None = None
    fewer: bool = False
    subject: str = ""
    body: str = ""
    letters: tuple[int, ...] = ()
    url: str = ""

    @property
    def interrupts(self) -> bool:
        """Whether traffic may be interrupted."""
        return self.verb in INTERRUPTING or self.fewer


def command_of(order: Order) -> str:
    """The command line that does the same."""
    match order.verb:
        case "scale":
            words = ["scale", *(f"{name}={order.replicas}" for name in order.spaces)]
        case "send":
            words = ["send", order.subject, order.body]
        case "replay":
            words = ["letters", "replay", *(map(str, order.letters) if order.letters else ["--all"])]
        case "open":
            return shlex.join(["xdg-open", order.url])
        case _:
            words = [order.verb, *order.spaces]
    return shlex.join(["spacectl", *words])


def question(order: Order) -> str:
    """What is asked before traffic is interrupted."""
    names = ", ".join(order.spaces)
    if order.verb == "scale":
        return f"End replicas of {names}, so that {order.replicas} run?"
    return f"{order.verb.capitalize()} {names}? Requests and events under way may be interrupted."


def logs_command(names: frozenset[str], level: str | None, search: str) -> str:
    """The `logs` that shows the same lines."""
    words = ["logs", *sorted(names), "--follow"]
    words += ["--level", level] if level else []
    words += ["--grep", search] if search and not search.startswith("!") else []
    return shlex.join(["spacectl", *words])


def tap_command(subjects: tuple[str, ...]) -> str:
    """The `tap` that shows the same events."""
    return shlex.join(["spacectl", "tap", *subjects])
