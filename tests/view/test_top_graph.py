"""Graphs of all kinds are drawn whole, without overlaps, or their edges are left out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacectl.model.flow import EdgeReport, FlowReport
from spacectl.view.top_graph import arcs_of, beside, draw
from spacectl.view.top_layers import layered
from spacectl.view.top_seen import Seen, told

NAMES = ["cart", "catalog", "orders", "payments", "shopper", "recommendations-of-the-long-tail"]


def edge(source: str, target: str, via: str | None = None) -> EdgeReport:
    return EdgeReport.model_validate(
        {
            "from": source, "to": target, "kind": "call" if via is None else "event", "via": via or target,
            "declared": True, "seen": True, "total": 1, "rate": 2.0, "lag": None, "oldest_s": None, "in_flight": 0,
            "redelivered": None, "dead": None, "p50_ms": None, "p95_ms": None, "errors": 0,
        }
    )  # fmt: skip


def seen_of(*edges: EdgeReport) -> Seen:
    return told(Seen(), FlowReport(system="shop", at=None, edges=edges))


def lines(seen: Seen, width: int, height: int, **options: str) -> list[str]:
    rows = draw(seen, width, height, **options).rows
    return ["".join(cell.text for cell in row).rstrip() for row in rows]


SHOP = seen_of(
    edge("shopper", "cart"), edge("cart", "catalog"), edge("cart", "orders", "cart.checked_out"),
    edge("orders", "payments", "orders.placed"), edge("payments", "orders", "payments.captured"),
)  # fmt: skip


def test_a_message_goes_from_left_to_right_and_its_answer_back() -> None:
    assert lines(seen_of(edge("orders", "payments", "orders.placed"), edge("payments", "orders", "payments.done")),
                 80, 20) == [
        "╭ orders ───╮               ╭ payments ─╮",
        "│ elsewhere │─placed 2.0/s─▶│ elsewhere │",
        "│           │◀done 2.0/s────│           │",
        "╰───────────╯               ╰───────────╯",
    ]  # fmt: skip


edges = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([None, "a", "b"])),
    max_size=14,
    unique=True,
).map(
    lambda found: [edge(s, t, via and f"{s}.{via}") for s, t, via in found if s != t]
)  # fmt: skip


@settings(deadline=None)
@given(edges)
def test_layers_go_forward_and_hold_everything_once(found: list[EdgeReport]) -> None:
    graph = layered(NAMES, arcs_of(found, lambda _: "x"))
    depth = {name: number for number, layer in enumerate(graph.layers) for name in layer}
    assert set(NAMES) <= set(depth)
    assert len(depth) == sum(map(len, graph.layers))
    assert len(graph.lanes) == len({(each.source, each.target, each.kind) for each in found})
    for lane in graph.lanes:
        assert all(depth[right] == depth[left] + 1 for left, right in pairwise(lane.stops))
        ends = (lane.arc.source, lane.arc.target)
        assert (lane.stops[-1], lane.stops[0]) == ends if lane.turned else (lane.stops[0], lane.stops[-1]) == ends


@settings(max_examples=60, deadline=None)
@given(edges, st.integers(20, 200), st.integers(5, 60))
def test_every_edge_is_drawn_or_left_out(found: list[EdgeReport], width: int, height: int) -> None:
    drawing = draw(seen_of(*found), width, height, around="orders")
    drawn = {key for arc in drawing.arcs for key in arc.keys}
    left = {f"{each.source} {each.target} {each.kind} {each.via}" for each in drawing.left_out}
    assert len(drawn) + len(left) == len(found)
    assert drawn.isdisjoint(left)
    assert len(drawing.rows) <= height
    assert all(sum(len(cell.text) for cell in row) <= width for row in drawing.rows)
    boxes = [(x, y) for box in drawing.boxes.values() for x in range(box.x, box.x + box.width)
             for y in range(box.y, box.y + box.height)]  # fmt: skip
    assert len(boxes) == len(set(boxes))


def test_nothing_is_drawn_where_nothing_fits() -> None:
    drawing = draw(SHOP, 20, 5)
    assert drawing.rows == ()
    assert drawing.left_out == SHOP.edges


def test_in_less_room_only_the_neighbours_are_drawn() -> None:
    whole, near = draw(SHOP, 120, 20, around="shopper"), draw(SHOP, 45, 20, around="shopper")
    assert set(whole.boxes) == {"shopper", "cart", "catalog", "orders", "payments"}
    assert set(near.boxes) == {"shopper", "cart"}
    assert len(near.left_out) == 4


@pytest.mark.parametrize(
    ("marked", "way", "then"),
    [
        ("shopper", "right", "shopper cart call cart"),
        ("shopper", "left", "shopper"),
        ("shopper cart call cart", "right", "cart"),
        ("shopper cart call cart", "left", "shopper"),
        ("payments", "right", "payments"),
        ("orders", "up", "catalog"),
        ("orders", "down", "orders"),
        ("nothing like that", "down", "shopper"),
    ],
)
def test_arrow_keys_follow_the_message(marked: str, way: str, then: str) -> None:
    assert beside(draw(SHOP, 120, 20), marked, way) == then


def test_up_and_down_go_through_the_edges_of_one_side() -> None:
    drawing = draw(SHOP, 120, 20)
    first = beside(drawing, "cart", "right")
    second = beside(drawing, first, "down")
    assert {first, second} == {"cart catalog call catalog", "cart orders event cart.checked_out"}
    assert beside(drawing, second, "down") == first
