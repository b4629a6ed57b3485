"""supervisor: in the foreground, no control socket, logs without rotation."""

from __future__ import annotations

import shlex

from benchmarks.peers.plans import Plan, Service
from benchmarks.peers.tools.base import Tool


class Supervisor(Tool):
    """supervisord."""

    name = "supervisor"

    def set_up(self, plan: Plan) -> None:
        sections = [
            "[supervisord]\nnodaemon = true\nlogfile = supervisord.log\npidfile = supervisord.pid\nminfds = 4096"
        ]
        sections += [_section(service, quick=plan.quick) for service in plan.services]
        plan.folder.joinpath("supervisord.conf").write_text("\n\n".join(sections) + "\n", encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:  # noqa: ARG002
        return [str(self.program), "--configuration", "supervisord.conf"]


def _section(service: Service, *, quick: bool) -> str:
    lines = [
        f"[program:{service.name}]",
        f"command = {shlex.join(service.argv)}",
        f"stdout_logfile = {service.name}.log",
        "stdout_logfile_maxbytes = 0",
        "redirect_stderr = true",
    ]
    if quick:
        # With the default of 1 second a program that ends earlier is started again after a growing pause.
        lines += ["autorestart = true", "startsecs = 0", "startretries = 1000"]
    return "\n".join(lines)
