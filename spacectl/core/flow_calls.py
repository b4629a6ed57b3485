"""Follows the calls between spaces from reading to reading of the gateway's counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spacectl.core.flow_rates import Samples, sampled
from spacectl.model.flow_readings import CallReading, GatewayReading

CallKey = tuple[str, str]
"""Caller and callee; the front door's caller is the empty name."""


@dataclass(frozen=True, slots=True)
class CallFlow:
    """What moved along one call edge.

    Attributes:
        reading: its counters.
        base: requests that earlier gateways counted.
        base_by_class: the same, by class of status.
    """

    reading: CallReading
    base: int
    base_by_class: Mapping[str, int]
    samples: Samples

    @property
    def total(self) -> int:
        return self.base + self.reading.total

    def of_class(self, name: str) -> int:
        """Requests that were answered with a class of status, such as `5xx`."""
        return self.base_by_class.get(name, 0) + self.reading.by_class.get(name, 0)


def follow_calls(
    before: Mapping[CallKey, CallFlow], last: GatewayReading | None, reading: GatewayReading
) -> dict[CallKey, CallFlow]:
    """Every call edge after another reading; one that the gateway does not know any more stays as it was."""
    new_engine = last is not None and reading.uptime_s < last.uptime_s
    flows = dict(before)
    # An engine tells only of edges that were used since it began; those that it does not tell of begin at zero too.
    silent = dict.fromkeys(before.keys() - reading.calls.keys() if new_engine else (), CallReading(0, {}, 0))
    for key, counters in {**reading.calls, **silent}.items():
        known = before.get(key)
        if known is None or known.reading != counters or new_engine:
            flows[key] = _follow(known, counters, reading.at, new_engine=new_engine)
    return flows


def _follow(before: CallFlow | None, reading: CallReading, at: float, *, new_engine: bool) -> CallFlow:
    if before is None:
        return CallFlow(reading, 0, {}, sampled((), at, (reading.total,)))
    base, by_class = before.base, before.base_by_class
    if new_engine or reading.total < before.reading.total:
        base += before.reading.total
        names = by_class.keys() | before.reading.by_class.keys()
        by_class = {name: by_class.get(name, 0) + before.reading.by_class.get(name, 0) for name in names}
    return CallFlow(reading, base, by_class, sampled(before.samples, at, (base + reading.total,)))
