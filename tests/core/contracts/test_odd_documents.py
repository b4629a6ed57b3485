"""Documents with anything anywhere: each is refused with its flaws, or judged; nothing else happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacectl.core.contracts.calls import call_fits
from spacectl.core.contracts.changes import Changes
from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.declaring import manifest_checks
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.places import Document
from spacectl.core.contracts.reading import asyncapi, openapi

SPACES = Path(__file__).parents[3] / "templates/systems/ecommerce/spaces"
READ = {
    kind: json.loads((SPACES / "orders/contract" / f"{kind}.json").read_text(encoding="utf-8"))
    for kind in ("asyncapi", "openapi")
}
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**400, 1e400, 0.5, "", "#", "#/", "#/paths", "#/components/schemas/Order", "object"),
    *(
        "a/b~c%25",
        [],
        ["string"],
        [5],
        [{}],
        {},
        {"$ref": "#"},
        {"$ref": 5},
        {"$ref": "#/components"},
        {"type": "null"},
    ),
    *({"anyOf": [{"$ref": "#/components/schemas/Item"}]}, {"enum": [10**400, 1e400, [], {}]}, {"multipleOf": 1e-300}),
    *({"$dynamicRef": "#x"}, {"$ref": "other.json"}, {"const": {"a": [None]}}, {"pattern": "("}, {"pattern": "\\p{L}"}),
    *(
        {"minimum": 10**400},
        {"minLength": 10**9},
        {"minItems": 10**9, "items": {"type": "integer"}},
        {"minProperties": 10**9},
    ),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


PLACES = {kind: list(places(document))[1:] for kind, document in READ.items()}


@st.composite
def changed(draw: st.DrawFn, kind: str) -> Any:
    document = copy.deepcopy(READ[kind])
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(PLACES[kind]))
        holder = document
        for key in path:
            if not isinstance(holder, dict | list) or (isinstance(holder, dict) and key not in holder):
                break
            if isinstance(holder, list) and not (isinstance(key, int) and key < len(holder)):
                break
            holder = holder[key]
        if isinstance(holder, dict) and last in holder:
            holder[last] = draw(st.sampled_from(JUNK))
    return document


def contract(events: Document | None, api: Document | None, expected: Document | None) -> Contract:
    subjects = ("orders.placed", "orders.confirmed", "orders.cancelled")
    expectations = {} if expected is None else {"orders": expected}
    return Contract("orders", "spaces/orders/contract", subjects, subjects, ("orders",), events, api, expectations)


def turned(document: Any) -> Any:
    """What is sent is received, and the other way round."""
    other = {"send": "receive", "receive": "send"}
    made = copy.deepcopy(document)
    operations = made.get("operations")
    for each in operations.values() if isinstance(operations, dict) else ():
        if isinstance(each, dict) and isinstance(each.get("action"), str):
            each["action"] = other.get(each["action"], each["action"])
    return made


@settings(max_examples=60, deadline=None)
@given(changed("asyncapi"), changed("openapi"), changed("openapi"))
def test_a_document_with_anything_in_it(events: Any, api: Any, expected: Any) -> None:
    read = [
        asyncapi("a.json", events),
        asyncapi("b.json", turned(events)),
        openapi("o.json", api),
        openapi("e.json", expected),
    ]
    sent, received, offered, wanted = (None if flaws else document for document, flaws in read)
    judge = Judge()
    known = Events(judge)
    one, two = contract(sent, offered, wanted), contract(received, wanted, offered)
    two = Contract("payments", two.base, (), two.subscribes, ("orders",), two.asyncapi, None, two.expectations)
    checks = [
        *known.fits([one, two]),
        *call_fits(judge, [one, two]),
        *manifest_checks(known, [one, two]),
        *Changes(judge, known, [contract(received, wanted, None)], [one, two]).checks(),
    ]
    assert all(check.model_dump_json() for check in checks)


@pytest.mark.parametrize("kind", ["asyncapi", "openapi"])
def test_a_document_nested_without_end(kind: str) -> None:
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    _, flaws = (asyncapi if kind == "asyncapi" else openapi)("d.json", {**READ[kind], "deep": deep})
    assert [flaw.message for flaw in flaws] == ["its values are nested too deep"]
