"""Installs completion as Typer does, and has zsh complete at the first TAB."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

_FIRST = '[[ $funcstack[1] != _spacectl ]] || _spacectl_completion "$@"'
"""Zsh loads the script when it first completes (autoload in zshmisc(1)), and Typer's script offers nothing then."""


def mend(options: Iterable[Any]) -> None:
    """Follow what `--install-completion` does, one of these options of the command, by what zsh lacks."""
    for each in options:
        if "--install-completion" in each.opts:
            each.callback = partial(_install, each.callback)


def _install(as_typer_does: Callable[..., Any], *given: Any) -> Any:
    try:
        return as_typer_does(*given)
    except SystemExit:  # it has installed something
        script = Path.home() / ".zfunc" / "_spacectl"
        if script.is_file() and _FIRST not in (text := script.read_text(encoding="utf-8")):
            script.write_text(f"{text}\n{_FIRST}\n", encoding="utf-8")
        raise
