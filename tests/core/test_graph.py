from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from spacectl.core.graph import declared_graph, layers, live_graph
from spacectl.model.flow import EdgeReport, FlowReport, SpaceFlow
from spacectl.model.flow_readings import Declared

NAMES = [f"s{number}" for number in range(7)]


def test_a_chain_has_a_layer_for_each() -> None:
    assert layers(["c", "a", "b"], {("a", "b"), ("b", "c"), ("a", "c")}) == (("a",), ("b",), ("c",))


def test_spaces_without_edges_share_the_first_layer() -> None:
    assert layers(["b", "a"], frozenset()) == (("a", "b"),)
    assert layers([], frozenset()) == ()


def test_a_cycle_is_cut_where_it_costs_least() -> None:
    pairs = {("cart", "orders"), ("orders", "payments"), ("payments", "orders"), ("cart", "payments")}
    assert layers(["payments", "orders", "cart"], pairs)[0] == ("cart",)


@settings(deadline=None)
@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_every_space_stands_once_and_without_cycles_no_edge_leads_back(pairs: set[tuple[str, str]]) -> None:
    found = layers(NAMES, pairs)
    assert sorted(itertools.chain(*found)) == NAMES
    level = {name: number for number, layer in enumerate(found) for name in layer}
    acyclic = {(source, target) for source, target in pairs if source < target}
    straight = layers(NAMES, acyclic)
    level = {name: number for number, layer in enumerate(straight) for name in layer}
    assert all(level[source] < level[target] for source, target in acyclic)


def test_the_graph_of_the_manifests_has_every_edge() -> None:
    declared = Declared(
        "shop",
        ("cart", "orders"),
        {"cart": ("cart.checked_out",)},
        {("cart", "orders"): ("cart.checked_out",)},
        frozenset({("orders", "cart")}),
    )
    graph = declared_graph(declared)
    assert [(edge.source, edge.target, edge.kind, edge.via, edge.rate) for edge in graph.edges] == [
        ("cart", "orders", "event", "cart.checked_out", None),
        ("orders", "cart", "call", "cart", None),
    ]


def test_the_live_graph_has_what_was_seen_besides() -> None:
    def edge(target: str, *, declared: bool, total: int) -> EdgeReport:
        return EdgeReport(
            source="cart", target=target, kind="event", via="cart.filled", declared=declared, seen=total > 0,
            total=total, rate=1.5, lag=0, oldest_s=None, in_flight=0, redelivered=0, dead=2,
            p50_ms=None, p95_ms=None, errors=2,
        )  # fmt: skip

    space = SpaceFlow(
        name="cart", published=0, published_rate=0, delivered=0, delivered_rate=0, calls=0, calls_rate=0, requests=0,
        requests_rate=0,
    )  # fmt: skip
    edges = (edge("a", declared=True, total=0), edge("b", declared=False, total=3), edge("c", declared=False, total=0))
    graph = live_graph(FlowReport(system="shop", at=None, edges=edges, spaces=(space,)))
    assert [(link.target, link.declared, link.total, link.rate, link.errors) for link in graph.edges] == [
        ("a", True, 0, 1.5, 2),
        ("b", False, 3, 1.5, 2),
    ]
