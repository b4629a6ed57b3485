"""What Ctrl-C and SIGTERM do to a command that holds a system."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM)


def obey_terminate() -> None:
    """Let SIGTERM do what Ctrl-C does: `timeout 60 spacectl up` ends in order too."""
    signal.signal(signal.SIGTERM, _interrupt)


def obey_endings() -> None:
    """Let SIGTERM and the end of the terminal do what Ctrl-C does; a job that is to outlive its terminal does."""
    obey_terminate()
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _hang_up(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # shells pass it on too: the second one must not disturb the end
    raise KeyboardInterrupt


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Signals that arrive meanwhile are delivered afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_ENDING, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(slots=True)
class Count:
    """How often the end was asked for."""

    asked: int = 0

    def more(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1


@contextlib.contextmanager
def counted() -> Iterator[Count]:
    """Ctrl-C and SIGTERM only count meanwhile. One that the shell ignores for us (a job in the background) stays so."""
    count = Count()
    with held_back():
        before = {number: signal.getsignal(number) for number in _ENDING}
        for number in _ENDING:
            if before[number] != signal.SIG_IGN:
                signal.signal(number, count.more)
    try:
        yield count
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
