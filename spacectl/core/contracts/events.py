"""Whether what a space publishes fits those who subscribe to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from spacectl.core.contracts.asyncapi import Action, Event, events
from spacectl.core.contracts.contract import Contract, event_edges
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.places import Document, Place
from spacectl.core.contracts.telling import CheckName, check, findings, unproven
from spacectl.model.report_contracts import ContractCheck, ContractFinding


class Events:
    """The events of documents, each read once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._known: dict[tuple[Document, Action], Mapping[str, Event]] = {}

    def of(self, document: Document | None, action: Action) -> Mapping[str, Event]:
        """What a document says is sent or received, by subject."""
        if document is None:
            return {}
        known = self._known.get((document, action))
        if known is None:
            known = self._known[document, action] = events(document, action)
        return known

    def fits(self, contracts: Sequence[Contract]) -> Iterator[ContractCheck]:
        """One check for each event edge."""
        for publisher, subscriber, subject in event_edges(contracts):
            yield self.fit("fit", publisher, subscriber, subject)

    def fit(
        self, name: CheckName, publisher: Contract, subscriber: Contract, subject: str, reason: str | None = None
    ) -> ContractCheck:
        """Whether all that one may publish on a subject is accepted by the other."""
        spaces = publisher.name, subscriber.name
        sent = self.of(publisher.asyncapi, "send").get(subject)
        received = self.of(subscriber.asyncapi, "receive").get(subject)
        missing = [
            *_unsaid(publisher, sent, f"publishes {subject}"),
            *_unsaid(subscriber, received, f"receives {subject}"),
        ]
        if missing or sent is None or received is None:
            return check(name, "event", subject, spaces, missing, reason=reason)
        found = self._compared(sent, received)
        return check(name, "event", subject, spaces, found, reason=reason)

    def _compared(self, sent: Event, received: Event) -> list[ContractFinding]:
        receivers = [place for place in received.payloads if place is not None]
        found = []
        for payload in sent.payloads:
            if payload is None or not receivers:
                found.append(unproven("payload", "one side gives no JSON Schema of the payload", sent.at, received.at))
            else:
                found += findings(self._judge, payload, receivers)
        return found


def _unsaid(contract: Contract, event: Event | None, what: str) -> Iterator[ContractFinding]:
    if contract.asyncapi is None:
        yield unproven("document", f"{contract.name} has no {contract.base}/asyncapi.json that says what it {what}")
    elif event is None or not event.payloads:
        at: Place = contract.asyncapi.root if event is None else event.at
        yield unproven("document", f"{at.document.file} does not say that {contract.name} {what}", at)
