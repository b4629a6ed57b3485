"""Names that people type: whether they can be, and what was probably meant."""

from __future__ import annotations

import difflib
import keyword
import re
import sys
from collections.abc import Iterable

from spacectl.core.hints import did_you_mean
from spacectl.errors import UsageError
from spacectl.model.manifest import NAME_PATTERN, RESERVED_NAMES
from spacectl.model.texts import SUBJECT_PATTERN

LONGEST_NAME = 32
LONGEST_SUBJECT = 200


def system_name(text: str) -> str:
    """The text as the name of a system.

    Raises:
        UsageError: it cannot be one; the hint has a name that can.
    """
    return _name(text, "system")


def space_name(text: str) -> str:
    """The text as the name of a space.

    Raises:
        UsageError: it cannot be one; the hint has a name that can, where one is near.
    """
    if text in RESERVED_NAMES:
        raise UsageError(
            f'a space cannot be called "{text}": commands and logs use that word for something else',
            hint=f'choose another name, such as "{text}-api"',
        )
    return _name(text, "space")


def python_package(space: str) -> str:
    """The import name of a Python space: `order-history` is the package `order_history`.

    Raises:
        UsageError: Python could not import such a package, or it would hide one of Python's own modules.
    """
    package = space.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names:
        what = "a word of the language" if keyword.iskeyword(package) else "a module of its standard library"
        raise UsageError(
            f'a Python space cannot be called "{space}": in Python `{package}` is {what}',
            hint=f'choose another name, such as "{space}-space"',
        )
    return package


def own_subject(text: str, space: str) -> str:
    """The text as a subject that the space publishes: full, and starting with the space's name.

    Raises:
        UsageError: it is not; the hint has the full subject.
    """
    if is_subject(text) and text.startswith(f"{space}."):
        return text
    full = f"{space}.{_own_part(text, space)}"
    hint = f'write "{full}"' if is_subject(full) else 'a subject is written like "orders.placed"'
    if is_subject(text):
        raise UsageError(f'{space} cannot publish "{text}": its subjects start with "{space}."', hint=hint)
    raise UsageError(f'"{text}" is not a subject', hint=hint)


def is_subject(text: str) -> bool:
    """Whether the text is a full subject such as `orders.placed`."""
    return len(text) <= LONGEST_SUBJECT and re.fullmatch(SUBJECT_PATTERN, text) is not None


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Repeated options and comma-separated ones as one list: in order, without blanks, each value once."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def near_or_all(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word, or all of them when none is near; None when there are none."""
    names = sorted(set(known))
    return did_you_mean(word, names) or (f"there is {', '.join(names)}" if names else None)


def _name(text: str, what: str) -> str:
    if re.fullmatch(NAME_PATTERN, text) and len(text) <= LONGEST_NAME:
        return text
    near = _nearest_name(text)
    rule = f"lower-case letters, digits and dashes, a letter first, at most {LONGEST_NAME} characters"
    raise UsageError(
        f'"{text}" cannot be the name of a {what}: {rule}',
        hint=f'did you mean "{near}"?' if near else None,
    )


def _nearest_name(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).lstrip("0123456789-")[:LONGEST_NAME].rstrip("-")


def _own_part(text: str, space: str) -> str:
    """What follows the space's name in the subject that was probably meant."""
    owner, dot, rest = text.partition(".")
    if dot and difflib.SequenceMatcher(None, owner, space).ratio() > 0.6:  # noqa: PLR2004  (difflib's own default)
        return rest
    return text
