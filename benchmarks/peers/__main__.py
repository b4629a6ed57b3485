"""Measures spacectl beside other supervisors on the same services, in turn, and prints medians and ratios.

    python -m benchmarks.peers [NAME…] [--tool NAME]… [--runs N] [--json FILE]

To be run in the folder of the repo. Exits with 1 when spacectl misses a bound. README.md says how each tool is set up.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import report
from benchmarks.peers.install import PEERS, NotToBeHadError, cache_folder, obtain
from benchmarks.peers.plans import build, free_ports
from benchmarks.peers.situations import IDLE, PRODUCERS, SITUATIONS, WIDTH, Bench, warm_up
from benchmarks.peers.tools.base import Tool

_FAILURES = (OSError, RuntimeError, subprocess.SubprocessError)


def main() -> int:
    """Measure what is asked for, or all; returns the exit code."""
    asked = arguments()
    tools, skipped = obtained(asked.tool or [peer.name for peer in PEERS])
    with tempfile.TemporaryDirectory(prefix="spacectl-peers-") as folder:
        bench = Bench(Path(folder), build(Path(folder)), free_ports(IDLE), asked.lines)
        for tool in tools:
            say(f"warming up: {tool.name} …")
            warm_up(bench, tool)
        results = measured(bench, tools, asked.names or list(SITUATIONS), asked.runs)
    note = (
        f"medians of {asked.runs} runs, in turn, on {os.cpu_count()} cores; services in {bench.program.language}; "
        f"output: {PRODUCERS} times {asked.lines:,} lines of {WIDTH} bytes"
    )
    report.show(results, [tool.name for tool in tools], skipped, note)
    if asked.json is not None:
        asked.json.write_text(json.dumps(document(results, skipped, asked), indent=1) + "\n", encoding="utf-8")
    return 1 if any(report.is_kept(results, figure) is False for figure in report.FIGURES) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *SITUATIONS], metavar="NAME", help=", ".join(SITUATIONS))
    tools = [peer.name for peer in PEERS]
    parser.add_argument("--tool", action="append", choices=tools, metavar="NAME", help=f"only this: {', '.join(tools)}")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often each is measured; default: 5")
    parser.add_argument("--lines", type=int, default=500_000, metavar="N", help="of each producer; default: 500000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there too")
    asked = parser.parse_args()
    if asked.runs < 1 or not 1 <= asked.lines < 100_000_000:
        parser.error("--runs must be at least 1, and --lines from 1 to 99999999")
    return asked


def obtained(names: list[str]) -> tuple[list[Tool], dict[str, str]]:
    """The tools that can be had here, and why the others cannot."""
    tools: list[Tool] = []
    skipped: dict[str, str] = {}
    for peer in PEERS:
        if peer.name in names:
            try:
                tools.append(obtain(peer, cache_folder()))
            except NotToBeHadError as error:
                skipped[peer.name] = f"{peer.version}: {error}"
                say(f"skipped: {peer.name} {skipped[peer.name]}")
    return tools, skipped


def measured(bench: Bench, tools: list[Tool], names: list[str], runs: int) -> dict[str, dict[str, list[float]]]:
    """Put every tool into every situation, in turn; each run begins with another tool."""
    results: dict[str, dict[str, list[float]]] = {}
    for name in names:
        for run in range(runs):
            first = run % max(1, len(tools))
            for tool in [*tools[first:], *tools[:first]]:
                say(f"{name}, run {run + 1} of {runs}: {tool.name} …")
                try:
                    figures = SITUATIONS[name](bench, tool)
                except _FAILURES as error:  # the others are still worth measuring
                    say(f"  it failed: {error}")
                    continue
                for figure, value in figures.items():
                    results.setdefault(figure, {}).setdefault(tool.name, []).append(value)
    return results


def document(results: report.Results, skipped: dict[str, str], asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "runs": asked.runs,
        "lines": asked.lines,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "versions": {peer.name: peer.version for peer in PEERS},
        "skipped": skipped,
        "figures": [report.told(results, figure) for figure in report.FIGURES if figure.name in results],
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
