"""Edges, changes and manifests: which checks there are and whom they name. What schemas mean stands in `pairs/`."""

from __future__ import annotations

from datetime import date
from typing import Any

from spacectl.core.contracts.calls import call_fits
from spacectl.core.contracts.changes import Changes
from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.declaring import manifest_checks
from spacectl.core.contracts.drift import drift
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.ignoring import without_ignored
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.places import Document
from spacectl.core.contracts.reading import asyncapi, openapi
from spacectl.model.contract_ignore import Ignored
from spacectl.model.report_contracts import ContractCheck

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def record(**properties: Any) -> dict[str, Any]:
    """An object that has these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def events(file: str, *, sends: dict[str, Any] | None = None, receives: dict[str, Any] | None = None) -> Document:
    said = [(subject, "send", each) for subject, each in (sends or {}).items()]
    said += [(subject, "receive", each) for subject, each in (receives or {}).items()]
    document, flaws = asyncapi(
        file,
        {
            "asyncapi": "3.0.0",
            "channels": {
                subject: {"address": subject, "messages": {"m": {"payload": each}}} for subject, _, each in said
            },
            "operations": {
                f"{action} {subject}": {"action": action, "channel": {"$ref": f"#/channels/{subject}"}}
                for subject, action, _ in said
            },
        },
    )
    assert flaws == ()
    return document


def api(file: str, version: str = "3.1.0", **paths: Any) -> Document:
    document, flaws = openapi(file, {"openapi": version, "paths": paths.get("paths", paths)})
    assert flaws == ()
    return document


def answer(schema: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def body(schema: Any, *, required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def orders(payload: Any = None, **said: Any) -> Contract:
    document = events("orders.json", sends={"orders.placed": payload or record(order_id=TEXT, total=WHOLE)})
    return Contract(
        "orders", "spaces/orders/contract", **{"publishes": ("orders.placed",), "asyncapi": document, **said}
    )


def payments(payload: Any = None, **said: Any) -> Contract:
    document = events("payments.json", receives={"orders.placed": payload or record(total=WHOLE)})
    return Contract(
        "payments", "spaces/payments/contract", **{"subscribes": ("orders.placed",), "asyncapi": document, **said}
    )


def told(checks: list[ContractCheck]) -> list[tuple[str, str, str, str]]:
    return [(each.sender, each.receiver, each.via, each.verdict) for each in checks]


def messages(checks: list[ContractCheck]) -> list[str]:
    return [finding.message for each in checks for finding in each.findings]


def fits(*contracts: Contract) -> list[ContractCheck]:
    return list(Events(Judge()).fits(contracts))


def test_an_event_that_fits() -> None:
    assert told(fits(orders(), payments())) == [("orders", "payments", "orders.placed", "compatible")]


def test_a_renamed_field_names_both_spaces_the_places_and_an_example() -> None:
    (check,) = fits(orders(record(order_id=TEXT, sum=WHOLE)), payments())
    assert told([check]) == [("orders", "payments", "orders.placed", "breaking")]
    (finding,) = check.findings
    assert finding.sender is not None
    assert (finding.sender.file, finding.sender.pointer) == (
        "orders.json",
        "/channels/orders.placed/messages/m/payload",
    )
    assert finding.receiver is not None
    assert finding.receiver.file == "payments.json"
    assert set(finding.example) == {"order_id", "sum"}


def test_what_no_document_says_is_unproven() -> None:
    checks = fits(orders(asyncapi=None), payments(asyncapi=events("payments.json")))
    assert told(checks) == [("orders", "payments", "orders.placed", "unproven")]
    assert messages(checks) == [
        "orders has no spaces/orders/contract/asyncapi.json that says what it publishes orders.placed",
        "payments.json does not say that payments receives orders.placed",
    ]


def calls(wanted: Document, offered: Document) -> list[ContractCheck]:
    caller = Contract("cart", "spaces/cart/contract", calls=("catalog",), expectations={"catalog": wanted})
    return list(call_fits(Judge(), [caller, Contract("catalog", "spaces/catalog/contract", openapi=offered)]))


def test_a_call_that_fits_whatever_its_parameters_are_called() -> None:
    def document(file: str, name: str, answered: Any) -> Document:
        parameter = {"name": name, "in": "path", "required": True, "schema": TEXT}
        operation = {"parameters": [parameter], "responses": {"200": answer(answered)}}
        return api(file, paths={f"/p/{{{name}}}": {"get": operation}})

    wanted, offered = document("want.json", "id", record(name=TEXT)), document("offer.json", "sku", record(name=TEXT))
    assert told(calls(wanted, offered)) == [
        ("cart", "catalog", "GET /p/{id}", "compatible"),
        ("catalog", "cart", "GET /p/{id}", "compatible"),
    ]


def test_an_endpoint_and_a_method_that_are_gone() -> None:
    wanted = api("want.json", paths={"/a": {"get": {}, "put": {}}, "/b": {"get": {}}})
    checks = calls(wanted, api("offer.json", paths={"/a": {"get": {}}}))
    broken = [each for each in checks if each.verdict == "breaking"]
    assert messages(broken) == ["catalog offers no PUT /a; it knows GET there", "catalog offers no GET /b"]
    assert broken[1].findings[0].example == {"method": "GET", "path": "/b"}


def test_requests_go_one_way_and_responses_the_other() -> None:
    def document(file: str, sent: Any, answered: Any) -> Document:
        return api(file, paths={"/a": {"post": {"requestBody": body(sent), "responses": {"200": answer(answered)}}}})

    wide, narrow = {"type": ["string", "null"]}, TEXT
    fitting = calls(document("want.json", narrow, wide), document("offer.json", wide, narrow))
    assert [each.verdict for each in fitting] == ["compatible", "compatible"]
    broken = calls(document("want.json", wide, narrow), document("offer.json", narrow, wide))
    assert [(each.kind, each.sender, each.verdict) for each in broken] == [
        ("request", "cart", "breaking"),
        ("response", "catalog", "breaking"),
    ]


def test_parameters() -> None:
    def document(file: str, *parameters: dict[str, Any]) -> Document:
        return api(file, paths={"/a": {"get": {"parameters": list(parameters)}}})

    def query(name: str, schema: Any, **more: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": schema, **more}

    checks = calls(
        document("want.json", query("n", WHOLE), query("s", WHOLE), query("x", TEXT)),
        document(
            "offer.json",
            query("n", {"type": "integer", "minimum": 1}),
            query("s", TEXT),
            query("r", TEXT, required=True),
        ),
    )
    found = [(each.verdict, each.at, each.rule) for each in checks[0].findings]
    assert found == [("breaking", "/query/n", "bounds"), ("breaking", "", "required"), ("unproven", "", "parameter")]


def test_statuses() -> None:
    wanted = api("want.json", paths={"/a": {"get": {"responses": {"200": answer(TEXT), "404": answer(TEXT)}}}})
    offered = api("offer.json", paths={"/a": {"get": {"responses": {"2XX": answer(TEXT), "202": answer(TEXT)}}}})
    (_, response) = calls(wanted, offered)
    assert [(each.verdict, each.message) for each in response.findings] == [
        ("breaking", "catalog does not say that it answers 404"),
        ("unproven", "catalog may answer 2XX, of which cart says nothing"),
        ("unproven", "catalog may answer 202, of which cart says nothing"),
    ]


def test_a_call_of_which_nothing_is_said_is_skipped() -> None:
    caller = Contract("cart", "spaces/cart/contract", calls=("catalog", "orders"))
    callee = Contract("catalog", "spaces/catalog/contract", openapi=api("offer.json"))
    checks = list(call_fits(Judge(), [caller, callee, Contract("orders", "spaces/orders/contract")]))
    assert [(each.verdict, each.reason) for each in checks] == [
        ("skipped", "there is no spaces/cart/contract/calls/catalog.json"),
        ("skipped", "there is no spaces/orders/contract/openapi.json"),
    ]


def changes(before: list[Contract], now: list[Contract]) -> list[ContractCheck]:
    judge = Judge()
    return list(Changes(judge, Events(judge), before, now).checks())


def test_nothing_changed() -> None:
    assert changes([orders(), payments()], [orders(), payments()]) == []


def test_a_publisher_that_changed_may_break_subscribers_of_before() -> None:
    checks = changes([orders(), payments()], [orders(record(order_id=TEXT)), payments()])
    assert told(checks) == [("orders", "payments", "orders.placed", "breaking")]
    assert checks[0].reason == "what orders publishes now, for payments as it was"


def test_a_subscriber_that_changed_may_break_on_messages_of_before() -> None:
    checks = changes([orders(), payments()], [orders(), payments(record(total=TEXT))])
    assert told(checks) == [("orders", "payments", "orders.placed", "breaking")]
    assert checks[0].reason == "what orders published before, for payments as it is now"


def test_an_event_that_is_gone() -> None:
    checks = changes([orders(), payments()], [orders(asyncapi=events("orders.json"), publishes=()), payments()])
    assert told(checks) == [("orders", "payments", "orders.placed", "differs")]
    assert messages(checks) == ["orders no longer publishes orders.placed"]


def test_an_api_that_changed_breaks_whoever_calls_it() -> None:
    was = api("old.json", paths={"/a": {"get": {"responses": {"200": answer(record(name=TEXT))}}}, "/b": {"get": {}}})
    now = api("new.json", paths={"/a": {"get": {"responses": {"200": answer(record(title=TEXT))}}}})
    before, after = (Contract("catalog", "spaces/catalog/contract", openapi=each) for each in (was, now))
    cart = Contract("cart", "spaces/cart/contract", calls=("catalog",))
    found = told([each for each in changes([before, cart], [after, cart]) if each.verdict == "breaking"])
    assert found == [("catalog", "cart", "GET /a", "breaking"), ("cart", "catalog", "GET /b", "breaking")]
    assert {each.receiver for each in changes([before], [after]) if each.kind == "response"} == {"others"}


def test_an_api_that_changed_where_a_caller_expects_less() -> None:
    was = api("old.json", paths={"/a": {"get": {}}, "/b": {"get": {}}})
    before, after = (
        Contract("catalog", "spaces/catalog/contract", openapi=each)
        for each in (was, api("new.json", paths={"/a": {"get": {}}}))
    )
    expectations = {"catalog": api("want.json", paths={"/a": {"get": {}}})}
    cart = Contract("cart", "spaces/cart/contract", calls=("catalog",), expectations=expectations)
    assert {each.verdict for each in changes([before, cart], [after, cart])} == {"compatible"}


def test_manifests_and_documents_that_do_not_say_the_same() -> None:
    document = events("orders.json", sends={"orders.gone": TEXT}, receives={"cart.out": TEXT})
    contract = orders(asyncapi=document, subscribes=("cart.in",), expectations={"cart": api("cart.json")})
    checks = list(manifest_checks(Events(Judge()), [contract, Contract("idle", "spaces/idle/contract")]))
    assert {each.verdict for each in checks} == {"differs"}
    assert messages(checks) == [
        "the manifest publishes orders.placed, and the document has no operation that sends it",
        "the document sends orders.gone, which is not in publishes of the manifest",
        "the manifest subscribes cart.in, and the document has no operation that receives it",
        "the document receives cart.out, which is not in subscribes of the manifest",
        "cart is not in calls of the manifest",
    ]


def test_drift() -> None:
    assert drift("o.json", {"a": [1, {"b": 1}]}, {"a": [1.0, {"b": 1}]}) == ()
    found = drift("o.json", {"a": [1, {"b": 1}], "x": 1}, {"a": [1, {"b": True}], "y": 1})
    assert [(each.sender.pointer if each.sender else "", each.message) for each in found] == [
        ("/a/1/b", "is served otherwise than it is in the file"),
        ("/x", "is in the file and is not served"),
        ("/y", "is served and is not in the file"),
    ]


def ignored(**changed: Any) -> Ignored:
    said = {"via": "orders.placed", "reason": "payments is replaced first", "until": date(2026, 6, 30), **changed}
    return Ignored(**said)


def verdicts(entry: Ignored, today: date) -> tuple[list[str], int]:
    checks, stale = without_ignored(fits(orders(record(order_id=TEXT)), payments()), [entry], today, whole=False)
    return [each.verdict for each in checks], len(stale)


def test_what_is_ignored_does_not_count_until_its_day_is_over() -> None:
    assert verdicts(ignored(), date(2026, 6, 30)) == (["compatible"], 0)
    assert verdicts(ignored(), date(2026, 7, 1)) == (["breaking"], 1)


def test_an_entry_that_matches_nothing_is_told_where_everything_was_checked() -> None:
    entry = ignored(via="orders.gone")
    for whole in (True, False):
        _, stale = without_ignored(fits(orders(), payments()), [entry], date(2026, 1, 1), whole=whole)
        assert [each.until for each in stale] == [None] * whole


def test_an_entry_matches_by_all_that_it_names() -> None:
    today = date(2026, 1, 1)
    assert verdicts(ignored(sender="orders", receiver="payments"), today) == (["compatible"], 0)
    assert verdicts(ignored(pointer="/channels/orders.placed"), today) == (["compatible"], 0)
    for other in ({"sender": "cart"}, {"receiver": "cart"}, {"via": "orders.paid"}, {"pointer": "/channels/orders"}):
        assert verdicts(ignored(**other), today) == (["breaking"], 0)
