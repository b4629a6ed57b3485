"""Reads the manifests of a system."""

from spacectl.adapters.manifests.ignores import read_ignores
from spacectl.adapters.manifests.reading import Read, from_here, load, read_system

__all__ = ["Read", "from_here", "load", "read_ignores", "read_system"]
