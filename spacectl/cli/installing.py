"""Has zsh complete at the first TAB, too, after Typer has installed its script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST = '[[ $funcstack[1] != _spacectl ]] || _spacectl_completion "$@"'
"""Zsh loads the script when it first completes (autoload in zshmisc(1)), and Typer's script offers nothing then."""


@contextmanager
def mended() -> Iterator[None]:
    """Where completion is installed here, follow that by what zsh lacks."""
    try:
        yield
    finally:
        if sys.argv[1:] == ["--install-completion"]:
            _mend(Path.home() / ".zfunc" / "_spacectl")


def _mend(script: Path) -> None:
    text = script.read_text(encoding="utf-8") if script.is_file() else _FIRST
    if _FIRST not in text:
        script.write_text(f"{text}\n{_FIRST}\n", encoding="utf-8")
