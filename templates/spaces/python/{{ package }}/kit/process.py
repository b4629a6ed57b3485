"""How the process talks and how it ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from types import FrameType

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"


def prepare() -> None:
    """Call once, when the module that uvicorn serves is imported."""
    log_to_stdout(os.environ.get("LOG_LEVEL", "info"))
    exit_with_zero_on_sigterm()


def log_to_stdout(level: str) -> None:
    """One line for each record, uvicorn's too: time in UTC, level, logger, message."""
    formatter = logging.Formatter(FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        if logger.handlers:  # none with --no-access-log
            logger.handlers.clear()
            logger.propagate = True
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it notes each request


def exit_with_zero_on_sigterm() -> None:
    """A stop that was asked for is a success.

    When uvicorn has shut down it raises the signal again for whoever handled it before (`Server.capture_signals`).
    Nobody did, so the process would end as killed by SIGTERM, which reads like a failure.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _exit)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
