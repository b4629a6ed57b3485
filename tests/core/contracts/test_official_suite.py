"""The judgement on the schemas of the official JSON Schema Test Suite, whose own examples serve as witnesses, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

from spacectl.core.contracts.judge import Verdict, judge_schemas
from spacectl.core.contracts.modern import modern
from spacectl.core.contracts.truth import enforced_formats

SUITE = Path(__file__).parent / "json-schema-test-suite"
FILES = sorted(SUITE.glob("*/*.json"))
MOST = 12
"""Schemas of a file that are compared with each other; all ordered pairs of these."""

TOO_LARGE = 1e308
"""Divided by a small step it is infinite, so that a validator that counts in floating point cannot tell."""


@dataclass(frozen=True)
class Group:
    """A schema of the suite and the values that are tried on it."""

    schema: Any
    values: tuple[Any, ...]


def groups(file: Path) -> list[Group]:
    return [
        Group(modern(group["schema"]).schema, tuple(test["data"] for test in group["tests"]))
        for group in json.loads(file.read_text(encoding="utf-8"))
    ]


def accepts(schema: Any, value: Any) -> bool | None:
    """Whether a validator of our own making accepts a value; None where it cannot tell."""
    try:
        return Draft202012Validator(schema, format_checker=enforced_formats()).is_valid(value)
    except Unresolvable:
        return None


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(each)


def declared(schema: Any) -> Iterator[str]:
    """The names of all properties that a schema speaks of."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, dict) else ()
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from declared(each)


def by_name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("file", FILES, ids=by_name)
def test_every_schema_fits_itself(file: Path) -> None:
    for group in groups(file):
        assert judge_schemas(group.schema, group.schema).verdict is Verdict.COMPATIBLE
        compared = judge_schemas(group.schema, group.schema, same_is_compatible=False)
        assert compared.verdict is not Verdict.BREAKING, (group.schema, compared)


@pytest.mark.parametrize("file", FILES, ids=by_name)
def test_what_is_said_of_two_schemas_is_true(file: Path) -> None:
    known = groups(file)[:MOST]
    values = [value for group in known for value in group.values if value != TOO_LARGE]
    for sender in known:
        names = set(declared(sender.schema))  # a sender is taken to send no others
        sent = [value for value in values if accepts(sender.schema, value) and names.issuperset(keys(value))]
        for receiver in known:
            judged = judge_schemas(sender.schema, receiver.schema)
            told = (sender.schema, receiver.schema, judged)
            for each in judged.differences:
                if each.verdict is Verdict.BREAKING:
                    assert accepts(sender.schema, each.example) is True, told
                    assert accepts(receiver.schema, each.example) is False, told
            if judged.verdict is Verdict.COMPATIBLE:
                refused = [value for value in sent if accepts(receiver.schema, value) is False]
                assert not refused, (refused, *told)
