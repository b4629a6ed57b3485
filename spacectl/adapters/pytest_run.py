"""Runs pytest in a process of its own and hears of each check as it ends: no check can take the report along."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from spacectl.model.report_check import CheckProgress

_BLOCK = 64 * 1024
_LOOK_S = 0.2
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class PytestOrder:
    """What to run.

    Attributes:
        folder: where; its files are told relative to it.
        paths: what to collect.
        plugin: the module that tells of each check by the option `--spacectl-results`.
        options: more options.
        environment: of the process.
        log: the file that gets what pytest prints.
    """

    folder: Path
    paths: tuple[str, ...]
    plugin: str
    options: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path


class PytestRun:
    """One run. Use it with `with`: left early, it ends pytest and what the checks started in its session."""

    def __init__(self, order: PytestOrder) -> None:
        self._results, theirs = os.pipe()
        command = [
            sys.executable, "-m", "pytest", "-p", order.plugin, "--rootdir", str(order.folder),
            "--continue-on-collection-errors", "--spacectl-results", str(theirs), *order.options, *order.paths,
        ]  # fmt: skip
        try:
            with order.log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603  (our own interpreter)
                    command, cwd=order.folder, env=dict(order.environment), pass_fds=(theirs,), start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                )  # fmt: skip
        except OSError:
            os.close(self._results)
            raise
        finally:
            os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.end()
        os.close(self._results)

    @property
    def code(self) -> int | None:
        """How it ended: an exit code, or a signal's number as a negative one; None while it runs."""
        return self._process.poll()

    def progress(self, deadline: float) -> Iterator[CheckProgress | None]:
        """What it tells, as it comes, up to its end or a deadline (monotonic seconds); None now and then meanwhile."""
        held = b""
        while time.monotonic() < deadline:
            ended = self.code is not None  # asked before reading: what it told before its end is there then
            if select.select([self._results], [], [], 0 if ended else _LOOK_S)[0]:
                block = os.read(self._results, _BLOCK)
                *lines, held = (held + block).split(b"\n")
                yield from _decoded(lines)
                if block:
                    continue
            if ended:
                return
            yield None

    def end(self) -> None:
        """End what is left of it: pytest has a moment to put away what it uses, then everything is killed."""
        if self.code is None:
            self._signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _decoded(lines: Iterable[bytes]) -> Iterator[CheckProgress]:
    return (CheckProgress.model_validate_json(line, strict=False) for line in lines)
