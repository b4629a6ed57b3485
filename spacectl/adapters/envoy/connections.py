"""Which replicas a running engine holds connections to."""

from __future__ import annotations

import psutil


def connected_ports(pid: int) -> frozenset[int]:
    """The ports at the far ends of a process's connections; none when it has ended."""
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return frozenset()
    return frozenset(each.raddr.port for each in found if each.raddr and each.status in _IN_USE)


_IN_USE = frozenset({psutil.CONN_ESTABLISHED, psutil.CONN_SYN_SENT, psutil.CONN_CLOSE_WAIT})
