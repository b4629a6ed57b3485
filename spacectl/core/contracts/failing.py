"""Why a value of the sender may not fit the receiver, with values that should show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from spacectl.core.contracts.places import Json, Place, Pointer

At = tuple[str | int, ...]
"""The keys that lead from a message to a value in it."""

_MOST_WITNESSES = 6


@dataclass(frozen=True, slots=True)
class Failure:
    """A difference that may break.

    Attributes:
        rule: what kind of difference, such as `required`.
        message: what the sender may do that the receiver does not take.
        at: where in the message.
        sender: JSON pointer into the sender's document.
        receiver: JSON pointer into the receiver's.
        witnesses: values that should show it, of the level that is being compared; not yet looked at by a validator.
        provable: False where it rests on what the sender does not declare; then no example counts.
    """

    rule: str
    message: str
    sender: Pointer
    receiver: Pointer
    witnesses: tuple[Json, ...] = ()
    at: At = ()
    provable: bool = True

    def within(self, key: str | int, embed: Callable[[Json], Json | None]) -> Failure:
        """The same, one level further out; `embed` puts a value where it belongs, or gives None where it cannot."""
        made = (embed(value) for value in self.witnesses)
        return replace(self, at=(key, *self.at), witnesses=tuple(value for value in made if value is not None))


def failure(rule: str, message: str, sender: Place, receiver: Place, witnesses: Iterable[Json] = ()) -> Failure:
    """A failure of what two places say."""
    shown = []
    for value in witnesses:
        shown.append(value)
        if len(shown) == _MOST_WITNESSES:
            break
    return Failure(rule, message, sender.pointer, receiver.pointer, tuple(shown))
