"""The situations in which every tool is put, and what is measured in them."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import answers, processes
from benchmarks.peers.plans import MARK, Plan, Program, Service
from benchmarks.peers.session import Session, running
from benchmarks.peers.tools.base import Tool

Figures = Mapping[str, float]
"""What one run of one tool gave, by the name of the figure; one that a tool does not have is not in it."""

MANY, IDLE, FEW = 50, 100, 10
"""How many services are started and stopped, are kept idle, and are killed (or whose tool is)."""

PRODUCERS, WIDTH = 4, 100

_KILLS = 5
_READY_WITHIN_S = 120.0
_GONE_WITHIN_S = 60.0
_AGAIN_WITHIN_S = 15.0
_PAUSE_S = 0.2  # between two kills
_CALM_S = 2.5  # by then every tool takes a service for one that runs: supervisor after 1 s, mprocs after more than 1 s
_IDLE_S = 20.0
_DRAINED_WITHIN_S = 300.0
_TURNS = 6  # in half of them the tool is first
_ENOUGH_S = 10.0  # of CPU; a tool that uses more has only one turn


@dataclass(frozen=True)
class Bench:
    """What all measurements share.

    Attributes:
        folder: for the files of the sessions.
        ports: for the services; at least IDLE of them.
        lines: how many each producer writes.
    """

    folder: Path
    program: Program
    ports: list[int]
    lines: int


def warm_up(bench: Bench, tool: Tool) -> None:
    """Run a tool once from start to end, so that what is compiled or read for the first time is not measured."""
    with _session(bench, tool, bench.program.servers(bench.ports[:1])) as session:
        _come_up(session)
        time.sleep(_CALM_S)  # circus does not hear a request to stop while it starts
        main_pid = session.main_pid()
        if (command := tool.stop_command()) is not None:
            _run(command, session.plan)
        else:
            session.ask_to_stop(main_pid)
            processes.Watch([main_pid]).wait(within_s=_GONE_WITHIN_S)


def start_and_stop(bench: Bench, tool: Tool) -> Figures:
    """50 services come up together, and go together after one request."""
    with _session(bench, tool, bench.program.servers(bench.ports[:MANY])) as session:
        figures = dict(_come_up(session))
        time.sleep(_CALM_S)
        main_pid = session.main_pid()
        services, supervising = session.services(), session.supervising()
        watch = processes.Watch([*services, *supervising])
        asked = time.monotonic()
        session.ask_to_stop(main_pid)
        figures |= _went(watch.wait(within_s=_GONE_WITHIN_S), asked, services, supervising)
    if tool.stop_command() is not None:
        figures |= _stopped_by_command(bench, tool)
    return figures


def output(bench: Bench, tool: Tool) -> Figures:
    """Four producers write at once, in turn into files of their own and under the tool."""
    with _folder(bench) as plain, _folder(bench) as under:
        producers = bench.program.producers(PRODUCERS, bench.lines, WIDTH, under)
        with _plain_producers(bench, plain), _session(bench, tool, producers) as session:
            _wait_for(plain, "report-*.waiting")
            _wait_for(under, "report-*.waiting")
            time.sleep(_CALM_S)
            supervising, files = session.supervising(), tool.output_files(session.plan)
            plain_s: list[float] = []
            took_s: list[float] = []
            cpu_s, kept = 0.0, 0
            while len(took_s) < _TURNS and cpu_s < _ENOUGH_S:
                turn = len(took_s) + 1
                if turn % 2:
                    plain_s.append(_produce(plain, turn, plain.glob("*.log")))
                before = _cpu_s(supervising)
                took_s.append(_produce(under, turn, files))
                _wait_until_calm(supervising)
                cpu_s += _cpu_s(supervising) - before
                if turn == 1:  # what is thrown away to keep within a bound later on does not count
                    kept = sum(_lines_in(path) for path in files)
                if not turn % 2:
                    plain_s.append(_produce(plain, turn, plain.glob("*.log")))
    return {
        "output_speed": statistics.median(plain_s) / statistics.median(took_s),
        "output_cpu": cpu_s / len(took_s),
        "output_kept": 100 * kept / (PRODUCERS * bench.lines),
    }


def restart(bench: Bench, tool: Tool) -> Figures:
    """Services are killed one after another; each time it counts until the successor answers."""
    if not tool.restarts:
        return {}
    with _session(bench, tool, bench.program.servers(bench.ports[:FEW]), quick=True) as session:
        answers.until_all_answer(session.plan.ports, within_s=_READY_WITHIN_S)
        time.sleep(_CALM_S)
        pauses = []
        for port in session.plan.ports[:_KILLS]:
            before = answers.who_answers(port)
            if before is None:
                raise RuntimeError(f"nobody answers on port {port} any more")
            killed = time.monotonic()
            os.kill(before, signal.SIGKILL)
            pauses.append(1000 * (answers.until_another_answers(port, before, within_s=_AGAIN_WITHIN_S) - killed))
            time.sleep(_PAUSE_S)
    return {"restart": statistics.median(pauses)}


def idle(bench: Bench, tool: Tool) -> Figures:
    """100 services do nothing; what does it cost that someone watches over them?"""
    with _session(bench, tool, bench.program.servers(bench.ports[:IDLE])) as session:
        answers.until_all_answer(session.plan.ports, within_s=_READY_WITHIN_S)
        _wait_for_command(session)
        time.sleep(_CALM_S)
        main_pid, supervising = session.main_pid(), session.supervising()
        before, began = {pid: processes.cpu_s(pid) for pid in supervising}, time.monotonic()
        time.sleep(_IDLE_S)
        elapsed_s = time.monotonic() - began
        percent = {pid: 100 * (processes.cpu_s(pid) - before[pid]) / elapsed_s for pid in supervising}
        memory = {pid: processes.pss_mb(pid) for pid in supervising}
    return {
        "idle_cpu": sum(percent.values()),
        "idle_cpu_main": percent[main_pid],
        "memory": sum(memory.values()),
        "memory_main": memory[main_pid],
    }


def orphans(bench: Bench, tool: Tool) -> Figures:
    """The tool itself is killed; what is left of its services two seconds later?"""
    with _session(bench, tool, bench.program.servers(bench.ports[:FEW])) as session:
        answers.until_all_answer(session.plan.ports, within_s=_READY_WITHIN_S)
        _wait_for_command(session)
        os.kill(session.main_pid(), signal.SIGKILL)
        time.sleep(2.0)
        figures = {"orphans": float(len(session.services()))}
        command = tool.stop_command()
        if command is not None:
            _run(command, session.plan)
            figures["orphans_after_down"] = float(len(processes.marked(session.plan.mark)))
    return figures


SITUATIONS: dict[str, Callable[[Bench, Tool], Figures]] = {
    "start_and_stop": start_and_stop,
    "output": output,
    "restart": restart,
    "idle": idle,
    "orphans": orphans,
}


@contextmanager
def _folder(bench: Bench) -> Iterator[Path]:
    folder = bench.folder / uuid.uuid4().hex[:8]
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _session(bench: Bench, tool: Tool, services: tuple[Service, ...], *, quick: bool = False) -> Iterator[Session]:
    with _folder(bench) as folder:
        plan = Plan(folder, services, bench.folder / "bytecode", quick)
        with running(tool, plan, bench.program) as session:
            yield session


def _come_up(session: Session) -> Figures:
    ready = answers.until_all_answer(session.plan.ports, within_s=_READY_WITHIN_S)
    figures = {"start": ready - session.began}
    told = _wait_for_command(session)
    if told is not None:
        figures["start_told"] = told - session.began
    return figures


def _wait_for_command(session: Session) -> float | None:
    """Wait for the command where it is not the supervisor itself; when it ended."""
    if session.tool.stop_command() is None:
        return None
    code = session.command.wait(timeout=_READY_WITHIN_S)
    ended = time.monotonic()
    if code != 0:
        said = session.plan.folder.joinpath("output").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{session.tool.name} exited with {code}: {said}")
    return ended


def _went(ended: Mapping[int, float], asked: float, services: list[int], supervising: list[int]) -> Figures:
    figures = {}
    if all(pid in ended for pid in services):
        figures["stop"] = max(ended[pid] for pid in services) - asked
    if all(pid in ended for pid in [*services, *supervising]):
        figures["stop_all"] = max(ended.values()) - asked
    return figures


def _stopped_by_command(bench: Bench, tool: Tool) -> Figures:
    with _session(bench, tool, bench.program.servers(bench.ports[:MANY])) as session:
        _come_up(session)
        time.sleep(_CALM_S)
        command = tool.stop_command() or []
        began = time.monotonic()
        _run(command, session.plan)
        return {"stop_command": time.monotonic() - began}


def _run(command: list[str], plan: Plan) -> None:
    subprocess.run(command, cwd=plan.folder, env=plan.env, capture_output=True, check=True, timeout=_GONE_WITHIN_S)


@contextmanager
def _plain_producers(bench: Bench, folder: Path) -> Iterator[None]:
    """The producers, each with a session of its own, as under most tools, writing `> file`."""
    mark, started = folder.name, []
    try:
        for producer in bench.program.producers(PRODUCERS, bench.lines, WIDTH, folder):
            with folder.joinpath(f"{producer.name}.log").open("wb") as log:
                env = {**os.environ, MARK: mark}
                started.append(subprocess.Popen(producer.argv, stdout=log, env=env, start_new_session=True))
        yield
    finally:
        processes.end_all(mark)
        for process in started:
            process.wait()


def _produce(folder: Path, turn: int, files: Iterable[Path]) -> float:
    """Have the producers write everything; their mean time. It is brought to disk then: nobody later waits for that."""
    folder.joinpath(f"go.{turn}").touch()
    reports = _wait_for(folder, f"report-*.{turn}")
    for path in files:
        with suppress(FileNotFoundError), path.open("rb") as file:
            os.fdatasync(file)
    return statistics.mean(float(path.read_text(encoding="utf-8")) for path in reports)


def _wait_for(folder: Path, pattern: str) -> list[Path]:
    """Wait for a file from each of the producers."""
    deadline = time.monotonic() + _DRAINED_WITHIN_S
    while len(found := list(folder.glob(pattern))) < PRODUCERS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"fewer than {PRODUCERS} of {pattern} after {_DRAINED_WITHIN_S:g} s")
        time.sleep(0.05)
    return found


def _cpu_s(pids: list[int]) -> float:
    return sum(processes.cpu_s(pid) for pid in pids)


def _wait_until_calm(pids: list[int]) -> None:
    """Wait until these have nothing left to read: they use less than 2 % of a core over a second."""
    deadline = time.monotonic() + _DRAINED_WITHIN_S
    used = _cpu_s(pids)
    while time.monotonic() < deadline:
        time.sleep(1.0)
        before, used = used, _cpu_s(pids)
        if used - before < 0.02:
            return


def _lines_in(path: Path) -> int:
    """How many of the producers' lines a file holds; each ends with many x, and where a terminal was, with CR LF."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(line.rstrip().endswith(b"xxxxxxxx") for line in file)
