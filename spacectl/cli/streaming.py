"""The foreground of `up`: what the spaces write, with their names in front, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from spacectl.adapters.log_lines import Follower, line_start
from spacectl.cli import output
from spacectl.core.assemble import BUS

if TYPE_CHECKING:
    from spacectl.model.layout import Layout
    from spacectl.model.report import Noted

_FIRST_BYTES = 16 * 1024
"""Of what each replica wrote while the system came up; `logs` shows all of it."""

_MOST_BEHIND_BYTES = 4 * 1024**2
"""A space that writes faster than a terminal shows is shown with gaps, so that Ctrl-C does not wait for its past."""

_QUIET = frozenset({"ready", "started", "building", "built", "created", "updated", "stopped"})
"""What need not be told while all goes well; `ps` and the supervisor's log have it."""

_LOUD = {"failed": "bold red", "backoff": "yellow", "unhealthy": "red", "violation": "red", "build failed": "red"}

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")

_WIDEST_NAME = 24


class Stream:
    """Shows what is written to the logs of one run, each line once, from the run's first line on.

    Of builds and of the bus only what comes from now on is shown: it went well, or was told of already.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._followers = {path: _joining(path) for path in self._files()}

    def show_new(self) -> None:
        """Show the lines that are complete by now."""
        for path in self._files():
            self._show_more(path, self._joined(path))

    def show_last(self) -> None:
        """Show all that is left, once nobody writes any more; a last line without a newline too."""
        for path in self._files():
            follower = self._joined(path)
            while self._show_more(path, follower):
                pass
            if rest := follower.rest():
                self._show(path, [rest])

    def _joined(self, path: Path) -> Follower:
        return self._followers.setdefault(path, Follower(path))

    def _show_more(self, path: Path, follower: Follower) -> bool:
        if left_out := follower.catch_up(_MOST_BEHIND_BYTES):
            output.say(f"… {left_out:,} bytes of {path.stem} are not shown here: `spacectl logs {path.stem}` has them")
        lines = follower.read()
        self._show(path, lines)
        return bool(lines)

    def _show(self, path: Path, lines: list[bytes]) -> None:
        if lines:
            show_lines(path.stem, lines, width=name_width(self._followers))

    def _files(self) -> list[Path]:
        return [path for path in log_files(self._layout, frozenset()) if path.stem != BUS]  # its violations are notes


def _joining(path: Path) -> Follower:
    return Follower(path, path.stat().st_size if path.stem.endswith(".build") else line_start(path, _FIRST_BYTES))


def tell_note(note: Noted) -> None:
    """Say what happened to a space or an engine, where it is worth saying."""
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


def name_width(paths: Iterable[Path]) -> int:
    """How wide the column of names is for these logs."""
    return min(_WIDEST_NAME, max((len(path.stem) for path in paths), default=0))


def show_lines(name: str, lines: Iterable[bytes], *, width: int) -> None:
    """Print lines of a log with the name of who wrote them, whatever their bytes."""
    from spacectl.view.lines import printable

    colour = _COLOURS[sum(name.encode()) % len(_COLOURS)]
    prefix = output.styled(f"{name:<{width}}  ", colour)
    output.out_lines(f"{prefix}{printable(line)}" for line in lines)
