"""`spacectl doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from spacectl.cli.options import JsonOption

if TYPE_CHECKING:
    from spacectl.model.report_doctor import Finding


def doctor(*, as_json: JsonOption = False) -> None:
    """Look whether this machine has what spacectl needs; exit 6 when something is missing.

    Example: spacectl doctor
    """
    from spacectl.adapters.machine import findings
    from spacectl.cli import output
    from spacectl.errors import Exit
    from spacectl.model.report_doctor import DoctorReport

    report = DoctorReport(findings=(_bus_engine(), _gateway_engine(), *findings()))
    if as_json:
        output.out_json(report)
    else:
        for each in report.findings:
            mark = "✔" if each.ok else ("✖" if each.needed else "!")
            output.show(f"{mark} {each.name}: {each.found}")
            if each.fix:
                output.show(f"    {each.fix}")
    if not report.ok:
        raise typer.Exit(Exit.MACHINE)


def _bus_engine() -> Finding:
    from spacectl.adapters.nats_server import find_nats_server, server_version
    from spacectl.errors import MachineError
    from spacectl.model.report_doctor import Finding

    try:
        path = find_nats_server()
        return Finding(name="nats-server", ok=True, needed=True, found=f"{server_version(path)} ({path})")
    except MachineError as error:
        return Finding(name="nats-server", ok=False, needed=True, found=error.message, fix=error.hint)


def _gateway_engine() -> Finding:
    from spacectl.adapters.envoy.program import envoy_version, find_envoy
    from spacectl.errors import MachineError
    from spacectl.model.report_doctor import Finding

    try:
        path = find_envoy()
        return Finding(name="envoy", ok=True, needed=True, found=f"{envoy_version(path)} ({path})")
    except MachineError as error:
        return Finding(name="envoy", ok=False, needed=True, found=error.message, fix=error.hint)
