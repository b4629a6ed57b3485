"""Dead letters as `letters --json` tells them: published models, whose keys are a promise."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from spacectl.model.strict import Strict


class Letter(Strict):
    """A message that its subscriber will get no more, unless it is replayed.

    Attributes:
        id: its number on the list; never used twice in a system.
        source: the space that published it.
        target: the subscriber that gave it up.
        via: its subject; null when the stream does not keep it any more.
        sequence: its number in the stream of the publisher.
        deliveries: how often it was delivered.
        time: when it was given up, RFC 3339.
        cause: it was delivered as often as `max_deliver` allows, or the subscriber said that it is hopeless.
        reason: what the subscriber said; null when it said nothing.
    """

    id: int
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    via: str | None
    sequence: int
    deliveries: int
    time: str
    cause: Literal["max_deliver", "terminated"]
    reason: str | None = None


class LettersReport(Strict):
    """Every dead letter on the list, oldest first."""

    system: str
    letters: tuple[Letter, ...]


class LetterContent(Letter):
    """A dead letter with what it holds, as the stream of the publisher keeps it.

    Attributes:
        published: when the stream took it, RFC 3339; null when it does not keep it any more.
        headers: pairs of name and value, in their order.
        size: bytes of the body.
        data: the body where it is JSON, decoded; else null.
        text: the body where it is text and not JSON.
        base64: the body where it is neither.
    """

    published: str | None
    headers: tuple[tuple[str, str], ...]
    size: int
    data: Any = None
    text: str | None = None
    base64: str | None = None


Outcome = Literal["acknowledged", "rejected", "not taken", "gone"]


class Replayed(Strict):
    """What became of a letter that was delivered again.

    Attributes:
        outcome: `acknowledged` takes it off the list; `rejected` was given up again; `not taken` was not asked for,
            or not settled, in time; `gone` is no longer kept by the stream.
        detail: in words.
    """

    id: int
    outcome: Outcome
    detail: str = ""


class ReplayReport(Strict):
    """What became of every letter that was to be delivered again."""

    system: str
    replayed: tuple[Replayed, ...]


class DroppedReport(Strict):
    """The letters that were taken off the list."""

    system: str
    dropped: tuple[int, ...]
