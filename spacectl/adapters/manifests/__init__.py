"""Reads the manifests of a system."""

from spacectl.adapters.manifests.ignores import read_ignores
from spacectl.adapters.manifests.reading import Read, load, read_system

__all__ = ["Read", "load", "read_ignores", "read_system"]
