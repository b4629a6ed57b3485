"""Whether all texts that match some patterns match others too, decided with finite automata."""

from __future__ import annotations

import math
import re
from collections import deque
from functools import lru_cache, reduce
from typing import Any

_MOST_CHARACTERS = 300
_MOST_REPEATS = 256
"""Of all bounded repeats together, or multiplied where one is around others: automata grow with them."""

_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_LOOKS_AROUND = re.compile(r"\(\?[=!<]")
_ANYTHING = r"[\d\D]*"
_READABLE = "aA0x1- @._"
_MOST_TEXTS = 4


def within(inner: tuple[str, ...], outer: str) -> bool | None:
    """Whether every text that matches all inner patterns matches the outer one. None where that is not decided here."""
    return _compared(inner, outer)[0]


def outside(inner: tuple[str, ...], outer: str) -> tuple[str, ...]:
    """A few texts that match all inner patterns and not the outer one, the shortest first."""
    return _compared(inner, outer)[1]


def members(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """A few texts that match all patterns, the shortest first; none where they are not understood."""
    return _compared(patterns, None)[1]


def of_length(low: int, high: float) -> str | None:
    """A pattern for texts of some length; None where it would be too long to compare."""
    most = low if high == math.inf else int(high)
    upper = "" if high == math.inf else str(most)
    return rf"^[\d\D]{{{low},{upper}}}$" if most <= _MOST_REPEATS else None


@lru_cache(maxsize=1024)
def _compared(inner: tuple[str, ...], outer: str | None) -> tuple[bool | None, tuple[str, ...]]:
    inners = [_machine(pattern) for pattern in inner] or [_machine("")]
    last = None if outer is None else _machine(outer)
    if any(machine is None for machine in inners) or (outer is not None and last is None):
        return None, ()
    found = reduce(lambda one, two: one & two, inners)
    if last is not None:
        found = found - last
    return (True, ()) if found.empty() else (False, _some(found))


def _some(machine: Any) -> tuple[str, ...]:
    """The shortest accepted texts, one for each of the nearest final states; readable where they can be."""
    found: list[str] = []
    letters = {group: _letter(machine, group) for group in machine.alphabet.by_transition}
    reached = {machine.initial: ""}
    waiting = deque([machine.initial])
    while waiting and len(found) < _MOST_TEXTS:
        state = waiting.popleft()
        if state in machine.finals:
            found.append(reached[state])
        for group, target in machine.map.get(state, {}).items():
            if target not in reached:
                reached[target] = reached[state] + letters[group]
                waiting.append(target)
    return tuple(found)


def _letter(machine: Any, group: int) -> str:
    """A character of a group; a group without one stands for all that no pattern names."""
    named = [each for each in machine.alphabet.by_transition[group] if isinstance(each, str)]
    if named:
        return next((letter for letter in _READABLE if letter in named), min(named))
    known = {each for each in machine.alphabet if isinstance(each, str)}
    return next(chr(code) for code in range(ord("!"), 0x110000) if chr(code) not in known)


@lru_cache(maxsize=1024)
def _machine(pattern: str) -> Any:
    from interegular import parse_pattern  # noqa: PLC0415 - time that only patterns pay
    from interegular.patterns import InvalidSyntax, Unsupported  # noqa: PLC0415

    written = _whole(pattern)
    if written is None:
        return None
    try:
        return parse_pattern(written).to_fsm()
    except (InvalidSyntax, Unsupported):
        return None


def _whole(pattern: str) -> str | None:
    """A pattern that speaks of the whole text, without anchors. None where it cannot be written so, or is too large."""
    if len(pattern) > _MOST_CHARACTERS or _size(pattern) > _MOST_REPEATS or _LOOKS_AROUND.search(pattern):
        return None
    start, end = pattern.startswith("^"), bool(re.search(r"(?<!\\)(\\\\)*\$$", pattern))
    body = pattern[1 if start else 0 : -1 if end else None]
    if (start or end) and _alternates(body):
        return None
    return f"{'' if start else _ANYTHING}(?:{body}){'' if end else _ANYTHING}"


def _size(pattern: str) -> int:
    repeats = [max(int(each) for each in found if each) for found in _REPEAT.findall(pattern)]
    return math.prod(max(1, each) for each in repeats) if "){" in pattern else sum(repeats)


def _alternates(body: str) -> bool:
    """Whether there is a choice outside all brackets, of which an anchor would belong to one side only."""
    depth, at, in_class = 0, 0, False
    while at < len(body):
        letter = body[at]
        at += 2 if letter == "\\" else 1
        if in_class:
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
        elif letter == "|" and not depth:
            return True
        elif letter in "()":
            depth += 1 if letter == "(" else -1
    return False
