"""mprocs: a text interface in a terminal of 120 x 40, one log file for each process."""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmarks.peers.plans import Plan
from benchmarks.peers.tools.base import Tool


class Mprocs(Tool):
    """mprocs. It is stopped by its key `q`: "soft kill processes and wait then to exit"."""

    name = "mprocs"
    terminal = True

    def set_up(self, plan: Plan) -> None:
        processes = {
            service.name: {"cmd": list(service.argv), "stop": "SIGTERM", "autorestart": plan.quick}
            for service in plan.services
        }
        plan.folder.joinpath("mprocs.json").write_text(json.dumps({"procs": processes}, indent=1), encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:  # noqa: ARG002
        return [str(self.program), "--config", "mprocs.json", "--log-dir", "."]

    def ask_to_stop(self, main_pid: int, terminal: int | None) -> None:  # noqa: ARG002
        if terminal is not None:
            os.write(terminal, b"q")

    def output_files(self, plan: Plan) -> list[Path]:
        return [plan.folder / f"{service.name}.log" for service in plan.services]
