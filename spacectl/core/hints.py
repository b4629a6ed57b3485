"""What somebody probably meant who wrote something that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from spacectl.model.wording import quoted

_MOST_COMPARED = 64
"""Longer words are no slips of known ones, and comparing takes the product of the lengths."""

_MOST_KNOWN = 2000


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None; case and `_` for `-` count as the same."""
    if len(word) > _MOST_COMPARED:
        return None
    folded = {_folded(each): each for each in sorted(known)[:_MOST_KNOWN]}
    found = difflib.get_close_matches(_folded(word), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint such as `did you mean "publishes"?`, or None where nothing is like the word."""
    found = closest(word, known)
    return f"did you mean {quoted(found)}?" if found is not None else None


def _folded(word: str) -> str:
    return word.lower().replace("_", "-")
