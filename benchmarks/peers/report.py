"""The figures, what they mean, which bounds they have to keep, and how they are shown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

OURS = "spacectl"

Results = Mapping[str, Mapping[str, Sequence[float]]]
"""Every value of every run: by figure, then by tool."""


@dataclass(frozen=True)
class Bound:
    """What a figure of spacectl has to keep.

    Attributes:
        limit: how much it may be at most.
        beside: of what: "best" of the peers, or None for the figure itself.
        least: it is a lower bound instead.
    """

    limit: float
    beside: str | None = None
    least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:g}{' x the best peer' if self.beside else ''}"


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    name: str
    what: str
    unit: str
    digits: int = 2
    bound: Bound | None = None


FIGURES: tuple[Figure, ...] = (
    Figure("start", "50 HTTP services answer", "s", bound=Bound(1.0, "best")),
    Figure("start_told", "… and the tool has said so", "s"),
    Figure("stop", "50 services have gone", "s", digits=3, bound=Bound(1.0, "best")),
    Figure("stop_all", "… and the tool too", "s", digits=3),
    Figure("stop_command", "… by its command, as a whole", "s"),
    Figure("output_speed", "speed of 4 producers, of `> file`", "x", bound=Bound(0.97, least=True)),
    Figure("output_cpu", "… CPU of what supervises them", "s", bound=Bound(1.0, "best")),
    Figure("output_kept", "… lines kept", "%", digits=1),
    Figure("restart", "from SIGKILL to the successor", "ms", digits=1, bound=Bound(1.0, "best")),
    Figure("idle_cpu", "CPU with 100 idle services", "%"),
    Figure("idle_cpu_main", "… of the tool without helpers", "%", bound=Bound(1.5)),
    Figure("memory", "memory with 100 services (PSS)", "MB", digits=1),
    Figure("memory_main", "… of the tool without helpers", "MB", digits=1, bound=Bound(80.0)),
    Figure("orphans", "of 10, left when the tool is killed", "", digits=0),
    Figure("orphans_after_down", "… and after its stop command", "", digits=0, bound=Bound(0.0)),
)


def median(results: Results, figure: Figure, tool: str) -> float | None:
    """The median of a figure of a tool; None where it has none."""
    values = results.get(figure.name, {}).get(tool, ())
    return statistics.median(values) if values else None


def best_peer(results: Results, figure: Figure) -> tuple[str, float] | None:
    """The peer with the best median, and that."""
    medians = {tool: median(results, figure, tool) for tool in results.get(figure.name, {}) if tool != OURS}
    known = {tool: value for tool, value in medians.items() if value is not None}
    best = max if figure.bound is not None and figure.bound.least else min
    return best(known.items(), key=lambda item: item[1]) if known else None


def ratio(results: Results, figure: Figure) -> float | None:
    """spacectl's median as a multiple of the best peer's."""
    ours, best = median(results, figure, OURS), best_peer(results, figure)
    return None if ours is None or best is None or best[1] == 0 else ours / best[1]


def is_kept(results: Results, figure: Figure) -> bool | None:
    """Whether spacectl keeps the bound of a figure; None where there is none, or nothing was measured."""
    bound = figure.bound
    value = ratio(results, figure) if bound and bound.beside else median(results, figure, OURS)
    if bound is None or value is None:
        return None
    return value >= bound.limit if bound.least else value <= bound.limit


def show(results: Results, tools: Sequence[str], skipped: Mapping[str, str], note: str) -> None:
    """Print the medians as a table, with a column for every tool, skipped ones too."""
    table = Table("figure", box=None, pad_edge=False, header_style="bold")
    for tool in [*tools, *skipped]:
        table.add_column(tool, justify="right", no_wrap=True)
    table.add_column("ours : best", justify="right", no_wrap=True)
    table.add_column("bound", no_wrap=True)
    for figure in FIGURES:
        if figure.name in results:
            table.add_row(*_row(results, figure, tools, skipped))
    console = Console(highlight=False, width=max(160, Console().width))
    console.print(table)
    for tool, reason in skipped.items():
        console.print(f"skipped: {tool}: {reason}")
    console.print(note)


def _row(results: Results, figure: Figure, tools: Sequence[str], skipped: Mapping[str, str]) -> list[str]:
    cells = [_cell(figure, median(results, figure, tool)) for tool in tools]
    compared, best = ratio(results, figure), best_peer(results, figure)
    is_race = figure.bound is not None and figure.bound.beside is not None
    ours = f"{compared:.2f} ({best[0]})" if is_race and compared is not None and best is not None else ""
    mark = {None: "", True: " kept", False: " MISSED"}[is_kept(results, figure)]
    bound = "" if figure.bound is None else f"{figure.bound}{mark}"
    return [figure.what, *cells, *("skipped" for _ in skipped), ours, bound]


def _cell(figure: Figure, value: float | None) -> str:
    return "-" if value is None else f"{value:.{figure.digits}f} {figure.unit}".rstrip()


def told(results: Results, figure: Figure) -> dict[str, Any]:
    """A figure for JSON: every value, the medians, these as multiples of spacectl's, and whether the bound is kept."""
    ours = median(results, figure, OURS)
    medians = {tool: median(results, figure, tool) for tool in results[figure.name]}
    return {
        "name": figure.name,
        "what": figure.what,
        "unit": figure.unit,
        "values": {tool: list(values) for tool, values in results[figure.name].items()},
        "medians": medians,
        "times_spacectl": {
            tool: value / ours if value is not None and ours else None for tool, value in medians.items()
        },
        "spacectl_by_best_peer": ratio(results, figure),
        "bound": None if figure.bound is None else str(figure.bound),
        "kept": is_kept(results, figure),
    }
