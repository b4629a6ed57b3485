"""Starts a program in a session of its own, or says in words why it cannot be started."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from spacectl.model.launch import Launch, SpawnError

_FINAL = frozenset(
    {
        errno.ENOENT,
        errno.EACCES,
        errno.ENOEXEC,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.E2BIG,
    }
)
"""What trying again does not mend."""


_IN_GROUP = 'echo $$ > "$0" || exit 125; exec "$@"'
"""A shell joins the group and becomes the program, with the same pid: so nothing of it is ever outside the group."""


def open_log(log: Path) -> tuple[int, int]:
    """A descriptor that appends to a log, and the log's size now.

    Raises:
        SpawnError: it cannot be written.
    """
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SpawnError(f"cannot write {log}: {error.strerror}", final=False) from error
    return descriptor, os.fstat(descriptor).st_size


def popen(launch: Launch, env: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    """Run a program with an empty stdin, and `output` as its stdout and stderr.

    Raises:
        SpawnError: it cannot be started.
    """
    try:
        return subprocess.Popen(  # noqa: S603  (running what a manifest names is the job)
            launch.argv if launch.group is None else _within(launch, launch.group),
            cwd=launch.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except ValueError as error:  # an argument or a variable with a NUL byte
        raise SpawnError(f"cannot run {launch.argv[0]!r}: {error}", final=True) from error
    except OSError as error:
        raise SpawnError(_why(launch, error), final=error.errno in _FINAL) from error


def _within(launch: Launch, group: Path) -> Sequence[str]:
    """The command that runs a program in a control group.

    Raises:
        OSError: there is no such program, which the shell would say less well.
    """
    found = _find(launch)
    number = errno.ENOENT if found is None else 0 if os.access(found, os.X_OK) and not found.is_dir() else errno.EACCES
    if number:
        raise OSError(number, os.strerror(number))
    return ["/bin/sh", "-c", _IN_GROUP, str(group / "cgroup.procs"), *launch.argv]


def _why(launch: Launch, error: OSError) -> str:
    program = launch.argv[0]
    if not launch.folder.is_dir():
        return f"its folder {launch.folder} is gone"
    found = _find(launch)
    match error.errno:
        case errno.ENOENT if found is not None:
            return f"cannot run {program!r}: {_missing_interpreter(found)}"
        case errno.ENOENT:
            return f"command not found: {program!r}"
        case errno.EACCES if found is not None and found.is_dir():
            return f"cannot run {program!r}: it is a folder"
        case errno.EACCES:
            return f"cannot run {program!r}: it is not executable"
        case errno.ENOEXEC:
            return f"cannot run {program!r}: it is not a program this machine can execute"
    return f"cannot run {program!r}: {error.strerror}"


def _find(launch: Launch) -> Path | None:
    """The file that was to be executed, executable or not."""
    program = launch.argv[0]
    if "/" in program:
        path = launch.folder / program
        return path if path.exists() else None
    found = shutil.which(program, mode=os.F_OK, path=launch.env.get("PATH", os.defpath))
    return None if found is None else Path(found)


def _missing_interpreter(script: Path) -> str:
    try:
        with script.open("rb") as file:
            line = file.readline(256)
    except OSError:
        line = b""
    words = line[2:].decode(errors="replace").split() if line.startswith(b"#!") else []
    return f"the interpreter its first line names, {words[0]}, was not found" if words else "its loader was not found"
