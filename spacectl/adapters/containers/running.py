"""The containers of one system: each has a thread that makes it, carries its output and sees its end."""

from __future__ import annotations

import asyncio
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from spacectl.adapters.containers import endings
from spacectl.adapters.containers.engine import (
    INSTANCE,
    REPLICA,
    SYSTEM,
    AwayError,
    Engine,
    MissingError,
    RefusedError,
)
from spacectl.adapters.containers.giving import give, users_of
from spacectl.adapters.containers.making import created
from spacectl.adapters.containers.output import Carrier
from spacectl.model.container import Place, pseudo_pid
from spacectl.model.launch import Launch
from spacectl.model.state import Ended, Process

_AGAIN_S = 0.2
_PATIENCE_S = 60.0

Tail = Callable[[Path, int], tuple[str, ...]]
"""The last lines that a log holds from an offset on."""


@dataclass(eq=False)
class Container:
    """A container, from before it is made until it is removed.

    Attributes:
        mark: its name; nobody else's, ever.
        pid: stands for it where a process has its id.
        place: where it runs; None where it does not.
    """

    launch: Launch
    mark: str
    log_start: int
    ended: asyncio.Future[Ended] = field(repr=False)
    _engine: Engine = field(repr=False)
    _carrier: Carrier = field(repr=False)
    _tail: Tail = field(repr=False)
    _gone: asyncio.Future[None] = field(repr=False)
    place: Place | None = None
    start_ticks: int = 0
    _asked: int | None = None
    _made: bool = False
    _ran: bool = False

    @property
    def pid(self) -> int:
        return pseudo_pid(self.mark)

    def ask(self, number: int) -> None:
        """Send a signal to its first process, where that has not ended; to one that is being made, once it runs."""
        self._asked = number
        if self._made and not self.ended.done():
            threading.Thread(target=self._signal, args=(number,), daemon=True).start()

    async def gone(self) -> None:
        """Wait until it has been removed, as it is once it has ended."""
        await asyncio.shield(self._gone)

    def removed(self) -> None:
        """Tell whoever waits for it that it is no longer there."""
        if not self._gone.done():
            self._gone.set_result(None)

    def tail(self) -> tuple[str, ...]:
        """The last lines it wrote."""
        return self._tail(self.launch.log, self.log_start)

    def make(self, name: str, labels: Mapping[str, str]) -> None:
        """Make it and start it; blocks.

        Raises:
            AwayError, RefusedError: the engine did not.
        """
        made = self._engine.ask(lambda api: api.create_container(**created(api, self.launch, name, labels)))
        self._made = True
        spec = self.launch.container
        if spec is not None and spec.user is not None:
            give(Path(spec.data), spec.user, lambda: users_of(self._engine, name))
        self._engine.ask(lambda api: api.start(made["Id"]))
        self.look()
        if self._asked is not None:
            self._signal(self._asked)

    def look(self) -> dict[str, Any]:
        """What the engine says of it; blocks.

        Raises:
            AwayError, RefusedError: nothing.
        """
        seen: dict[str, Any] = self._engine.ask(lambda api: api.inspect_container(self.mark))
        self._made = True
        self._ran = self._ran or seen["State"]["Running"]
        self.place = _place(seen)
        return seen

    def follow(self) -> Ended:
        """Carry its output until it has ended, whatever becomes of the engine meanwhile; blocks."""
        while True:
            try:
                self._carry()
                seen = self.look()
                if not seen["State"]["Running"]:
                    return self._how_ended(seen)
            except MissingError:
                return Ended(None, None, "its container was removed by hand")
            except (AwayError, RefusedError):
                pass  # it is being started again: it tells when it is back
            time.sleep(_AGAIN_S)

    def close(self, reason: str | None = None) -> None:
        """Let its files go."""
        if reason is not None:
            self._carrier.say(reason)
        self._carrier.close()

    def _how_ended(self, seen: Mapping[str, Any]) -> Ended:
        """How it ended; one that was ended by somebody else did not end by itself, whatever it made of it."""
        ended = endings.ended(seen["State"], self.launch.container.memory if self.launch.container else None)
        if self._asked is not None or ended.cause is not None:
            return ended
        if ended.signal == signal.SIGKILL:  # as `docker rm -f` does, before it removes it
            time.sleep(_AGAIN_S)
            self.look()
        try:
            cause = endings.from_outside(
                self._engine.ask(self._events), seen, watched=self._ran and self._engine.remembers
            )
        except AwayError:
            return Ended(None, None, "the Docker engine was stopped")
        return Ended(None, None, cause) if ended.signal is None and cause is not None else ended

    def _events(self, api: docker.APIClient) -> list[dict[str, Any]]:
        now: Any = f"{time.time():.6f}"  # to whole seconds it would leave out the last, or wait for the end of this one
        about = {"container": self.mark, "event": list(endings.EVENTS)}
        return list(api.events(since=1, until=now, filters=about, decode=True))

    def _carry(self) -> None:
        since = self._carrier.since_s or None
        pieces = self._engine.ask(
            lambda api: api.logs(self.mark, stream=True, follow=True, timestamps=True, since=since)
        )
        self._engine.ask(lambda _: self._carrier.carry(pieces))

    def _signal(self, number: int) -> None:
        for _ in range(3):
            try:
                self._engine.ask(lambda api: api.kill(self.mark, number))
            except RefusedError as error:
                if "paused" not in str(error):
                    return
                self._unpause()
            except AwayError:
                return  # it is asked again
            else:
                return

    def _unpause(self) -> None:
        try:
            self._engine.ask(lambda api: api.unpause(self.mark))
        except (AwayError, RefusedError):
            return

    def remove(self) -> None:
        """Remove it, as soon as an engine answers; blocks."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            try:
                self._engine.ask(lambda api: api.remove_container(self.mark, force=True, v=True))
            except MissingError:
                return
            except (AwayError, RefusedError):
                time.sleep(_AGAIN_S)
            else:
                return


class Containers:
    """Starts and adopts the containers of one system.

    Args:
        engine: what runs them.
        system: the system's name.
        instance: the system's mark.
        records: the folder that says what of their output was carried over.
        tail: finds the last lines of a log.
    """

    def __init__(self, engine: Engine, system: str, instance: str, records: Path, tail: Tail) -> None:
        self._engine = engine
        self._system = system
        self._instance = instance
        self._records = records
        self._tail = tail
        self._live: dict[int, Container] = {}

    def spawn(self, launch: Launch, replica: str) -> Container:
        """Begin to make a container; what becomes of it shows by its end.

        Raises:
            SpawnError: its log cannot be written.
        """
        name = f"{self._system}-{replica}-{secrets.token_hex(4)[:7]}"
        container = self._container(launch, name, replica, goes_on=False)
        labels = {INSTANCE: self._instance, REPLICA: replica, SYSTEM: self._system}
        self._begin(container, lambda: container.make(name, labels))
        return container

    def adopt(self, launch: Launch, replica: str, process: Process) -> Container:
        """Take over a container that an earlier supervisor started.

        Raises:
            SpawnError: its log cannot be written.
        """
        container = self._container(launch, process.mark, replica, goes_on=True)
        container.log_start = process.log_start
        self._begin(container, container.look)
        return container

    def places(self) -> dict[int, Place]:
        """Where each container that runs does so, by what stands for the container."""
        return {pid: place for pid, each in self._live.items() if (place := each.place) is not None}

    def execute(self, pid: int, argv: Sequence[str]) -> str | None:
        """Run a command in a container; why it failed, or None. Blocks."""
        container = self._live.get(pid)
        if container is None:
            return "its container is gone"
        try:
            made = self._engine.ask(lambda api: api.exec_create(container.mark, list(argv)))
            self._engine.ask(lambda api: api.exec_start(made["Id"]))
            code = self._engine.ask(lambda api: api.exec_inspect(made["Id"]))["ExitCode"]
        except (AwayError, RefusedError) as error:
            return str(error)
        return None if code == 0 else f"its command exited with code {code}"

    def _container(self, launch: Launch, name: str, replica: str, *, goes_on: bool) -> Container:
        carrier = Carrier(launch.log, self._records / replica, goes_on=goes_on)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Ended] = loop.create_future()
        gone: asyncio.Future[None] = loop.create_future()
        return Container(launch, name, carrier.log_start, ended, self._engine, carrier, self._tail, gone)

    def _begin(self, container: Container, begin: Any) -> None:
        loop = asyncio.get_running_loop()
        self._live[container.pid] = container

        def live() -> None:
            try:
                begin()
                ended, reason = container.follow(), None
            except MissingError as error:
                ended, reason = Ended(None, None, str(error)), f"spacectl: {error}"
            except (AwayError, RefusedError) as error:
                ended, reason = Ended(None, None, f"it could not be started: {error}"), f"spacectl: {error}"
            container.close(reason)
            loop.call_soon_threadsafe(self._over, container, ended)
            container.remove()
            loop.call_soon_threadsafe(container.removed)

        threading.Thread(target=live, name=container.mark, daemon=True).start()

    def _over(self, container: Container, ended: Ended) -> None:
        self._live.pop(container.pid, None)
        container.place = None
        if not container.ended.done():
            container.ended.set_result(ended)


def _place(seen: Mapping[str, Any]) -> Place | None:
    addresses = [each["IPAddress"] for each in seen["NetworkSettings"]["Networks"].values() if each["IPAddress"]]
    return Place(seen["State"]["Pid"], addresses[0]) if seen["State"]["Pid"] and addresses else None
