"""Ends a process that is a page when its server ends, even where that is killed."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_server() -> None:
    """Let the kernel kill this process when its parent ends (prctl(2)): drawing for nobody, it would go on for ever.

    Raises:
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if _has_no_writer(sys.stdin.fileno()):
        signal.raise_signal(signal.SIGKILL)  # the server ended before it was asked for


def _has_no_writer(pipe: int) -> bool:
    asked = select.poll()
    asked.register(pipe, 0)
    return any(event & select.POLLHUP for _, event in asked.poll(0))
