"""The screen of what moves: the edges as a table, or drawn."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from spacectl.model.flow import EdgeReport
from spacectl.tui.page import GraphView, PageView
from spacectl.tui.panes.pane import NOTHING, Pane, Selected
from spacectl.tui.table import TableView
from spacectl.view.top_edges import EDGES, edge_key, listing, told
from spacectl.view.top_graph import draw
from spacectl.view.top_table import Listing, Query

_MARGINS = 2
"""Columns at both sides of the drawing."""


class FlowPane(Pane):
    """The edges."""

    NAME = "flow"
    TITLE = "Flow"
    SORTS = tuple(column.key for column in EDGES.columns if column.order is not None)

    def __init__(self) -> None:
        super().__init__()
        self._drawn = False

    def compose(self) -> ComposeResult:
        """A drawing, what is told of the selected edge, and a table."""
        yield GraphView()
        yield Static(id="edge", markup=False)
        yield TableView()

    def on_mount(self) -> None:
        self._arrange()

    @property
    def table(self) -> TableView | None:
        return self.query_one(TableView)

    @property
    def command(self) -> str:
        return "spacectl graph" if self._drawn else "spacectl flow --follow"

    @property
    def edges(self) -> list[EdgeReport]:
        """The selected edges."""
        if self._drawn and not self.query_one(TableView).has_focus:
            return self._edges_at(self.query_one(GraphView).marked)
        return self.query_one(TableView).marked

    @property
    def selected(self) -> Selected:
        graph = self.query_one(GraphView)
        if self._drawn and not self.query_one(TableView).has_focus and self.seen.space(graph.marked) is not None:
            return Selected((graph.marked,))
        edges = self.edges
        if not edges:
            return NOTHING
        subjects = tuple(dict.fromkeys(edge.via for edge in edges if edge.kind == "event"))
        return Selected(tuple(dict.fromkeys(edge.target for edge in edges)), subjects)

    @property
    def copied(self) -> str:
        return "\n".join(edge.model_dump_json(by_alias=True) for edge in self.edges)

    @property
    def about(self) -> str:
        if self.seen.flow is None:
            return "not told yet"
        return "; ".join([f"{len(self.seen.edges)} edges", *self.seen.flow.unseen])

    def draw(self) -> None:
        """Draw what is known."""
        table = self.query_one(TableView)
        if not self._drawn:
            table.show(listing(self.seen, self.query_), self.query_)
            return
        graph = self.query_one(GraphView)
        names = [space.name for space in self.seen.spaces]
        if not graph.marked and names:
            graph.marked = names[0]
        edges = self._edges_at(graph.marked)
        near = edges[0].source if edges else graph.marked
        drawing = draw(self.seen, self.size.width - _MARGINS, self.size.height - 2, around=near, marked=graph.marked)
        graph.draw(drawing)
        graph.styles.height = len(drawing.rows)
        graph.display = bool(drawing.rows)
        here = edges or [edge for edge in self.seen.edges if graph.marked in {edge.source, edge.target}]
        table.show(Listing(EDGES, drawing.left_out or here), Query())
        self._tell(edges, graph.marked, len(drawing.left_out))

    def do(self, _name: str) -> bool:
        """Turn between table and drawing."""
        if _name != "graph":
            return False
        self._drawn = not self._drawn
        self._arrange()
        self.draw()
        self.moved.focus()
        return True

    @property
    def moved(self) -> TableView | PageView:
        """The drawing, where there is one."""
        graph = self.query_one(GraphView)
        return graph if self._drawn and graph.display else self.query_one(TableView)

    def on_resize(self) -> None:
        self.draw()

    def on_graph_view_moved(self) -> None:
        self.draw()

    def _arrange(self) -> None:
        self.query_one(GraphView).display = self._drawn
        self.query_one("#edge").display = self._drawn

    def _edges_at(self, key: str) -> list[EdgeReport]:
        """The edges that are drawn as the line which this key is of."""
        one = next((edge for edge in self.seen.edges if edge_key(edge) == key), None)
        if one is None:
            return []
        return [e for e in self.seen.edges if (e.source, e.target, e.kind) == (one.source, one.target, one.kind)]

    def _tell(self, edges: list[EdgeReport], marked: str, left_out: int) -> None:
        below = f"{left_out} edges do not fit; they are below" if left_out else f"in and out of {marked}:"
        told_of = "   ".join(told(edge) for edge in edges)
        self.query_one("#edge", Static).update(told_of or f"arrow keys follow what moves; {below}")
