"""Measures spacectl beside the plain way of doing the same, and prints medians and ratios.

    python benchmarks/run.py [NAME…] [--rounds N] [--json FILE]

Both sides of a comparison run in turn, several times, in one go: on a busy machine the times wander, the ratios hardly.
Exits with 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import binary
import commands
import containers
import contracts
import flow
import gateway
import shop
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """One line of the table: a figure in its unit, what it is compared with, and the bound it has to keep.

    Attributes:
        ours: what was measured, one value for each round.
        plain: the same for the plain way; empty where there is none.
        bound: the most that the ratio may be, or the figure itself where there is no plain way.
    """

    name: str
    what: str
    unit: str
    ours: tuple[float, ...]
    plain: tuple[float, ...] = ()
    bound: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.ours)

    @property
    def plain_median(self) -> float | None:
        return statistics.median(self.plain) if self.plain else None

    @property
    def ratio(self) -> float | None:
        return self.median / statistics.median(self.plain) if self.plain else None

    @property
    def kept(self) -> bool | None:
        figure = self.median if self.ratio is None else self.ratio
        return None if self.bound is None else figure <= self.bound


def second_up(rounds: int, folder: Path) -> list[Line]:
    """A system that was up before, brought up again; beside the same processes started by hand."""
    with shop.running(folder) as system:
        ours, plain = zip(*(shop.second_up(system) for _ in range(rounds)), strict=True)
    what = "the shop's second `up --detach` | its four spaces by hand, on a bus that runs"
    return [Line("second_up", what, "s", ours, plain, bound=2.5)]


def ps(rounds: int, folder: Path) -> list[Line]:
    """The command that people type most; beside the smallest program of the same kind."""
    bare = commands.bare_typer(folder)
    with shop.running(folder) as system:
        pairs = [(system.timed("ps"), commands.timed(bare)) for _ in range(rounds * 3)]
    ours, plain = zip(*pairs, strict=True)
    return [Line("ps", "`spacectl ps` of the shop | a Typer program with two commands", "s", ours, plain, bound=2.0)]


def new(rounds: int, folder: Path) -> list[Line]:
    """A shop from its template."""
    ours = tuple(shop.made(folder / f"shop-{number}") for number in range(rounds))
    return [Line("new", "`spacectl new shop -t ecommerce`", "s", ours, bound=3.0)]


def idle(rounds: int, folder: Path) -> list[Line]:
    """What the supervisor costs while nothing happens, over twenty seconds in all."""
    with shop.running(folder) as system:
        supervisor = system.report()["supervisor_pid"]
        usage = [shop.idle(supervisor, seconds=20 / rounds) for _ in range(rounds)]
    return [
        Line("idle_cpu", "the supervisor of an idle shop: processor", "%", tuple(each.cpu_percent for each in usage)),
        Line("idle_memory", "the supervisor of an idle shop: memory (PSS)", "MB", tuple(each.pss_mb for each in usage)),
    ]


def flow_poll(rounds: int, folder: Path) -> list[Line]:
    """What a look at 200 spaces and 1,000 edges costs, when all of them are in use."""
    what = "a look at 200 spaces and 1,000 edges, processor time"
    with flow.engines(folder) as engines:
        recorded = [flow.recorded_polls(engines) for _ in range(rounds)]
        real = [flow.real_polls(engines) for _ in range(rounds)]
    return [
        Line("flow_recorded", f"{what}: recorded answers", "ms", tuple(map(statistics.median, recorded)), bound=50),
        Line("flow_real", f"{what}: real engines", "ms", tuple(map(statistics.median, real)), bound=50),
    ]


def flow_bus(rounds: int, folder: Path) -> list[Line]:
    """How long a bus takes for the same messages with somebody looking, and with a tap that is stopped."""
    what = f"{flow.MESSAGES:,} messages of {flow.SIZE} B"
    with flow.engines(folder, flow.FEW_SPACES) as engines:
        polled = flow.compared(rounds * 3, engines, flow.polling)
        tapped = flow.compared(rounds * 3, engines, flow.suspended_tap)
    return [
        *_beside_the_bus("flow_bus", f"{what} with the flow read each second | without", polled, 1 / 0.98),
        *_beside_the_bus("flow_tap", f"{what} with a suspended tap | without", tapped, 1 / 0.95),
    ]


def _beside_the_bus(name: str, what: str, pairs: list[tuple[flow.Cost, flow.Cost]], bound: float) -> list[Line]:
    ours, plain = zip(*pairs, strict=True)
    clock = [tuple(each.wall_s for each in costs) for costs in (ours, plain)]
    processor = [tuple(each.cpu_s for each in costs) for costs in (ours, plain)]
    return [
        Line(name, what, "s", *clock, bound=bound),
        Line(f"{name}_cpu", "the bus's processor time for the same", "s", *processor),
    ]


def through_gateway(rounds: int, folder: Path) -> list[Line]:
    """Requests through the gateway; beside an Envoy that was set up by hand with the least that does the same."""
    ours: list[gateway.Cost] = []
    plain: list[gateway.Cost] = []
    with gateway.running(folder) as ways:
        for way in ways:
            gateway.cost(way, 1)  # connections are open from now on
        for number in range(rounds * 4):
            sides = list(zip((ours, plain), ways, strict=True))
            for costs, way in sides if number % 2 else reversed(sides):
                costs.append(gateway.cost(way, 1))
    what = "a request through the gateway | through an Envoy with the least configuration"
    clock = [tuple(each.wall_us for each in costs) for costs in (ours, plain)]
    processor = [tuple(each.cpu_us for each in costs) for costs in (ours, plain)]
    return [
        Line("gateway", what, "µs", *clock, bound=_GATEWAY_BOUND),
        Line("gateway_cpu", "the processor time of the same", "µs", *processor, bound=_GATEWAY_BOUND),
    ]


_GATEWAY_BOUND = 1 / 0.97
"""At least 0.97 of the requests in the same time."""


def judging(rounds: int, folder: Path) -> list[Line]:  # noqa: ARG001
    """A thousand event edges, judged by `spacectl contracts`."""
    taken = [contracts.judged() for _ in range(rounds)]
    reading, judged = tuple(each.reading for each in taken), tuple(each.judging for each in taken)
    return [
        Line(
            "contracts", "1,000 event edges judged, a tenth of them breaking (processor time)", "s", judged, bound=2.0
        ),
        Line("contracts_reading", "their 1,100 documents made comparable (processor time)", "s", reading),
    ]


def single_binary(rounds: int, folder: Path) -> list[Line]:
    """The single binary's size, its first start, and the starts after it; beside the command that pip installs."""
    both = binary.made(folder)
    first = tuple(both.first_start(number) for number in range(rounds))
    pairs = [(both.warm_start(), both.installed_start()) for _ in range(rounds * 4)]
    warm, installed = zip(*pairs, strict=True)
    return [
        Line("binary_size", "the single binary", "MB", (both.size_mb,), bound=120),
        Line("binary_first", "its first `--version`, which unpacks it", "s", first, bound=3.0),
        Line("binary_warm", "a later `--version` | of the installed wheel", "s", warm, installed, bound=1.3),
    ]


