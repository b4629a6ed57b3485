"""What a change of contracts since a revision breaks, and whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacectl.core.contracts.calls import Calls
from spacectl.core.contracts.contract import Contract
from spacectl.core.contracts.events import Events
from spacectl.core.contracts.judge import Judge
from spacectl.core.contracts.places import Document, identity
from spacectl.core.contracts.telling import check, differs
from spacectl.model.report_contracts import ContractCheck

_OTHERS = "others"


class Changes:
    """Compares the contracts of now with those of before.

    Of events, both directions count: a space of before still runs beside one of now while they are replaced, and
    messages of before are still stored when a space of now reads them.
    """

    def __init__(self, judge: Judge, events: Events, before: Sequence[Contract], now: Sequence[Contract]) -> None:
        self._judge = judge
        self._events = events
        self._before = {contract.name: contract for contract in before}
        self._now = now

    def checks(self) -> Iterator[ContractCheck]:
        """One check for each edge on which one side has changed."""
        for contract in self._now:
            before = self._before.get(contract.name)
            if before is not None:
                yield from self._published(before, contract)
                yield from self._offered(before, contract)

    def _published(self, before: Contract, now: Contract) -> Iterator[ContractCheck]:
        was, still = self._events.of(before.asyncapi, "send"), self._events.of(now.asyncapi, "send")
        for subject in was:
            for subscriber in self._now:
                then = self._before.get(subscriber.name, replace(subscriber, asyncapi=None))
                listened = subject in self._events.of(then.asyncapi, "receive")
                listens = subject in self._events.of(subscriber.asyncapi, "receive")
                if subject not in still and (listened or listens):
                    message = f"{now.name} no longer publishes {subject}"
                    gone = differs("removed", message, was[subject].at, now.asyncapi.root if now.asyncapi else None)
                    yield check("change", "event", subject, (now.name, subscriber.name), [gone])
                    continue
                if listened and _changed(before.asyncapi, now.asyncapi) and subject in still:
                    reason = f"what {now.name} publishes now, for {subscriber.name} as it was"
                    yield self._events.fit("change", now, then, subject, reason)
                if listens and _changed(then.asyncapi, subscriber.asyncapi):
                    reason = f"what {now.name} published before, for {subscriber.name} as it is now"
                    yield self._events.fit("change", before, subscriber, subject, reason)

    def _offered(self, before: Contract, now: Contract) -> Iterator[ContractCheck]:
        """For each caller: what it expected, or where it did not say, all that the callee offered before."""
        if before.openapi is None or not _changed(before.openapi, now.openapi):
            return
        offered = now.openapi or Document(f"{now.base}/openapi.json", {})
        for caller, expected in self._callers(now.name):
            reason = f"for {caller} as it was" if expected is not None else f"for who calls {now.name} as it was"
            calls = Calls(self._judge, "change", caller, now.name, reason)
            yield from calls.compared(expected or before.openapi, offered)

    def _callers(self, callee: str) -> list[tuple[str, Document | None]]:
        """Who calls a space, and what each expected of it before; `others` where no manifest names any."""
        names = [contract.name for contract in self._now if callee in contract.calls]
        before = [(name, self._before[name]) for name in names if name in self._before]
        return [(name, contract.expectations.get(callee)) for name, contract in before] or [(_OTHERS, None)]


def _changed(before: Document | None, now: Document | None) -> bool:
    if before is None or now is None:
        return before is not now
    return bool(identity(before.contents) != identity(now.contents))
