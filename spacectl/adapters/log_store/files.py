"""The files of the logs: `<name>.log`, its time index `<name>.times`, and the same of the run before."""

from __future__ import annotations

import contextlib
from pathlib import Path

from spacectl.model.log_line import SUPERVISOR, Selection

_LOG = ".log"
_TIMES = ".times"
_PREVIOUS = ".previous"
_SUPERVISOR_FILE = "supervisor"
_HIDDEN = ".probe"


def is_current(name: str) -> bool:
    """Whether a file of this name is a log of this run."""
    return name.endswith(_LOG) and not name.endswith(_PREVIOUS + _LOG)


def index_of(log: Path) -> Path:
    """The file that holds a log's time index."""
    return log.with_suffix(_TIMES)


def keep_previous(folder: Path) -> None:
    """Put the logs of the run before aside, one run deep. The folder need not exist.

    Raises:
        OSError: the folder cannot be written.
    """
    for log in [*folder.glob("*" + _LOG)]:
        if is_current(log.name):
            aside = log.with_name(f"{log.stem}{_PREVIOUS}{_LOG}")
            index_of(aside).unlink(missing_ok=True)
            log.replace(aside)
            with contextlib.suppress(FileNotFoundError):
                index_of(log).replace(index_of(aside))


def source_of(log: Path) -> str:
    """The name under which people know a log."""
    name = log.name.removesuffix(_LOG).removesuffix(_PREVIOUS)
    return SUPERVISOR if name == _SUPERVISOR_FILE else name


def sources(folder: Path, selection: Selection) -> dict[str, Path]:
    """The selected logs that there are, by source, in order of name."""
    found = {source_of(log): log for log in folder.glob("*" + _LOG) if is_current(log.name) != selection.previous}
    return {source: found[source] for source in sorted(found) if _is_selected(source, selection.names)}


def _is_selected(source: str, names: frozenset[str]) -> bool:
    if source in names:
        return True
    if source == SUPERVISOR or source.endswith(_HIDDEN):
        return False
    return not names or source.rpartition(".")[0] in names
