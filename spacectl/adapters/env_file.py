"""Reads a space's `env_file`: `NAME=value` lines as python-dotenv understands them."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values


def read_env_file(path: Path) -> dict[str, str]:
    """The values in a file, nothing expanded; a name without a value is left out.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig") as file:
        return {
            name: value for name, value in dotenv_values(stream=file, interpolate=False).items() if value is not None
        }
