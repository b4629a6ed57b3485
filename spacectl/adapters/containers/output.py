"""Carries the output of a container into the log of its replica, each byte once, also across supervisors.

The engine keeps what a container writes in pieces, each with a time. Neither tells pieces apart nor orders them: all
pieces of a long line have the same time, and two streams are written as they come. But from one second on it tells the
same pieces in the same order each time. So what was carried over is on record as the length of the log, and how many
pieces of each of the last seconds are in it. Who comes next cuts off what is not on record, and leaves out as many.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from spacectl.model.launch import SpawnError

_RECORD = "{:020d} {:<120}\n"
_KEPT_S = 3
"""Seconds whose pieces are counted; a piece is not written that much later than its time says."""


class Carrier:
    """The way of one container's output into one log.

    Args:
        log: the file; appended to.
        record: the file that says what was carried over.
        goes_on: another supervisor has carried some of it already.

    Raises:
        SpawnError: the files cannot be written.
    """

    def __init__(self, log: Path, record: Path, *, goes_on: bool) -> None:
        self._counts: dict[int, int] = {}
        try:
            self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.log_start = os.fstat(self._log).st_size
            record.parent.mkdir(mode=0o700, exist_ok=True)
            if goes_on:
                self._go_on(record)
            self._size = os.fstat(self._log).st_size
            self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not goes_on:  # what is on record is another container's
                os.pwrite(self._record, _RECORD.format(self._size, "").encode(), 0)
        except OSError as error:
            raise SpawnError(f"cannot write {error.filename}: {error.strerror}", final=False) from error

    @property
    def since_s(self) -> int:
        """From which second on the engine is to tell its pieces again, since the epoch; 0 for all."""
        return min(self._counts, default=0)

    def carry(self, pieces: Iterable[bytes]) -> None:
        """Append pieces that begin with their time and a blank, all from `since_s` on.

        Those that are there already come first, and are left out.
        """
        known = sum(self._counts.values())
        if os.fstat(self._log).st_size > self._size:  # the disk was full in the middle of one
            os.ftruncate(self._log, self._size)
        for number, piece in enumerate(pieces):
            if number < known:
                continue
            at, _, text = piece.partition(b" ")
            _write(self._log, text)
            self._count(_second(at))
            counts = " ".join(f"{second}:{count}" for second, count in self._counts.items())
            self._size = os.fstat(self._log).st_size
            os.pwrite(self._record, _RECORD.format(self._size, counts).encode(), 0)

    def _count(self, second: int) -> None:
        self._counts[second] = self._counts.get(second, 0) + 1
        if len(self._counts) > 1:
            newest = max(self._counts)
            self._counts = {each: count for each, count in self._counts.items() if each > newest - _KEPT_S}

    def say(self, line: str) -> None:
        """Append a line of our own; a disk that is full takes none."""
        with contextlib.suppress(OSError):
            _write(self._log, f"{line}\n".encode())

    def close(self) -> None:
        """Let the files go."""
        os.close(self._log)
        os.close(self._record)

    def _go_on(self, record: Path) -> None:
        try:
            told, *counts = record.read_text(encoding="ascii").split()
            size = int(told)
            self._counts = {int(second): int(count) for second, count in (each.split(":") for each in counts)}
        except (OSError, ValueError):
            return
        if size < os.fstat(self._log).st_size:
            os.ftruncate(self._log, size)


def _second(at: bytes) -> int:
    return int(datetime.fromisoformat(at[:19].decode("ascii") + "+00:00").timestamp())


def _write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
