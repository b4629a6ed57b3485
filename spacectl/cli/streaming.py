"""The foreground of `up`: what the spaces write, with their names in front, and what happens to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spacectl.cli import output
from spacectl.errors import NotRunningError

if TYPE_CHECKING:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.model.layout import Layout
    from spacectl.model.report import Noted

_QUIET = frozenset({"ready", "started", "building", "built", "created", "updated"})
"""What need not be told while all goes well; `ps` and the supervisor's log have it."""

_LOUD = {"failed": "bold red", "backoff": "yellow", "unhealthy": "red", "violation": "red", "build failed": "red"}


def stream(layout: Layout, client: ControlClient) -> None:
    """Show new lines of every log, and every note, until the supervisor ends."""
    from spacectl.adapters.log_lines import Follower
    from spacectl.cli.waiting import Changes

    followers = {path: Follower(path, path.stat().st_size) for path in log_files(layout, frozenset())}

    def show() -> None:
        for path in log_files(layout, frozenset()):
            for line in followers.setdefault(path, Follower(path)).read():
                show_line(path.stem, line)

    try:
        for change in Changes(client).until(None, pause_s=0.1):
            show()
            if change is not None and change.note is not None:
                _tell(change.note)
    except NotRunningError:
        show()


def _tell(note: Noted) -> None:
    from rich.text import Text

    if note.kind not in _QUIET or note.text == "again":
        output.tell(Text(f"● {note.subject} {note.kind}: {note.text}", style=_LOUD.get(note.kind, "dim")))


def log_files(layout: Layout, names: frozenset[str]) -> list[Path]:
    """The logs of these replicas or spaces, or of all, in order of name; not the supervisor's own."""
    return [path for path in sorted(layout.logs.glob("*.log")) if _is_shown(path.stem, names)]


def _is_shown(name: str, names: frozenset[str]) -> bool:
    if name.endswith((".previous", ".probe")) or name == "supervisor":
        return False
    return not names or name in names or name.rpartition(".")[0] in names


_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")


def show_line(name: str, line: bytes) -> None:
    """Print one line of a log with the name of who wrote it, whatever its bytes."""
    from rich.text import Text

    from spacectl.view.lines import printable

    colour = _COLOURS[sum(name.encode()) % len(_COLOURS)]
    output.show(Text.assemble((f"{name:<14} ", colour), printable(line)))
