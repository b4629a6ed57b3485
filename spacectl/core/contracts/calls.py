"""Whether an API is what a caller expects of it: requests in the one direction, responses in the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.openapi import Content, Operation, operations
from spacectl.core.contracts.places import Document, Json, Place, UnjudgedError
from spacectl.core.contracts.telling import CheckName, check, findings, pointer, skipped, spot, unproven
from spacectl.model.report_contracts import ContractCheck, ContractFinding


def call_fits(judge: Judge, contracts: Sequence[Contract]) -> Iterator[ContractCheck]:
    """Two checks for each operation that a caller expects: of its request and of its responses."""
    known = {contract.name: contract for contract in contracts}
    for caller in contracts:
        for name in caller.calls:
            callee, expected = known.get(name), caller.expectations.get(name)
            spaces = caller.name, name
            if callee is None or callee.openapi is None:
                base = f"spaces/{name}/contract" if callee is None else callee.base
                yield skipped("fit", "request", "all", spaces, f"there is no {base}/openapi.json")
            elif expected is None:
                yield skipped("fit", "request", "all", spaces, f"there is no {caller.base}/calls/{name}.json")
            else:
                yield from Calls(judge, "fit", caller.name, name).compared(expected, callee.openapi)


class Calls:
    """Compares what a caller expects with what a callee offers."""

    def __init__(self, judge: Judge, name: CheckName, caller: str, callee: str, reason: str | None = None) -> None:
        self._judge = judge
        self._name = name
        self._caller = caller
        self._callee = callee
        self._reason = reason

    def compared(self, expected: Document, offered: Document) -> Iterator[ContractCheck]:
        """The checks of every operation that is expected."""
        offers = operations(offered)
        for route, wanted in operations(expected).items():
            offer = offers.get(route)
            spaces = self._caller, self._callee
            if offer is None:
                paths = {method for method, path in offers if path == route[1]}
                others = f"; it knows {', '.join(sorted(paths))} there" if paths else ""
                message = f"{self._callee} offers no {wanted.told}{others}"
                place = offered.place("/paths") or offered.root
                missing = _broken("operation", message, wanted.at, place, {"method": route[0], "path": wanted.path})
                yield check(self._name, "request", wanted.told, spaces, [missing], reason=self._reason)
                continue
            sent = [*self._parameters(wanted, offer), *self._body(wanted, offer)]
            yield check(self._name, "request", wanted.told, spaces, sent, reason=self._reason)
            answers = list(self._responses(wanted, offer))
            yield check(self._name, "response", wanted.told, (self._callee, self._caller), answers, reason=self._reason)

    def _parameters(self, wanted: Operation, offer: Operation) -> Iterator[ContractFinding]:
        for key, parameter in offer.parameters.items():
            sent = wanted.parameters.get(key)
            if parameter.required and (sent is None or not sent.required):
                message = f"{self._callee} requires the {parameter.where} parameter {parameter.name}"
                example = {"method": wanted.method, "path": wanted.path, "parameters": {}}
                yield _broken("required", message, wanted.at if sent is None else sent.at, parameter.at, example)
            elif sent is not None and sent.schema is not None and parameter.schema is not None:
                for each in self._values(sent.schema, parameter.schema):
                    yield _below(each, parameter.where, parameter.name)
        for key, sent in wanted.parameters.items():
            if key not in offer.parameters:
                message = f"{self._callee} does not know the {sent.where} parameter {sent.name}"
                yield unproven("parameter", message, sent.at, offer.at)

    def _values(self, sender: Place, receiver: Place) -> Iterator[ContractFinding]:
        """Differences of a parameter's values that are left when they are written as text, as HTTP sends them."""
        for each in findings(self._judge, sender, [receiver]):
            if each.verdict != "breaking" or not self._takes_text(receiver, each.example):
                yield each

    def _takes_text(self, receiver: Place, value: Json) -> bool:
        if not isinstance(value, bool | int | float):
            return False
        try:
            return self._judge.accepts(receiver, json.dumps(value))
        except UnjudgedError:
            return False

    def _body(self, wanted: Operation, offer: Operation) -> Iterator[ContractFinding]:
        if offer.body is None:
            if wanted.body is not None:
                yield unproven("body", f"{self._callee} says nothing of a body", wanted.body.at, offer.at)
            return
        if wanted.body is None or (offer.body.required and not wanted.body.required):
            if offer.body.required:
                message = f"{self._callee} requires a body"
                example = {"method": wanted.method, "path": wanted.path, "body": None}
                yield _broken("required", message, wanted.at, offer.body.at, example)
            return
        yield from self._contents(wanted.body, offer.body)

    def _contents(self, sent: Content, taken: Content) -> Iterator[ContractFinding]:
        if sent.schema is not None and taken.schema is not None:
            yield from findings(self._judge, sent.schema, [taken.schema])
        elif taken.schema is not None or sent.schema is not None:
            yield unproven("body", "one side gives no JSON Schema of the body", sent.at, taken.at)

    def _responses(self, wanted: Operation, offer: Operation) -> Iterator[ContractFinding]:
        for status, expected in wanted.responses.items():
            answer = _answer(offer, status)
            if answer is None:
                message = f"{self._callee} does not say that it answers {status}"
                yield _broken("status", message, offer.at, expected.at, {"status": status})
            elif expected.schema is not None:
                yield from self._contents(answer, expected)
        for status, answer in offer.responses.items():
            if status.startswith(("2", "3")) and _answer(wanted, status) is None and wanted.responses:
                message = f"{self._callee} may answer {status}, of which {self._caller} says nothing"
                yield unproven("status", message, answer.at, wanted.at)


def _answer(operation: Operation, status: str) -> Content | None:
    found = (operation.responses.get(key) for key in (status, f"{status[0]}XX", "default"))
    return next((answer for answer in found if answer is not None), None)


def _broken(rule: str, message: str, sender: Place, receiver: Place, example: Json) -> ContractFinding:
    return ContractFinding(
        verdict="breaking", rule=rule, message=message, sender=spot(sender), receiver=spot(receiver), example=example
    )


def _below(found: ContractFinding, *keys: str) -> ContractFinding:
    return found.model_copy(update={"at": pointer(keys) + found.at})
