"""A running system as its clients see and steer it: the loop, the change feed, and the numbers beside the state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from spacectl.core.assemble import with_dependencies
from spacectl.core.flow import Flow
from spacectl.core.hints import did_you_mean
from spacectl.errors import InternalError, UsageError
from spacectl.model.actions import Action, Note
from spacectl.model.events import Event, Restart, ShutDown, Start, Stop
from spacectl.model.flow import FlowReport
from spacectl.model.flow_readings import Declared
from spacectl.model.report import (
    Accepted,
    ApplyRequest,
    Change,
    ChangesReport,
    Noted,
    PsReport,
    ScaleRequest,
)
from spacectl.model.state import State
from spacectl.runtime.feed import Feed
from spacectl.runtime.loop import Loop
from spacectl.view.flow import flow_report, space_rates
from spacectl.view.report import Surroundings, report


@dataclass(frozen=True, slots=True)
class Numbers:
    """What processes use, by pid."""

    cpu_percent: Mapping[int, float]
    memory_bytes: Mapping[int, int]


class Changer(Protocol):
    """Makes the running system what is written now, or what is asked for."""

    async def apply(self, wish: ApplyRequest) -> ChangesReport: ...
    async def scale(self, wish: ScaleRequest) -> ChangesReport: ...


class Supervisor:
    """Joins the loop to those who watch and steer it.

    Args:
        state: the system at rest.
        around: what reports tell beside the state.
        clock: the monotonic clock.
        journal: keeps a line of history.
        selected: the spaces that a start without names means.
    """

    def __init__(
        self,
        state: State,
        around: Surroundings,
        *,
        clock: Callable[[], float],
        journal: Callable[[Note], None],
        selected: frozenset[str],
    ) -> None:
        self._around = around
        self._journal = journal
        self._selected = selected
        self._flow = Flow()
        self._flow_rates: Mapping[str, tuple[float, float]] | None = None
        self._declared = Declared(around.system, (), {}, {}, frozenset())
        self._feed = Feed(self.report, self.flow)
        self._perform: Callable[[Action, State], None] | None = None
        self._changer: Changer | None = None
        self._followers: list[Callable[[State], None]] = [lambda _: self._feed.changed()]
        self.loop = Loop(state, clock, self._do, self._tell)

    def attach(self, perform: Callable[[Action, State], None], changer: Changer | None = None) -> None:
        """Name the one that does what the loop decides, and the one that changes the system while it runs."""
        self._perform = perform
        self._changer = changer

    def listen(self, follower: Callable[[State], None]) -> None:
        """Name one more who is told of every new state, in the loop: it must not block."""
        self._followers.append(follower)

    def post(self, event: Event) -> None:
        """Tell the loop that something happened."""
        self.loop.post(event)

    def note(self, note: Note) -> None:
        """Keep a line of history and tell it to whoever listens."""
        self._journal(note)
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._feed.noted(Noted(time=at, subject=note.subject, kind=note.kind, text=note.text))

    def measured(self, numbers: Numbers) -> None:
        """Take in what the processes use now."""
        self._around = replace(self._around, cpu_percent=numbers.cpu_percent, memory_bytes=numbers.memory_bytes)

    def flowed(self, flow: Flow, declared: Declared) -> None:
        """Take in what moved until now, and what is declared."""
        self._flow, self._declared = flow, declared
        self._flow_rates = None
        self._feed.flowed()

    def pids(self) -> list[int]:
        """The main processes of this moment."""
        replicas = (replica for unit in self.loop.state.units.values() for replica in unit.replicas)
        return [each.process.pid for each in replicas if each.process is not None and not each.process.ended]

    def report(self) -> PsReport:
        """How everything stands now."""
        if self._flow_rates is None:
            self._flow_rates = space_rates(self._flow)
        return report(self.loop.state, replace(self._around, flow_rates=self._flow_rates))

    def flow(self) -> FlowReport:
        """What moves between the spaces."""
        return flow_report(self._flow, self._declared, clock_offset_s=self._around.clock_offset_s)

    def changes(self, *, flow: bool = False) -> AsyncIterator[Change]:
        """How everything stands, then every change; what moves too if asked for."""
        return self._feed.listen(flow=flow)

    def start(self, names: tuple[str, ...]) -> Accepted:
        """Start spaces with all they are after; without names, what `up` started."""
        wanted = self.with_all_before(self._known(names) or self._selected)
        self.post(Start(wanted))
        return _accepted(wanted - self._engines())

    def stop(self, names: tuple[str, ...]) -> Accepted:
        """Stop spaces; without names, all of them."""
        named = self._known(names) or frozenset(self.loop.state.units) - self._engines()
        self.post(Stop(named))
        return _accepted(named)

    def restart(self, names: tuple[str, ...]) -> Accepted:
        """Restart spaces; without names, all that are started."""
        started = frozenset(name for name, unit in self.loop.state.units.items() if unit.wanted)
        named = self._known(names) or started - self._engines()
        self.post(Restart(named))
        return _accepted(named)

    async def apply(self, wish: ApplyRequest) -> ChangesReport:
        """Take on what the manifests say now."""
        return await self._to_change().apply(wish)

    async def scale(self, wish: ScaleRequest) -> ChangesReport:
        """Give spaces other numbers of replicas."""
        return await self._to_change().scale(wish)

    @property
    def revision(self) -> int:
        """How often somebody has changed what the system is to be."""
        return self._around.revision

    def remade(
        self,
        *,
        selected: frozenset[str],
        ports: Mapping[str, int],
        urls: Mapping[str, str],
        gateway_url: str | None,
        warnings: Mapping[str, str],
    ) -> None:
        """Take in what the system is made ready for now."""
        self._selected = selected
        self._around = replace(
            self._around,
            ports=ports,
            urls=urls,
            gateway_url=gateway_url,
            warnings=warnings,
            revision=self.revision + 1,
        )

    def shut_down(self, *, now: bool) -> None:
        """End everything; `now` means with SIGKILL."""
        self.post(ShutDown(now=now))

    def refuse_if_closing(self) -> None:
        """Take no wish any more once the system goes down.

        Raises:
            UsageError: it does.
        """
        if self.loop.state.closing:
            raise UsageError("the system is going down")

    def with_all_before(self, names: frozenset[str]) -> frozenset[str]:
        """These spaces, everything they are after, and the engines."""
        units = self.loop.state.units
        return with_dependencies({name: unit.after for name, unit in units.items()}, names | self._engines())

    def _to_change(self) -> Changer:
        if self._changer is None:
            raise InternalError("nothing is attached that changes a running system")
        return self._changer

    def _engines(self) -> frozenset[str]:
        return frozenset(name for name, unit in self.loop.state.units.items() if unit.engine)

    def _known(self, names: tuple[str, ...]) -> frozenset[str]:
        known = sorted(unit.name for unit in self.loop.state.units.values() if not unit.engine and not unit.leaving)
        for name in names:
            if name not in known:
                raise UsageError(f'no space is named "{name}"', hint=did_you_mean(name, known))
        self.refuse_if_closing()
        return frozenset(names)

    def _tell(self, state: State) -> None:
        for follower in self._followers:
            follower(state)

    def _do(self, action: Action, state: State) -> None:
        if self._perform is not None:
            self._perform(action, state)


def _accepted(names: frozenset[str]) -> Accepted:
    return Accepted(spaces=tuple(sorted(names)))
