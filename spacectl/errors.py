"""One family of errors: what happened, what to do about it, and which exit code says so.

SpacectlError               1   something failed
├── SilentError             1   the supervisor is there and does not answer
├── OtherVersionError       1   the supervisor is of another version
├── UsageError              2   the command line asks for what cannot be
├── ManifestError           3   a manifest is wrong; carries every problem found
├── NotRunningError         4   no system is running here
├── AlreadyRunningError     4   one already is
├── NotReadyError           5   not ready in time
├── MachineError            6   the machine lacks something, or it is taken
└── InternalError          70   a bug in spacectl
"""

from __future__ import annotations

import errno
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes that scripts may rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    MANIFEST = 3
    NOT_RUNNING = 4
    NOT_READY = 5
    MACHINE = 6
    BUG = 70
    INTERRUPTED = 130


class SpacectlError(Exception):
    """Something went wrong that the person at the terminal can understand and act on.

    Args:
        message: what happened, naming the thing it happened to.
        hint: what to do about it, when there is something to do.
    """

    exit_code = Exit.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SilentError(SpacectlError):
    """The supervisor is there and does not answer."""


class OtherVersionError(SpacectlError):
    """The supervisor is of another version of spacectl, whose answers cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            "the answer of the supervisor is not understood: it is of another version",
            hint="`spacectl down` and `spacectl up` start one of this version",
        )


class UsageError(SpacectlError):
    """The command line asks for what cannot be."""

    exit_code = Exit.USAGE


class ManifestError(SpacectlError):
    """A manifest is wrong. The message holds every problem found, one block each."""

    exit_code = Exit.MANIFEST


class NotRunningError(SpacectlError):
    """The command needs a running system and there is none."""

    exit_code = Exit.NOT_RUNNING


class AlreadyRunningError(SpacectlError):
    """The command needs that no supervisor runs here, and one does."""

    exit_code = Exit.NOT_RUNNING


class NotReadyError(SpacectlError):
    """Something did not get ready in time."""

    exit_code = Exit.NOT_READY


class MachineError(SpacectlError):
    """The machine lacks something: a program, a free port, room on a disk, a permission."""

    exit_code = Exit.MACHINE


class InternalError(SpacectlError):
    """Something happened that the code holds to be impossible: a bug in spacectl."""

    exit_code = Exit.BUG


_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE})


def machine_error(error: OSError) -> MachineError | None:
    """The error for a disk that is full or read-only, or files that are too many; None where it is something else."""
    if error.errno not in _OF_THE_MACHINE:
        return None
    where = f" {error.filename}" if error.filename else ""
    hint = "check the disk's free space, the folder's permissions and this user's limits"
    return MachineError(f"cannot write{where}: {error.strerror}", hint=hint)
