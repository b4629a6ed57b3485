"""`spacectl doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

from pathlib import Path
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

    report = DoctorReport(findings=(_bus_engine(), _gateway_engine(), *findings(), _containers(), _logs(), _limits()))
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


def _containers() -> Finding:
    from spacectl.errors import MachineError
    from spacectl.model.report_doctor import Finding

    name, needed = "Docker engine", False
    try:
        from spacectl.adapters.containers.engine import Engine

        version = Engine().api.version()
    except MachineError as error:
        found = f"{error.message}; it runs spaces in containers"
        return Finding(name=name, ok=False, needed=needed, found=found, fix=error.hint)
    return Finding(name=name, ok=True, needed=needed, found=f"{version['Version']}, API {version['ApiVersion']}")


def _logs() -> Finding:
    """By which means logs would be kept small in the system here, or in this folder."""
    from spacectl.adapters.log_store import method
    from spacectl.model.report_doctor import Finding

    folder = _folder_of_logs()
    try:
        how = method(folder)
    except OSError as error:
        found = f"cannot tell how they would be kept small: {error.strerror}: {folder}"
        return Finding(name="logs", ok=False, needed=False, found=found, fix="make the folder writable, or room in it")
    if how == "punch":
        return Finding(name="logs", ok=True, needed=False, found="kept small by punching holes; nothing is lost by it")
    found = "kept small by copying their ends, for this file system has no holes; at each cut a line may be lost"
    return Finding(name="logs", ok=False, needed=False, found=found, fix="put the system on ext4, xfs, btrfs or tmpfs")


def _folder_of_logs() -> Path:
    from spacectl.adapters.folders import find_system
    from spacectl.errors import SpacectlError

    try:
        layout = find_system(None)
    except SpacectlError:
        return Path()
    return layout.logs if layout.logs.is_dir() else layout.root


def _limits() -> Finding:
    from spacectl.adapters.cgroups import CONTROLLERS, find
    from spacectl.model.report_doctor import Finding

    place = find()
    if place.controllers == CONTROLLERS:
        return Finding(name="limits", ok=True, needed=False, found=f"memory and cpu, by cgroup v2 in {place.folder}")
    return Finding(name="limits", ok=False, needed=False, found=place.why or "none can be kept", fix=place.fix)
