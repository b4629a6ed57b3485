"""Holds the copy of spacectl that this Python belongs to: it is not removed while one of its processes lives."""

import fcntl
import mmap
import os
import site
import sys

# The binary is to behave the same on every machine, whatever was installed for another Python of this version.
sys.path[:] = [path for path in sys.path if path != site.USER_SITE]

try:
    _lock = os.open(f"{sys.prefix}.lock", os.O_RDONLY | os.O_CLOEXEC)
except FileNotFoundError:  # not in the cache folder of the launcher
    pass
else:
    fcntl.flock(_lock, fcntl.LOCK_SH)
    # A mapping keeps the file open and so the lock held, in forks too that close every descriptor: see flock(2).
    _held = mmap.mmap(_lock, 1, access=mmap.ACCESS_READ)
    os.close(_lock)
