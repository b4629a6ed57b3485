"""process-compose: without its text interface and its HTTP server, plain logs without its own words in them."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.peers.plans import Plan, Service
from benchmarks.peers.tools.base import Tool, shell_line


class ProcessCompose(Tool):
    """process-compose up."""

    name = "process-compose"

    def set_up(self, plan: Plan) -> None:
        project = {
            "version": "0.5",
            "log_configuration": {"disable_json": True, "no_metadata": True, "no_color": True},
            "processes": {service.name: _process(service, quick=plan.quick) for service in plan.services},
        }
        # JSON is YAML too.
        plan.folder.joinpath("process-compose.yaml").write_text(json.dumps(project, indent=1), encoding="utf-8")

    def start_command(self, plan: Plan) -> list[str]:
        log = str(plan.folder / "process-compose.log")
        return [str(self.program), "up", "--tui=false", "--no-server", "--keep-project", "--log-file", log]


def _process(service: Service, *, quick: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"command": shell_line(service), "log_location": f"./{service.name}.log"}
    if quick:
        told["availability"] = {"restart": "always", "backoff_seconds": 1}  # whole seconds, and 0 means 1
    return told
