"""The spaces as checks use them: HTTP clients on their front doors, which can also act on them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Self

import httpx

from spacectl.adapters.log_store.reading import read
from spacectl.checks.running import RunningSystem
from spacectl.checks.waiting import eventually
from spacectl.model.log_line import Selection
from spacectl.model.report import ReplicaReport, ScaleRequest, SpaceReport
from spacectl.view.verdict import is_there

_REQUEST_S = 10.0
_ACT_S = 60.0


class Space(httpx.Client):
    """One space: an httpx client on its front door (`get("/orders")`), and what `spacectl` can do to it."""

    def __init__(self, running: RunningSystem, name: str, url: str | None) -> None:
        super().__init__(base_url=url or "", timeout=_REQUEST_S, trust_env=False)
        self.name = name
        self._running = running
        self._url = url

    def __repr__(self) -> str:
        return f"<space {self.name} at {self._url}>"

    def request(self, *args: Any, **options: Any) -> httpx.Response:
        """As httpx; the path is that which the space itself sees.

        Raises:
            LookupError: the space serves no API.
        """
        if self._url is None:
            raise LookupError(f"{self.name} serves no API")
        return super().request(*args, **options)

    @property
    def report(self) -> SpaceReport:
        """What `spacectl ps --json` tells of it."""
        return self._running.space(self.name)

    @property
    def state(self) -> str:
        return self.report.state

    @property
    def replicas(self) -> tuple[ReplicaReport, ...]:
        return self.report.replicas

    def restart(self, *, within: float = _ACT_S) -> None:
        """Stop it and start it again, replica by replica, and wait until it is there.

        Raises:
            AssertionError: it was not there in time.
        """
        old = self._places()
        self._running.client.restart((self.name,))
        self._until(lambda now: is_there(now) and old.isdisjoint(_places_of(now)), "restarted", within)

    def kill(self, replica: int | None = None) -> None:
        """End the processes of all its replicas, or of one (from 1), with SIGKILL; spacectl starts them again.

        Raises:
            LookupError: nothing of it runs.
        """
        wanted = {f"{self.name}.{replica}"} if replica is not None else {each.name for each in self.replicas}
        victims = [each for each in self.replicas if each.name in wanted and each.place is not None]
        if not victims:
            raise LookupError(f"{self.name}: nothing to kill, no process runs")
        for each in victims:
            self._running.forgiven[each.name] += 1
            if each.pid is not None:
                os.kill(each.pid, signal.SIGKILL)
            elif each.container is not None:
                kill_container(each.container)

    def scale(self, replicas: int, *, within: float = _ACT_S) -> None:
        """Run so many replicas, and wait until they are there.

        Raises:
            AssertionError: they were not there in time.
        """
        self._running.client.scale(ScaleRequest(scale={self.name: replicas}))
        self._until(lambda now: is_there(now) and len(now.replicas) == replicas, f"{replicas} replicas", within)

    def logs(self) -> str:
        """What its replicas wrote in this run, in the order of time."""
        lines = read(self._running.layout.logs, Selection(names=frozenset({self.name})))
        return "".join(
            f"{line.line.decode(errors='replace')}\n" for line in lines if not line.source.endswith(".build")
        )

    def _places(self) -> set[str]:
        return _places_of(self.report)

    def _until(self, holds: Callable[[SpaceReport], bool], what: str, within: float) -> None:
        __tracebackhide__ = True
        eventually(lambda: self.report, within=within, holds=holds, what=f"{self.name}: {what}")


class Spaces(Mapping[str, Space]):
    """The spaces of a running system, by name."""

    def __init__(self, running: RunningSystem) -> None:
        self._running = running
        self._made: dict[str, Space] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __getitem__(self, name: str) -> Space:
        if name not in self._made:
            told = self._running.space(name)
            self._made[name] = self._open.enter_context(Space(self._running, name, told.url))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter([space.name for space in self._running.report.spaces])

    def __len__(self) -> int:
        return len(self._running.report.spaces)


def kill_container(name: str) -> None:
    """End what runs in a container with SIGKILL."""
    from spacectl.adapters.containers.engine import Engine

    Engine().ask(lambda api: api.kill(name, signal.SIGKILL))


def _places_of(space: SpaceReport) -> set[str]:
    return {replica.place for replica in space.replicas if replica.place is not None}
