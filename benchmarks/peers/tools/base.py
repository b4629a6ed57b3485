"""What the benchmark needs to know of a tool."""

from __future__ import annotations

import os
import shlex
import signal
from abc import ABC, abstractmethod
from pathlib import Path

from benchmarks.peers.plans import Plan, Service


class Tool(ABC):
    """A tool that runs services.

    Attributes:
        name: as people call it.
        program: what is executed.
        terminal: whether it must be given a terminal.
        restarts: whether it can start again what has ended.
    """

    name: str
    terminal = False
    restarts = True

    def __init__(self, program: Path) -> None:
        self.program = program

    @abstractmethod
    def set_up(self, plan: Plan) -> None:
        """Write its configuration into the folder of the plan."""

    @abstractmethod
    def start_command(self, plan: Plan) -> list[str]:
        """What is executed, in the folder of the plan, to bring all services up."""

    def main_pid(self, plan: Plan, started: int) -> int:  # noqa: ARG002  (others look it up)
        """The process that supervises, given the one that was started."""
        return started

    def ask_to_stop(self, main_pid: int, terminal: int | None) -> None:  # noqa: ARG002  (others type into it)
        """Ask it, in the quickest way it has, to stop all services and itself."""
        os.kill(main_pid, signal.SIGTERM)

    def stop_command(self) -> list[str] | None:
        """A command that stops everything and returns when it is done, where people use one; else None."""
        return None

    def output_files(self, plan: Plan) -> list[Path]:
        """Where it keeps what services write."""
        return [plan.folder / f"{service.name}.log" for service in plan.services]


def shell_line(service: Service) -> str:
    """The command for a tool that hands it to a shell; `exec`, so that no shell stays between the two."""
    return f"exec {shlex.join(service.argv)}"
