"""How a process ended that is no child of this one: nobody can wait for it, but the kernel still tells.

Until its parent has waited for it, its status is in /proc/PID/stat (proc(5), field 52). Afterwards its pidfd tells,
from Linux 6.15 on (ioctl PIDFD_GET_INFO, linux/pidfd.h).
"""

from __future__ import annotations

import fcntl
import os
import struct

from spacectl.adapters.processes import table
from spacectl.model.state import Ended

_INFO = struct.Struct("QQ12i")  # struct pidfd_info, first version: mask, cgroup, ids, and last the exit status
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11
_EXIT = 1 << 3


def ended(pid: int, start_ticks: int, pidfd: int) -> Ended:
    """How a process ended whose pidfd says that it has."""
    status = table.exit_status(pid, start_ticks)
    if status is None:
        status = _from_pidfd(pidfd)
    if status is None:
        return Ended(None, None)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, None) if code >= 0 else Ended(None, -code)


def _from_pidfd(pidfd: int) -> int | None:
    info = bytearray(_INFO.pack(_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, info)
    except OSError:  # the kernel is older
        return None
    mask, *_, status = _INFO.unpack(info)
    return int(status) if mask & _EXIT else None
