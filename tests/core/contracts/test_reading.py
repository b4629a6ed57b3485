from __future__ import annotations

from typing import Any

import pytest

from spacectl.core.contracts.asyncapi import events
from spacectl.core.contracts.modern import modern
from spacectl.core.contracts.openapi import operations
from spacectl.core.contracts.reading import asyncapi, openapi


def messages(*payloads: Any) -> dict[str, Any]:
    return {f"m{number}": {"payload": payload} for number, payload in enumerate(payloads)}


def events_document(**changed: Any) -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "channels": {"placed": {"address": "orders.placed", "messages": messages({"type": "string"})}},
        "operations": {"send": {"action": "send", "channel": {"$ref": "#/channels/placed"}}},
        **changed,
    }


def test_the_events_of_a_document() -> None:
    document, flaws = asyncapi("a.json", events_document())
    assert flaws == ()
    assert list(events(document, "send")) == ["orders.placed"]
    assert events(document, "receive") == {}
    (payload,) = events(document, "send")["orders.placed"].payloads
    assert payload is not None
    assert payload.pointer == "/channels/placed/messages/m0/payload"


def test_an_operation_may_name_some_of_the_messages_and_refer_to_them() -> None:
    channels = {"placed": {"address": "orders.placed", "messages": messages({"const": 1}, {"const": 2})}}
    channels["placed"]["messages"]["m2"] = {"$ref": "#/components/messages/third"}
    operation = {"action": "send", "channel": {"$ref": "#/channels/placed"}}
    operation["messages"] = [{"$ref": f"#/channels/placed/messages/{name}"} for name in ("m1", "m2")]
    components = {
        "messages": {"third": {"payload": {"$ref": "#/components/schemas/T"}}},
        "schemas": {"T": {"const": 3}},
    }
    written = events_document(channels=channels, operations={"send": operation}, components=components)
    document, flaws = asyncapi("a.json", written)
    assert flaws == ()
    payloads = events(document, "send")["orders.placed"].payloads
    assert [None if place is None else place.followed().schema for place in payloads] == [{"const": 2}, {"const": 3}]


@pytest.mark.parametrize(
    ("payload", "known"),
    [
        ({"schemaFormat": "application/schema+json;version=draft-07", "schema": {"type": "string"}}, True),
        ({"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}}, False),
    ],
)
def test_a_payload_in_another_language_is_not_read(payload: Any, known: bool) -> None:
    channels = {"placed": {"address": "orders.placed", "messages": messages(payload)}}
    document, _ = asyncapi("a.json", events_document(channels=channels))
    (found,) = events(document, "send")["orders.placed"].payloads
    assert (found is not None) == known


@pytest.mark.parametrize(
    ("contents", "pointer", "message"),
    [
        ([], "", "is no asyncapi document"),
        ({}, "/asyncapi", "is missing"),
        ({"asyncapi": "2.6.0"}, "/asyncapi", "is '2.6.0'; it must be 3."),
        (
            events_document(operations={"send": {"action": "send", "channel": {"$ref": "#/channels/gone"}}}),
            "/operations/send/channel/$ref",
            "leads nowhere: #/channels/gone",
        ),
        (
            events_document(components={"schemas": {"A": {"type": "strng"}}}),
            "/components/schemas/A/type",
            "must be one of",
        ),
        (events_document(components={"schemas": {"A": 5}}), "/components/schemas/A", "is no schema"),
    ],
)
def test_what_is_wrong_with_a_document(contents: Any, pointer: str, message: str) -> None:
    _, flaws = asyncapi("a.json", contents)
    assert [(flaw.pointer, message in flaw.message) for flaw in flaws] == [(pointer, True)]


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"required": "a"}, "/required"),
        ({"anyOf": []}, "/anyOf"),
        ({"properties": []}, "/properties"),
        ({"items": {"multipleOf": 0}}, "/items/multipleOf"),
        ({"enum": "a"}, "/enum"),
        ({"$ref": 5}, "/$ref"),
        ({"allOf": [{"pattern": 5}]}, "/allOf/0/pattern"),
    ],
)
def test_what_is_wrong_with_a_schema(schema: Any, pointer: str) -> None:
    assert [flaw.pointer for flaw in modern(schema).flaws] == [pointer]


def test_data_within_a_schema_is_not_read_as_schemas() -> None:
    schema = {"enum": [{"type": "strng"}], "default": {"items": 5}, "properties": {"required": {"type": "string"}}}
    assert modern(schema) == modern(schema, openapi_30=True)
    assert modern(schema).flaws == ()
    assert modern(schema).schema == schema


def test_a_schema_nested_too_deep_is_told() -> None:
    schema: Any = {}
    for _ in range(500):
        schema = {"items": schema}
    assert ["nested more than" in flaw.message for flaw in modern(schema).flaws] == [True]


def test_the_operations_of_an_api() -> None:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    written = {
        "openapi": "3.1.0",
        "paths": {
            "/orders/{order_id}": {
                "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": {
                    "parameters": [{"$ref": "#/components/parameters/limit"}],
                    "responses": {"200": {"content": {"application/json": {"schema": {"type": "string"}}}}},
                },
                "put": {"requestBody": {"required": True, "content": {"text/plain": {}}}},
            }
        },
        "components": {"parameters": {"limit": limit}},
    }
    document, flaws = openapi("o.json", written)
    assert flaws == ()
    found = operations(document)
    assert list(found) == [("GET", "/orders/{}"), ("PUT", "/orders/{}")]
    get, put = found["GET", "/orders/{}"], found["PUT", "/orders/{}"]
    assert set(get.parameters) == {("path", "0"), ("query", "limit")}
    assert get.responses["200"].schema is not None
    assert put.body is not None
    assert put.body.required
    assert put.body.schema is None
