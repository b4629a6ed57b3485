"""What is said of any two schemas is true: of themselves, of examples, and of values that neither side made."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spacectl.core.contracts.judge import Verdict, judge_schemas
from spacectl.core.contracts.truth import enforced_formats

NAMES = ("a", "b", "c")
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 5, -1, 0.5, 2.5, 10, "", "a", "b", "ab", "abc", "1"),
    *("text", "2026-01-31T12:00:00Z", "0b5c9a4e-3d57-4c1b-9b1e-2f6d8a7c4e10", "someone@example.com"),
)
VALUES: tuple[Any, ...] = (
    *SCALARS,
    *([], [1], [1, 1], ["a"], ["a", 1], [1, "a"], [[]], [1, 2, 3], [{}], [None], [0.5]),
    *({name: value} for name in NAMES for value in (*SCALARS, [], [1], {}, {"a": 1}, {"b": "a"})),
    {},
    *({"a": one, "b": two} for one, two in product((1, "a", None, 0.5, True), repeat=2)),
    *({"a": one, "b": one, "c": one} for one in (1, "a", {})),
)
"""All names that a value can have are declared by some schema or by none, which `is_declared` tells."""

small = st.integers(-1, 5)
counts = st.integers(0, 3)


def with_some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


numbers = with_some(
    minimum=small,
    maximum=small,
    exclusiveMinimum=small,
    exclusiveMaximum=small,
    multipleOf=st.sampled_from((0.5, 1, 2, 3)),
).flatmap(lambda bounds: st.sampled_from(("integer", "number")).map(lambda kind: {"type": kind, **bounds}))
texts = with_some(
    minLength=counts,
    maxLength=counts,
    pattern=st.sampled_from(("^a", "b$", "^[ab]+$", "^ab?$", "[0-9]")),
    format=st.sampled_from(("uuid", "date-time", "email", "date")),
).map(lambda bounds: {"type": "string", **bounds})
constants = st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3).map(lambda values: {"enum": values})
plain = st.sampled_from(({}, True, {"type": "null"}, {"type": "boolean"}, {"type": ["string", "null"]}))


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    lists = with_some(
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        minItems=counts,
        maxItems=counts,
        uniqueItems=st.booleans(),
        contains=inner,
    ).map(lambda keywords: {"type": "array", **keywords})
    objects = with_some(
        properties=properties,
        required=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        additionalProperties=st.one_of(st.booleans(), inner),
        patternProperties=st.dictionaries(st.sampled_from(("^a", "[bc]")), inner, max_size=1),
        minProperties=counts,
        maxProperties=counts,
        dependentRequired=st.just({"a": ["b"]}),
        propertyNames=st.just({"pattern": "^[ab]"}),
    ).map(lambda keywords: {"type": "object", **keywords})
    several = st.lists(inner, min_size=1, max_size=3)
    combined = st.one_of(
        *(several.map(lambda each, key=key: {key: each}) for key in ("anyOf", "oneOf", "allOf")),
        inner.map(lambda each: {"not": each}),
        st.tuples(inner, inner).map(lambda each: {"if": each[0], "then": each[1]}),
    )
    return st.one_of(lists, objects, objects, combined)


schemas = st.recursive(st.one_of(numbers, texts, constants, plain), grown, max_leaves=5)


def accepts(schema: Any, value: Any) -> bool:
    return Draft202012Validator(schema, format_checker=enforced_formats()).is_valid(value)


def names_in(schema: Any) -> set[str]:
    """Names that a schema declares, or lets be anything by a pattern or a schema for all others."""
    found: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties")
        found |= set(properties) if isinstance(properties, dict) else set()
        found |= set(schema.get("required", ())) if isinstance(schema.get("required"), list) else set()
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        found |= names_in(each)
    return found


def names_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(names_of, value.values()))
    return set().union(*map(names_of, value)) if isinstance(value, list) else set()


def may_send(sender: Any, value: Any) -> bool:
    return accepts(sender, value) and names_of(value) <= names_in(sender)


@settings(max_examples=80, deadline=None)
@given(schemas)
def test_a_schema_fits_itself(schema: Any) -> None:
    assert judge_schemas(schema, schema).verdict is Verdict.COMPATIBLE
    assert judge_schemas(schema, schema, same_is_compatible=False).verdict is not Verdict.BREAKING


@settings(max_examples=150, deadline=None)
@given(schemas, schemas)
def test_what_is_said_is_true(sender: Any, receiver: Any) -> None:
    judged = judge_schemas(sender, receiver)
    for each in judged.differences:
        if each.verdict is Verdict.BREAKING:
            assert accepts(sender, each.example)
            assert not accepts(receiver, each.example)
    if judged.verdict is Verdict.COMPATIBLE:
        wrong = [value for value in VALUES if may_send(sender, value) and not accepts(receiver, value)]
        assert not wrong


@settings(max_examples=60, deadline=None)
@given(schemas, schemas)
def test_a_part_of_a_union_is_never_said_to_break(one: Any, two: Any) -> None:
    assert judge_schemas(one, {"anyOf": [two, one]}).verdict is not Verdict.BREAKING
    assert judge_schemas({"allOf": [one, two]}, one).verdict is not Verdict.BREAKING
