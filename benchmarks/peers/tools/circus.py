"""circus: in the foreground, Unix sockets instead of TCP, no statistics process, one log file for each watcher."""

from __future__ import annotations

import shlex

from benchmarks.peers.plans import Plan, Service
from benchmarks.peers.tools.base import Tool


class Circus(Tool):
    """circusd."""

    name = "circus"

    def set_up(self, plan: Plan) -> None:
        head = ["[circus]", "endpoint = ipc://control.sock", "pubsub_endpoint = ipc://events.sock", "statsd = False"]
        if plan.quick:
            # It has no pause before a restart: it looks at its processes now and then, by default every 5 seconds.
            head.append("check_delay = 0.01")
        sections = ["\n".join(head), *(_section(service) for service in plan.services)]
        plan.folder.joinpath("circus.ini").write_text("\n\n".join(sections) + "\n", encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:  # noqa: ARG002
        return [str(self.program), "circus.ini"]


def _section(service: Service) -> str:
    return "\n".join(
        [
            f"[watcher:{service.name}]",
            f"cmd = {shlex.join(service.argv)}",
            "copy_env = True",  # without it the mark by which the benchmark finds processes is lost
            "stdout_stream.class = FileStream",
            f"stdout_stream.filename = {service.name}.log",
            "stderr_stream.class = FileStream",
            f"stderr_stream.filename = {service.name}.log",
        ]
    )
