"""overmind: a Procfile, in tmux; its one stream of output goes to a file."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.plans import Plan
from benchmarks.peers.tools.base import Tool, shell_line


class Overmind(Tool):
    """overmind start. The tmux server it starts is one of its helpers."""

    name = "overmind"

    def set_up(self, plan: Plan) -> None:
        lines = [f"{service.name}: {shell_line(service)}\n" for service in plan.services]
        plan.folder.joinpath("Procfile").write_text("".join(lines), encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:
        restart = ["--auto-restart", "all"] if plan.quick else []
        return [str(self.program), "start", "--no-port", "--any-can-die", *restart]

    def output_files(self, plan: Plan) -> list[Path]:
        return [plan.folder / "output"]
