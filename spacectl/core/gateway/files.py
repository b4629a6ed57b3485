"""Where the files that the engine watches lie, below the folder that it runs in, and how one points at another."""

from __future__ import annotations

from collections.abc import Iterable

from spacectl.model.gateway import Document


def endpoints_file(space: str) -> str:
    """Where the replicas of a space are."""
    return f"endpoints/{space}.json"


def routes_file(name: str) -> str:
    """The routes of this name."""
    return f"routes/{name}.json"


def from_file(path: str) -> Document:
    """A source of configuration: the file, read again whenever another one is moved into its place."""
    return {"resource_api_version": "V3", "path_config_source": {"path": f"./{path}"}}


def resources(found: Iterable[Document]) -> Document:
    """What stands in such a file."""
    return {"resources": list(found)}
