"""The contract of one space: its documents, beside what its manifest declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spacectl.core.contracts.places import Document


@dataclass(frozen=True, slots=True)
class Contract:
    """What one space promises and expects.

    Attributes:
        asyncapi, openapi: its documents; None where there is no such file.
        expectations: by callee, what it relies on there: a part of an OpenAPI document.
        base: its folder of contracts, as messages name it.
    """

    name: str
    base: str
    publishes: tuple[str, ...] = ()
    subscribes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    asyncapi: Document | None = None
    openapi: Document | None = None
    expectations: Mapping[str, Document] = field(default_factory=dict)


def event_edges(contracts: Sequence[Contract]) -> Iterator[tuple[Contract, Contract, str]]:
    """Publisher, subscriber and subject of every declared event edge."""
    for publisher in contracts:
        for subject in publisher.publishes:
            for subscriber in contracts:
                if subject in subscriber.subscribes:
                    yield publisher, subscriber, subject
