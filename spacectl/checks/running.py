"""The running system as checks see it, always as it is at that moment."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from spacectl.adapters.control.client import ControlClient
from spacectl.adapters.folders import find_system
from spacectl.model.layout import Layout
from spacectl.model.report import PsReport, SpaceReport

_ANSWER_S = 60.0


class RunningSystem:
    """One running system.

    Attributes:
        layout: its files.
        client: what asks its supervisor.
        forgiven: how often a check ended each replica on purpose.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.client = ControlClient(layout.control_socket, timeout_s=_ANSWER_S)
        self.forgiven: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<the system in {self.layout.home}>"

    @property
    def report(self) -> PsReport:
        """What `spacectl ps --json` tells.

        Raises:
            NotRunningError: it does not run.
        """
        return self.client.report()

    @property
    def name(self) -> str:
        return self.report.system

    @property
    def state(self) -> str:
        """`ready`, or the worst state of what was started."""
        return self.report.state

    @property
    def url(self) -> str | None:
        """The front door; None where no space serves an API."""
        gateway = self.report.gateway
        return None if gateway is None else gateway.url

    @property
    def states(self) -> Mapping[str, str]:
        """The state of each space."""
        return {space.name: space.state for space in self.report.spaces}

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each API answers, at the front door."""
        return {space.name: space.url for space in self.report.spaces if space.url is not None}

    def space(self, name: str) -> SpaceReport:
        """How one space is.

        Raises:
            KeyError: there is none of that name.
        """
        report = self.report
        for space in report.spaces:
            if space.name == name:
                return space
        raise KeyError(f"no space is named {name!r}; there are: {', '.join(space.name for space in report.spaces)}")


def find_running(folder: Path) -> RunningSystem:
    """The system that SPACECTL_SYSTEM names, or the nearest one from a folder upwards; it need not run.

    Raises:
        NotRunningError: there is none.
    """
    named = os.environ.get("SPACECTL_SYSTEM")
    if named:
        return RunningSystem(find_system(Path(named)))
    holder = next((above for above in (folder, *folder.parents) if above.joinpath("system.toml").is_file()), folder)
    return RunningSystem(find_system(holder))
