"""The keys of the cockpit, read from `keys.toml`; bindings and help are made from them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from textual.binding import Binding

MOVE = "Move"
_NAMES = {
    "slash": "/", "colon": ":", "question_mark": "?", "plus": "+", "equals_sign": "=", "minus": "-", "escape": "esc",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """What some keys do.

    Attributes:
        do: the name of what they do.
        short: one or two words for the last line of the screen, where it is `shown`.
        on: the screens where they do it; everywhere when empty.
        acts: the verb it needs; none for what only shows.
    """

    keys: tuple[str, ...]
    do: str
    help: str
    short: str
    group: str
    on: frozenset[str]
    acts: str | None
    shown: bool

    @property
    def written(self) -> str:
        """The keys as a person reads them."""
        return " ".join(_NAMES.get(key, key.replace("ctrl+", "^")) for key in self.keys)

    def is_offered(self, screen: str, verbs: Collection[str]) -> bool:
        """Whether it does anything on a screen, where only these verbs can be done."""
        return (not self.on or screen in self.on) and (self.acts is None or self.acts in verbs)


@cache
def all_keys() -> tuple[Key, ...]:
    """All keys, in the order of the file."""
    text = (files("spacectl.tui") / "keys.toml").read_text(encoding="utf-8")
    return tuple(
        Key(
            keys=tuple(each["keys"]),
            do=each["do"],
            help=each["help"],
            short=each["short"],
            group=each["group"],
            on=frozenset(each.get("on", ())),
            acts=each.get("acts"),
            shown=each.get("shown", False),
        )
        for each in tomllib.loads(text)["key"]
    )


def bindings(*, priority: bool) -> list[Binding]:
    """The bindings of all keys, for the app, or of those that move, for widgets that stand in a dialog.

    With priority they come before what widgets do with keys, so that keys that are typed fast act in their order: what
    follows two moves is done to the row that they led to, and after `/` a letter is written, whether that has been
    drawn yet or not.
    """
    return [
        Binding(",".join(key.keys), f"do('{key.do}')", key.help, show=False, priority=priority)
        for key in all_keys()
        if priority or key.group == MOVE
    ]


def key_of(do: str) -> Key:
    """The key that does something."""
    return next(key for key in all_keys() if key.do == do)


def groups(keys: Iterable[Key]) -> dict[str, list[Key]]:
    """The keys by their groups."""
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key.group, []).append(key)
    return found
