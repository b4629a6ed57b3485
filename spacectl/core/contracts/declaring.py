"""Whether manifests and documents say the same of who publishes, receives and calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.telling import check, differs, skipped
from spacectl.model.report_contracts import ContractCheck, ContractFinding


def manifest_checks(events: Events, contracts: Sequence[Contract]) -> Iterator[ContractCheck]:
    """One check for each space that has documents or needs one."""
    for contract in contracts:
        spaces = contract.name, contract.name
        file = f"{contract.base}/asyncapi.json"
        if contract.asyncapi is not None:
            yield check("manifest", "document", file, spaces, [*_events(events, contract)])
        elif contract.publishes or contract.subscribes:
            yield skipped("manifest", "document", file, spaces, "there is no such file")
        undeclared = [*_calls(contract)]
        if contract.expectations:
            yield check("manifest", "document", f"{contract.base}/calls", spaces, undeclared)


def _events(events: Events, contract: Contract) -> Iterator[ContractFinding]:
    sent, received = events.of(contract.asyncapi, "send"), events.of(contract.asyncapi, "receive")
    for key, declared, said, does in (
        ("publishes", contract.publishes, sent, "sends"),
        ("subscribes", contract.subscribes, received, "receives"),
    ):
        root = contract.asyncapi.root if contract.asyncapi is not None else None
        for subject in declared:
            if subject not in said:
                message = f"the manifest {key} {subject}, and the document has no operation that {does} it"
                yield differs("manifest", message, root)
        for subject, event in said.items():
            if subject not in declared:
                message = f"the document {does} {subject}, which is not in {key} of the manifest"
                yield differs("manifest", message, event.at)


def _calls(contract: Contract) -> Iterator[ContractFinding]:
    for callee, document in contract.expectations.items():
        if callee not in contract.calls:
            yield differs("manifest", f"{callee} is not in calls of the manifest", document.root)
