"""Reads how many calls went along each edge, and how they ended, from what the engine counts anyway.

Statistics of HTTP connections and of routes:
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats and
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#statistics
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spacectl.adapters.envoy.admin import Admin
from spacectl.model.flow_readings import CallReading, GatewayReading, Latencies

_EDGES = r"^http\.edge~[^.]+\.downstream_rq_(completed|[1-5]xx|active|time)$"
_FRONT = r"^vhost\.[^.]+\.route\.[^.]+\.upstream_rq_(completed|[1-5]xx|time)$"
_UPTIME = "server.uptime"
PATTERN = rf"{_EDGES}|{_FRONT}|^server\.uptime$"

_EDGE = re.compile(r"http\.edge~(?P<caller>[^.~]+)~(?P<callee>[^.~]+)\.downstream_rq_(?P<what>\w+)")
_ROUTE = re.compile(r"vhost\.[^.]+\.route\.(?P<callee>[^.]+)\.upstream_rq_(?P<what>\w+)")


@dataclass(slots=True)
class _Counted:
    """What is gathered of one edge while the answer is read."""

    numbers: dict[str, int] = field(default_factory=dict)
    recent: Latencies | None = None
    overall: Latencies | None = None

    def reading(self) -> CallReading:
        return CallReading(
            total=self.numbers.get("completed", 0),
            by_class={name: count for name, count in self.numbers.items() if name.endswith("xx")},
            in_flight=self.numbers.get("active", 0),
            recent=self.recent,
            overall=self.overall,
        )


async def read_calls(admin: Admin, at: float) -> GatewayReading:
    """The counters of every call edge, and of the front door.

    Args:
        admin: the engine.
        at: the monotonic clock in seconds.

    Raises:
        UnansweredError: it does not answer.
    """
    return parse_calls(await admin.stats(PATTERN), at)


def parse_calls(told: Mapping[str, Any], at: float) -> GatewayReading:
    """The same from an answer that is decoded already."""
    uptime_s = 0.0
    edges: dict[tuple[str, str], _Counted] = {}
    for each in told.get("stats", ()):
        for name, value in _values(each):
            if name == _UPTIME:
                uptime_s = float(value)
            elif (found := _EDGE.fullmatch(name)) is not None:
                _count(edges, (found["caller"], found["callee"]), found["what"], value)
            elif (found := _ROUTE.fullmatch(name)) is not None:
                _count(edges, ("", found["callee"]), found["what"], value)
    return GatewayReading(at, uptime_s, {key: counted.reading() for key, counted in edges.items()})


def _values(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names in one entry, with a number or with a histogram's latencies: recent ones and all."""
    if "histograms" not in entry:
        yield entry["name"], entry.get("value", 0)
        return
    told = entry["histograms"]
    places = [told["supported_quantiles"].index(quantile) for quantile in (50, 95, 99)]
    for histogram in told["computed_quantiles"]:
        values = [histogram["values"][place] for place in places]
        yield histogram["name"], tuple(_latencies(values, kind) for kind in ("interval", "cumulative"))


def _latencies(values: list[Mapping[str, Any]], kind: str) -> Latencies | None:
    told = [each.get(kind) for each in values]
    numbers = [round(float(each), 2) for each in told if each is not None and math.isfinite(each)]
    return Latencies(*numbers) if len(numbers) == len(values) else None  # not a number where there was no request


def _count(edges: dict[tuple[str, str], _Counted], key: tuple[str, str], what: str, value: Any) -> None:
    counted = edges.setdefault(key, _Counted())
    if what == "time":
        counted.recent, counted.overall = value
    else:
        counted.numbers[what] = int(value)
