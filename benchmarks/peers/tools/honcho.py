"""honcho: a Procfile; its one stream of output goes to a file."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.plans import Plan
from benchmarks.peers.tools.base import Tool, shell_line


class Honcho(Tool):
    """honcho start. It does not restart anything: when one process ends it ends all."""

    name = "honcho"
    restarts = False

    def set_up(self, plan: Plan) -> None:
        lines = [f"{service.name}: {shell_line(service)}\n" for service in plan.services]
        plan.folder.joinpath("Procfile").write_text("".join(lines), encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:  # noqa: ARG002
        return [str(self.program), "start"]

    def output_files(self, plan: Plan) -> list[Path]:
        return [plan.folder / "output"]
