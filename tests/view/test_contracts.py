from __future__ import annotations

from typing import Any

from spacectl.model.report_contracts import ContractCheck, ContractFinding, ContractsReport, Spot, StaleIgnore
from spacectl.view.contracts import report_lines, stale_lines


def check(verdict: str, *findings: ContractFinding, **changed: Any) -> ContractCheck:
    said = {"check": "fit", "kind": "event", "via": "orders.placed", "sender": "orders", "receiver": "payments"}
    return ContractCheck.model_validate({**said, "verdict": verdict, "findings": findings, **changed})


def report(*checks: ContractCheck, **changed: Any) -> ContractsReport:
    said = {"system": "shop", "against": None, "verdict": "compatible", "checks": checks}
    return ContractsReport.model_validate({**said, **changed})


def lines(found: ContractsReport) -> list[str]:
    return [line.plain for line in report_lines(found)]


def finding(verdict: str, **changed: Any) -> ContractFinding:
    return ContractFinding.model_validate({"verdict": verdict, "rule": "type", "message": "it does not fit", **changed})


def test_a_break_is_told_with_its_places_and_its_example() -> None:
    shown = finding(
        "breaking",
        at="/a/0",
        sender=Spot(file="o.json", pointer="/x"),
        receiver=Spot(file="p.json", pointer="/y"),
        example={"a": ["é"]},
    )
    assert lines(report(check("breaking", shown))) == [
        "✖ breaking    orders → payments  orders.placed",
        "    it does not fit (at /a/0)",
        "      sender    o.json#/x",
        "      receiver  p.json#/y",
        '      example   {"a": ["é"]}',
        "shop: 1 check: 1 breaking",
    ]


def test_null_is_an_example_too_and_a_long_one_is_cut() -> None:
    assert "      example   null" in lines(report(check("breaking", finding("breaking"))))
    (cut,) = [
        line for line in lines(report(check("breaking", finding("breaking", example="x" * 1000)))) if "xx" in line
    ]
    assert cut.endswith("x…")
    assert len(cut) < 400


def test_what_is_unproven_has_no_example() -> None:
    assert lines(report(check("unproven", finding("unproven", example=1))))[:2] == [
        "? unproven    orders → payments  orders.placed",
        "    it does not fit",
    ]


def test_what_is_ignored_is_told_with_its_reason_alone() -> None:
    shown = finding("breaking", ignored="later", sender=Spot(file="o.json", pointer=""))
    assert lines(report(check("compatible", shown))) == [
        "✔ compatible  orders → payments  orders.placed",
        "    ignored (later): it does not fit",
        "shop: 1 check: 1 compatible",
    ]


def test_reasons_why_something_was_skipped_are_told_once() -> None:
    skipped = check("skipped", check="drift", reason="it does not run")
    assert lines(report(skipped, skipped)) == [
        "- skipped     drift: it does not run (2 times)",
        "shop: 2 checks: 2 skipped",
    ]


def test_directions_and_revisions() -> None:
    call = check("compatible", kind="request", via="GET /p")
    change = check("compatible", check="change", reason="for payments as it was")
    drift = check("compatible", check="drift", kind="document", receiver="orders", via="o.json")
    assert lines(report(call, change, drift, against="main")) == [
        "✔ compatible  orders → payments  GET /p  request",
        "✔ compatible  orders → payments  orders.placed  change: for payments as it was",
        "✔ compatible  orders  o.json  drift",
        "shop: 3 checks, against main: 3 compatible",
    ]


def test_entries_of_the_ignore_file_that_do_nothing() -> None:
    stale = (StaleIgnore(via="a.b", reason="x", until="2026-01-01"), StaleIgnore(via="c.d", reason="y", until=None))
    assert list(stale_lines(report(stale_ignores=stale))) == [
        'contract-ignore.toml: a.b ("x") expired on 2026-01-01 and is not ignored any more',
        'contract-ignore.toml: c.d ("y") matches nothing: take it out',
    ]


def test_nothing_to_check() -> None:
    assert lines(report()) == ["shop: 0 checks: nothing to check"]
