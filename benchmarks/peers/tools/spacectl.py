"""spacectl: one space for each service; the bus it brings is part of what is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.plans import Plan, Service
from benchmarks.peers.tools.base import Tool

_QUICK = '[restart]\npolicy = "always"\nbackoff = "0s"\ngive_up = "1000 in 60s"\n'
_SPACECTL = [sys.executable, "-m", "spacectl"]


class Spacectl(Tool):
    """spacectl of this checkout."""

    name = "spacectl"

    def __init__(self) -> None:
        super().__init__(Path(sys.executable))

    def set_up(self, plan: Plan) -> None:
        plan.folder.joinpath("system.toml").write_text('[system]\nname = "peers"\n', encoding="utf-8")
        for service in plan.services:
            folder = plan.folder / "spaces" / service.name
            folder.mkdir(parents=True)
            folder.joinpath("space.toml").write_text(_manifest(service, quick=plan.quick), encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:  # noqa: ARG002
        return [*_SPACECTL, "up", "--detach", "--timeout", "120s"]

    def main_pid(self, plan: Plan, started: int) -> int:  # noqa: ARG002  (that one was the command)
        command = [*_SPACECTL, "ps", "--json"]
        done = subprocess.run(command, cwd=plan.folder, env=plan.env, capture_output=True, check=True)
        return int(json.loads(done.stdout)["supervisor_pid"])

    def stop_command(self) -> list[str]:
        return [*_SPACECTL, "down"]

    def output_files(self, plan: Plan) -> list[Path]:
        return [plan.folder / ".spacectl" / "logs" / f"{service.name}.1.log" for service in plan.services]


def _manifest(service: Service, *, quick: bool) -> str:
    lines = [f'[space]\nname = "{service.name}"', f"[run]\ncommand = {json.dumps(service.argv)}"]
    if service.port is None:
        lines.append("[api]\nserves = false")
    else:
        lines.append(f'[api]\nport = {service.port}\n[ready]\nhttp = "/"')
    return "\n".join([*lines, _QUICK if quick else ""])