_CLEARED_S = 3.0
"""What an engine may need to be quiet again after twenty containers were removed."""


def twenty_containers(rounds: int, folder: Path) -> list[Line]:
    """Twenty spaces in containers, beside the engine's own command."""
    made, plain = folder / "spacectl", folder / "docker"
    made.mkdir()
    plain.mkdir()
    containers.by_spacectl(made)  # once, so that modules and ports are there
    sides = {"ours": lambda: containers.by_spacectl(made), "theirs": lambda: containers.by_docker(plain)}
    taken: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds):
        for side in sorted(sides, reverse=number % 2 == 1):  # the engine clears up after whoever was first
            time.sleep(_CLEARED_S)
            taken[side].append(sides[side]())
    ours, theirs = taken["ours"], taken["theirs"]
    what = f"{containers.COUNT} containers until each answers | as many `docker run` at once"
    return [Line("containers", what, "s", tuple(ours), tuple(theirs), bound=1.15)]


BENCHMARKS: dict[str, Callable[[int, Path], list[Line]]] = {
    "second_up": second_up,
    "ps": ps,
    "new": new,
    "idle": idle,
    "flow_poll": flow_poll,
    "flow_bus": flow_bus,
    "gateway": through_gateway,
    "contracts": judging,
    "binary": single_binary,
    "containers": twenty_containers,
}


def main() -> int:
    """Run what is named, or all; returns the exit code."""
    asked = arguments()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # where it is set, every start compiles all it imports
    lines: list[Line] = []
    for name in asked.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="spacectl-bench-") as folder:
            lines += BENCHMARKS[name](asked.rounds, Path(folder))
    show(lines, asked.rounds)
    if asked.json is not None:
        asked.json.write_text(json.dumps([told(line) for line in lines], indent=1) + "\n", encoding="utf-8")
    return 1 if any(line.kept is False for line in lines) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure spacectl beside the plain way of doing the same.")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; default: 5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there too")
    asked = parser.parse_args()
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    return asked


def show(lines: list[Line], rounds: int) -> None:
    table = Table("name", "what | beside what", box=None, pad_edge=False, header_style="bold")
    for heading in ("median", "beside", "ratio", "bound"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        mark = {None: "", True: "", False: " missed"}[line.kept]
        table.add_row(
            line.name,
            line.what,
            f"{line.median:.2f} {line.unit}",
            "" if line.plain_median is None else f"{line.plain_median:.2f} {line.unit}",
            "" if line.ratio is None else f"{line.ratio:.2f}",
            "" if line.bound is None else f"{line.bound:g}{mark}",
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"medians of {rounds} rounds, on {os.cpu_count()} cores")


def told(line: Line) -> dict[str, object]:
    return {**asdict(line), "median": line.median, "ratio": line.ratio, "kept": line.kept}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # what ran has been taken down on the way here
        sys.exit(130)
