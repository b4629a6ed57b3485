from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from spacectl.core.graph import declared_graph
from spacectl.model.flow_readings import Declared
from spacectl.model.graph import Graph, Link
from spacectl.view.graph_languages import dot, mermaid
from spacectl.view.graph_links import bundles
from spacectl.view.graph_text import draw

TEMPLATE = Path(__file__).parents[2] / "templates" / "systems" / "ecommerce" / "template.toml"
NAMES = ("a", "bb", "ccc", "dddd", "eeeee")
SMALL = declared_graph(
    Declared(
        "shop",
        ("cart", "orders"),
        {"cart": ("cart.checked_out", "cart.emptied")},
        {("cart", "orders"): ("cart.checked_out", "cart.emptied")},
        frozenset({("orders", "cart")}),
    )
)


def shop() -> Graph:
    spaces = {each["name"]: each for each in tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))["spaces"]}
    publishes = {name: each.get("publishes", []) for name, each in spaces.items()}
    subscribes = {
        (publisher, name): tuple(subject for subject in each.get("subscribes", ()) if subject in subjects)
        for name, each in spaces.items()
        for publisher, subjects in publishes.items()
    }
    calls = frozenset((name, callee) for name, each in spaces.items() for callee in each.get("calls", ()))
    return declared_graph(
        Declared("shop", tuple(spaces), {}, {key: found for key, found in subscribes.items() if found}, calls)
    )


def test_a_small_system_is_drawn() -> None:
    assert draw(SMALL, width=80).splitlines() == [
        "┌────────┐",
        "│ cart   │◄╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╮",
        "│        ├─ checked_out, emptied ─┐ ╎",
        "└────────┘                        │ ╎",
        "┌────────┐                        │ ╎",
        "│ orders │◄───────────────────────┘ ╎",
        "│        ├╌ calls cart ╌╌╌╌╌╌╌╌╌╌╌╌╌╯",
        "└────────┘",
    ]


def test_it_is_drawn_with_ascii_where_nothing_else_is_understood() -> None:
    drawn = draw(SMALL, width=80, ascii_only=True)
    assert drawn.isascii()
    assert "| orders |<-" in drawn


def test_the_shop_fits_eighty_columns_with_every_edge() -> None:
    graph = shop()
    lines = draw(graph, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    found = bundles(graph)
    assert len(found) > 8
    assert sum("◄" in line for line in lines) == len(found)
    assert all(any(bundle.label in line for line in lines) for bundle in found)


def test_a_narrow_drawing_cuts_labels_only() -> None:
    lines = draw(shop(), width=50).splitlines()
    assert max(map(len, lines)) <= 50
    assert sum("◄" in line for line in lines) == len(bundles(shop()))


@settings(deadline=None)
@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(["event", "call"]))))
def test_every_edge_can_be_followed_from_its_source_to_its_target(edges: set[tuple[str, str, str]]) -> None:
    links = [
        Link.model_validate({"from": source, "to": target, "kind": kind, "via": f"{source}.x"})
        for source, target, kind in sorted(edges)
    ]
    graph = Graph(system="s", layers=(NAMES,), edges=tuple(links))
    canvas = [line.ljust(200) for line in draw(graph, width=120).splitlines()]
    owner = {}
    for row, line in enumerate(canvas):
        owner[row] = line[1:8].strip() if line.startswith("│") and line[1:8].strip() else owner.get(row - 1, "")
    starts = [row for row, line in enumerate(canvas) if line[8] == "├"]
    found = sorted((owner[row], owner[arrival(canvas, row)]) for row in starts)
    assert found == sorted((source, target) for source, target, _ in edges)


def arrival(canvas: list[str], row: int) -> int:
    """The line on which the edge arrives that leaves on this one."""
    column = next(place for place, char in enumerate(canvas[row]) if char in "┐╮┘╯")
    step = 1 if canvas[row][column] in "┐╮" else -1
    row += step
    while canvas[row][column] not in "┐╮┘╯":
        assert canvas[row][column] in "│╎┼"
        row += step
    assert canvas[row][9] == "◄"
    return row


def test_mermaid_names_spaces_in_quotes() -> None:
    assert mermaid(SMALL).splitlines() == [
        "flowchart LR",
        '    s0["cart"]',
        '    s1["orders"]',
        '    s0 -->|"checked_out, emptied"| s1',
        '    s1 -.->|"calls cart"| s0',
    ]


def test_dot_puts_layers_into_ranks() -> None:
    assert '    { rank=same; "cart"; }' in dot(SMALL).splitlines()
    assert '    "cart" -> "orders" [label="checked_out, emptied", style=solid];' in dot(SMALL).splitlines()
    assert dot(SMALL).endswith("}")


def test_what_moves_and_what_is_not_declared_is_in_the_label() -> None:
    link = Link.model_validate(
        {"from": "a", "to": "b", "kind": "event", "via": "a.x", "declared": False, "rate": 2.25, "errors": 1}
    )
    (bundle,) = bundles(Graph(system="s", layers=(("a",), ("b",)), edges=(link,)))
    assert bundle.label == "x 2.2/s, 1 failed (undeclared)"


def test_an_empty_system_says_so() -> None:
    assert draw(Graph(system="s", layers=(), edges=()), width=80) == "no space yet"
