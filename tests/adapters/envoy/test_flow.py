"""Answers of the real engine (1.40), shortened, and what is read from them."""

from __future__ import annotations

import json
import re

from spacectl.adapters.envoy.flow import PATTERN, parse_calls
from spacectl.model.flow_readings import CallReading, Latencies

ANSWER = """{"stats": [
 {"name": "http.edge~cart~order-history.downstream_rq_completed", "value": 12},
 {"name": "http.edge~cart~order-history.downstream_rq_2xx", "value": 9},
 {"name": "http.edge~cart~order-history.downstream_rq_4xx", "value": 2},
 {"name": "http.edge~cart~order-history.downstream_rq_5xx", "value": 1},
 {"name": "http.edge~cart~order-history.downstream_rq_active", "value": 3},
 {"name": "vhost.front.route.cart.upstream_rq_completed", "value": 4},
 {"name": "vhost.front.route.cart.upstream_rq_2xx", "value": 4},
 {"name": "server.uptime", "value": 5},
 {"histograms": {"supported_quantiles": [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100], "computed_quantiles": [
  {"name": "http.edge~cart~order-history.downstream_rq_time", "values": [
   {"interval": 0, "cumulative": 0}, {"interval": 1, "cumulative": 1}, {"interval": 1.05, "cumulative": 2},
   {"interval": 2, "cumulative": 3}, {"interval": 3, "cumulative": 4}, {"interval": 4.567, "cumulative": 5},
   {"interval": 9, "cumulative": 9}, {"interval": 9, "cumulative": 9}, {"interval": 9, "cumulative": 9},
   {"interval": 9, "cumulative": 9}]},
  {"name": "vhost.front.route.cart.upstream_rq_time", "values": [
   {"interval": null, "cumulative": 0}, {"interval": null, "cumulative": 0}, {"interval": null, "cumulative": 6.05},
   {"interval": null, "cumulative": 9}, {"interval": null, "cumulative": 9}, {"interval": NaN, "cumulative": 9},
   {"interval": null, "cumulative": 9}, {"interval": null, "cumulative": 9}, {"interval": null, "cumulative": 9},
   {"interval": null, "cumulative": 9}]}
 ]}}]}"""


def test_every_edge_and_the_front_door_are_read() -> None:
    reading = parse_calls(json.loads(ANSWER), 7.0)
    assert (reading.at, reading.uptime_s) == (7.0, 5.0)
    assert reading.calls == {
        ("cart", "order-history"): CallReading(
            12, {"2xx": 9, "4xx": 2, "5xx": 1}, 3, Latencies(1.05, 4.57, 9.0), Latencies(2.0, 5.0, 9.0)
        ),
        ("", "cart"): CallReading(4, {"2xx": 4}, 0, None, Latencies(6.05, 9.0, 9.0)),
    }


def test_an_engine_that_counted_nothing_tells_of_no_edge() -> None:
    assert parse_calls({"stats": [{"name": "server.uptime", "value": 1}]}, 0.0).calls == {}
    assert parse_calls({}, 0.0).calls == {}


def test_only_what_is_read_is_asked_for() -> None:
    asked = re.compile(PATTERN)
    told = json.loads(ANSWER)["stats"]
    names = [each["name"] for each in told[:-1]] + [
        each["name"] for each in told[-1]["histograms"]["computed_quantiles"]
    ]
    assert all(asked.search(name) for name in names)
    for other in ("http.admin.downstream_rq_2xx", "listener.127.0.0.1_8080.http.edge~a~b.downstream_rq_2xx"):
        assert not asked.search(other)
