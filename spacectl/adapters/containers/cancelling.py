"""A request to the engine that takes minutes, and that another thread may end before it is answered in full."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from docker.errors import DockerException
from docker.types import CancellableStream

from spacectl.adapters.containers.engine import Engine


class Cancelling:
    """Ends a request by closing its connection: the engine stops a build or a pull whose client is gone.

    One whose files are still being sent ends when that is done. A connection over SSH cannot be closed so.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._answer: Any = None
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """A connection of its own for the request.

        Raises:
            AwayError: there is no engine.
        """
        engine = Engine()
        engine.ask(lambda api: api.hooks["response"].append(self._answered))
        return engine

    def cancel(self) -> None:
        """End the request; the thread that waits for it sees it end, or never begins it."""
        with self._lock:
            self.cancelled = True
        self._hang_up()

    def _answered(self, answer: Any, *_: object, **__: object) -> None:
        with self._lock:
            self._answer = answer
        if self.cancelled:
            self._hang_up()

    def _hang_up(self) -> None:
        with self._lock, contextlib.suppress(DockerException, OSError, AttributeError):  # it may end at this moment
            if self._answer is not None:
                CancellableStream(iter(()), self._answer).close()
