"""Writes `contract/`: run as a module after a change of the API or of an event."""

from __future__ import annotations

from pathlib import Path

from .kit.contract import write
from .kit.settings import Settings
from .service import NAME, make

FOLDER = Path(__file__).parent.parent / "contract"

if __name__ == "__main__":
    write(make(Settings(NAME)), FOLDER)
