"""Keeps the logs of a running system: gives them their times, and keeps each within its bound.

The kernel wakes it (inotify(7)) when a log has grown. Each watch is good for one event (IN_ONESHOT) and is set again
only at the next turn, and turns are 50 ms apart: however fast programs write, it wakes at most twenty times a second,
and never while all is quiet.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from spacectl.adapters.log_store.files import is_current
from spacectl.adapters.log_store.inotify import Inotify, Mask
from spacectl.adapters.log_store.kept_log import KeptLog
from spacectl.adapters.log_store.trimming import Method, method

TURN_S: Final = 0.05
_UNWATCHED_TURN_S: Final = 0.25
"""How often logs are looked at that the kernel cannot watch, because it has no watches left."""

BOUND_BYTES: Final = 64 * 1024**2

_PATIENCE_S: Final = 0.3

_WRITTEN = Mask.MODIFY | Mask.ONESHOT
_COMING = Mask.CREATE | Mask.MOVED_TO | Mask.ONLYDIR


class LogKeeper:
    """Keeps all logs of one folder, new ones too.

    Args:
        folder: where the logs are; it must exist.
        bound: bytes of each log that are kept. On disk a log may take a quarter more; where holes cannot be punched,
            at least half of it is kept.
        how: by which means; None to find out.
    """

    def __init__(self, folder: Path, *, bound: int = BOUND_BYTES, how: Method | None = None) -> None:
        self._folder = folder
        self._bound = bound
        self._how = how
        self._loop = asyncio.get_running_loop()
        self._logs: dict[str, KeptLog] = {}
        self._watches: dict[int, KeptLog] = {}
        self._unwatched: set[KeptLog] = set()
        self._trims: set[asyncio.Future[bool]] = set()
        self._inotify: Inotify | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unwatched_timer: asyncio.TimerHandle | None = None
        self._last_turn = 0.0
        self._folder_watch = -1

    async def run(self) -> None:
        """Keep the logs until cancelled; then give the last lines their times.

        Raises:
            OSError: the folder cannot be read or written.
        """
        try:
            self._start()
            await self._loop.create_future()
        finally:
            await self._finish()

    def _start(self) -> None:
        self._how = self._how or method(self._folder)
        try:
            self._inotify = Inotify()
            self._folder_watch = self._inotify.add(self._folder, _COMING)
            self._listen()
        except OSError:  # too many inotify users: everything is looked at instead
            self._drop_inotify()
            self._look_later()
        self._find(watched=False)

    async def _finish(self) -> None:
        for timer in (self._timer, self._unwatched_timer):
            if timer is not None:
                timer.cancel()
        if self._inotify is not None:
            self._loop.remove_reader(self._inotify.fileno())
        if self._trims:
            await asyncio.wait(self._trims, timeout=_PATIENCE_S)
        for log in self._logs.values():
            if not log.is_trimmed:  # else its file is in use in another thread
                log.record()
                log.close()
        self._logs.clear()
        self._drop_inotify()

    def _listen(self) -> None:
        if self._inotify is not None:
            self._loop.add_reader(self._inotify.fileno(), self._woken)

    def _woken(self) -> None:
        """Something was written: take a turn, but not sooner than a while after the last one."""
        if self._inotify is not None:
            self._loop.remove_reader(self._inotify.fileno())
        wait_s = self._last_turn + TURN_S - self._loop.time()
        if wait_s <= 0:
            self._turn()
        else:
            self._timer = self._loop.call_later(wait_s, self._turn)

    def _turn(self) -> None:
        if self._inotify is None:
            return
        self._last_turn = self._loop.time()
        grown = []
        for event in self._inotify.read():
            if event.mask & Mask.Q_OVERFLOW or (event.watch == self._folder_watch and is_current(event.name)):
                self._find(watched=True)
            elif log := self._watches.pop(event.watch, None):
                grown.append(log)
        for log in grown:
            self._look(log)
        self._listen()

    def _look(self, log: KeptLog) -> None:
        """Watch a log again, then record its size: what is written in between wakes us once more."""
        if self._logs.get(log.name) is not log:
            return
        self._watch(log)
        log.record()
        if log.needs_trim(self._bound):
            self._trim(log)

    def _watch(self, log: KeptLog) -> None:
        try:
            if self._inotify is None:
                raise OSError  # noqa: TRY301  (the same as no watches left)
            self._watches[self._inotify.add(f"/proc/self/fd/{log.descriptor}", _WRITTEN)] = log
            self._unwatched.discard(log)
        except OSError:
            self._unwatched.add(log)
            self._look_later()

    def _find(self, *, watched: bool) -> None:
        """Take in logs that are new, or new again, and let go of those that are gone."""
        present = self._present()
        for name in [name for name, log in self._logs.items() if name not in present or not log.is_at(present[name])]:
            self._let_go(self._logs.pop(name))
        for name in present.keys() - self._logs.keys():
            try:
                log = KeptLog(present[name], self._how or "punch", seen_from_start=watched)
            except OSError:  # it is gone again, or the disk is full: looked at again when the next log comes
                continue
            self._logs[name] = log
            self._look(log)

    def _present(self) -> dict[str, Path]:
        try:
            return {path.name: path for path in self._folder.iterdir() if is_current(path.name)}
        except FileNotFoundError:  # somebody took the folder away
            return {}

    def _let_go(self, log: KeptLog) -> None:
        self._unwatched.discard(log)
        if log.is_trimmed:
            log.is_abandoned = True
        else:
            log.close()

    def _trim(self, log: KeptLog) -> None:
        """Make it smaller in a thread: the file system may have to write first what it then throws away."""
        log.is_trimmed = True
        trim = self._loop.run_in_executor(None, log.trim, self._bound)
        self._trims.add(trim)

        def done(_: asyncio.Future[bool]) -> None:
            self._trims.discard(trim)
            log.is_trimmed = False
            if log.is_abandoned:
                log.close()
            elif not trim.cancelled():
                smaller = trim.result()
                log.record()
                if smaller and log.needs_trim(self._bound):  # it grew meanwhile, and may never grow again
                    self._trim(log)

        trim.add_done_callback(done)

    def _look_later(self) -> None:
        if self._unwatched_timer is None:
            self._unwatched_timer = self._loop.call_later(_UNWATCHED_TURN_S, self._look_at_unwatched)

    def _look_at_unwatched(self) -> None:
        self._unwatched_timer = None
        if self._inotify is None:
            self._find(watched=True)
            self._look_later()
        for log in [*self._unwatched]:
            self._look(log)

    def _drop_inotify(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
