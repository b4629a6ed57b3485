"""Runs commands against the clock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_BARE = '''
import typer

app = typer.Typer()


@app.command()
def one(name: str = "world") -> None:
    """Greet."""
    print(f"hello {name}")


@app.command()
def two(name: str = "world") -> None:
    """Part."""
    print(f"goodbye {name}")


app()
'''


def timed(command: Sequence[str], folder: Path | None = None) -> float:
    """The seconds that a command took.

    Raises:
        subprocess.CalledProcessError: it failed; what it wrote is in it.
    """
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - started
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
    done.check_returncode()
    return took_s


def bare_typer(folder: Path) -> list[str]:
    """The smallest program of the kind that spacectl is."""
    program = folder / "bare.py"
    program.write_text(_BARE, encoding="utf-8")
    return [sys.executable, str(program), "one"]
