"""Turns what pydantic refused into problems in plain words, one for each place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from spacectl.core.forms import Form, form_at, is_section
from spacectl.core.pointing import problem_at
from spacectl.core.slips import key_hint, value_hint
from spacectl.model.problem import Problem
from spacectl.model.system import Source
from spacectl.model.wording import counted, dotted, one_of, shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_PROBLEMS = 100
"""Of one file; who sees a hundred has the wrong file, and each takes time to explain."""

_MOST_ERRORS = 2000
"""What pydantic refused, of which several may belong to one place; a megabyte holds 200,000 of them."""


def explain(kind: type[BaseModel], errors: Sequence[ErrorDetails], source: Source) -> Iterator[Problem]:
    """The problems of a manifest of this kind; at most a hundred, then their number."""
    places = _places(kind, errors[:_MOST_ERRORS])
    for form, error in places[:MOST_PROBLEMS]:
        message, hint = _explained(kind, form, error["type"], error["input"])
        yield problem_at(source, form.path, message, hint)
    if len(errors) > _MOST_ERRORS:
        yield problem_at(source, (), "thousands more problems in this file")
    elif len(places) > MOST_PROBLEMS:
        yield problem_at(source, (), f"{counted(len(places) - MOST_PROBLEMS, 'more problem')} in this file")


def _places(kind: type[BaseModel], errors: Sequence[ErrorDetails]) -> list[tuple[Form, ErrorDetails]]:
    """One error for each place: of the branches of a union, the one that got furthest into the value."""
    found: dict[tuple[str | int, ...], tuple[Form, ErrorDetails]] = {}
    for error in errors:
        form = form_at(kind, error["loc"])
        found.setdefault(form.path, (form, error))
    passed = {path[:length] for path in found for length in range(len(path))}
    return [place for path, place in found.items() if path not in passed]


def _explained(kind: type[BaseModel], form: Form, refusal: str, value: Any) -> tuple[str, str | None]:
    if refusal == "extra_forbidden":
        what = "section" if isinstance(value, dict) and len(form.path) == 1 else "key"
        return f"unknown {what}", key_hint(kind, form.path, value)
    if refusal == "missing" and is_section(form.bare):
        return "missing section", f"write [{dotted(form.path)}] with {one_of(form.needed, joint='and')}"
    if refusal == "missing":
        return f"missing; it must be {form.words}", None
    if isinstance(value, str) and "\x00" in value:
        return "must not hold the character NUL", None
    return f"must be {form.words}, not {shown(value)}", value_hint(form, value)
