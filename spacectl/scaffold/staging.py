"""All or nothing on disk: files are made in a folder of their own, then moved to their place in one go.

Nothing at the target changes until everything was made. Moving a whole folder is one rename; moving into a folder
that exists is one rename per entry, and each of them is undone when a later one fails. A process that is killed
leaves at most a hidden folder called `.spacectl-new-…`, which the next run removes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from spacectl.errors import MachineError, UsageError

PREFIX = ".spacectl-new-"
_LAST = "system.toml"
"""Moved last: a folder is a system once it has this file, so half of one is never taken for a system."""

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def staging(home: Path) -> Iterator[Path]:
    """A new folder in `home` to make things in; whatever is left in it afterwards is removed, on any way out.

    Asking the process to end (SIGTERM, SIGHUP) while inside raises KeyboardInterrupt, as Ctrl-C does.

    Raises:
        MachineError: the disk refuses (full, read-only, no permission).
    """
    with _disk_errors(home), _endings_interrupt(), ExitStack() as leaving:
        clear_stale(home)
        with _endings_held():
            folder, lock = _claim(home)
            leaving.callback(_discard, folder, lock)
        yield folder


@contextmanager
def placed(tree: Path, target: Path, *, force: bool = False) -> Iterator[None]:
    """Moves a staged tree to its target; takes it back when the block inside fails.

    With `force`, files at the target that the tree has too are replaced, all others are left alone. Nothing can
    interrupt the move, the block, or the way back: keep the block short.

    Raises:
        UsageError: something is in the way at the target; nothing was moved.
        MachineError: the disk refuses; what was moved is back where it was.
    """
    backup = tree.with_name(f"{tree.name}.before")
    with _endings_held(), _disk_errors(target), ExitStack() as undo:
        refuse_occupied(target, force=force)  # once more: making the tree took a while
        if os.path.lexists(target):
            _refuse_obstacles(tree, target)
            _merge(tree, target, backup, undo)
        else:
            _make_parents(target, undo)
            _rename_new(tree, target)
            undo.callback(os.rename, target, tree)
        yield
        undo.pop_all()


def clear_stale(home: Path) -> None:
    """Remove the staging folders of runs that were killed: those whose lock nobody holds."""
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def refuse_occupied(target: Path, *, force: bool) -> None:
    """Refuse a target that is not free: absent or an empty folder is; with `force` any folder is.

    Raises:
        UsageError: names what is in the way.
    """
    if not os.path.lexists(target):
        _refuse_blocked_parent(target)
        return
    if not target.is_dir():
        raise UsageError(f"{target} is in the way: it exists and is not a folder", hint="choose another name")
    present = [] if force else sorted(entries(target))
    if present:
        raise UsageError(
            f"{target} exists and is not empty: it has {_some(present)}",
            hint="choose another name, or write over files of the same name with --force",
        )


def entries(folder: Path) -> Iterator[str]:
    """The names in a folder, without those of staging folders."""
    return (path.name for path in folder.iterdir() if not path.name.startswith(PREFIX))


def nearest_folder(path: Path) -> Path:
    """The path itself, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, so that two commands that change it do so one after the other."""
    with _disk_errors(folder):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _claim(home: Path) -> tuple[Path, int]:
    """A new staging folder and its held lock. A run that clears stale folders may be quicker: then once more."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        if _lock(lock) and folder.exists():
            return folder, lock
        os.close(lock)


def _discard(folder: Path, lock: int) -> None:
    with _endings_held():
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: then clear_stale gets none either and removes nothing
        return True
    return True


def _rename_new(tree: Path, target: Path) -> None:
    try:
        tree.rename(target)
    except OSError as error:
        if os.path.lexists(target):  # it was free when we looked
            raise UsageError(f"{target} has just been made by somebody else") from error
        raise


def _make_parents(target: Path, undo: ExitStack) -> None:
    missing = [folder for folder in target.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        undo.callback(_remove_empty, folder)


def _refuse_blocked_parent(target: Path) -> None:
    blocking = next((path for path in target.parents if os.path.lexists(path)), None)
    if blocking is not None and not blocking.is_dir():
        raise UsageError(f"{blocking} is in the way: it is not a folder")


def _refuse_obstacles(tree: Path, target: Path) -> None:
    """Compare before anything moves: a folder goes over a folder, a file over a file, and both may be written."""
    for path in sorted(tree.rglob("*")):
        there = target / path.relative_to(tree)
        if not os.path.lexists(there):
            continue
        if _is_folder(path) and not _is_folder(there):
            raise UsageError(f"{there} is in the way: a folder has to be there", hint="move it away first")
        if not _is_folder(path) and _is_folder(there):
            raise UsageError(f"{there} is in the way: a file has to be there", hint="move it away first")
        if not os.access(there.parent, os.W_OK | os.X_OK):
            raise MachineError(f"cannot write in {there.parent}: no permission")


def _is_folder(path: Path) -> bool:
    """A link to a folder is not one: writing through it would change files somewhere else."""
    return path.is_dir() and not path.is_symlink()


def _merge(tree: Path, target: Path, backup: Path, undo: ExitStack) -> None:
    backup.mkdir()
    for source in sorted(tree.iterdir(), key=lambda path: (path.name == _LAST, path)):
        there, before = target / source.name, backup / source.name
        if _is_folder(source) and _is_folder(there):
            _merge(source, there, before, undo)
        elif os.path.lexists(there):
            _keep(there, before)
            source.replace(there)
            undo.callback(os.replace, before, there)
        else:
            source.rename(there)
            undo.callback(os.rename, there, source)


def _keep(file: Path, before: Path) -> None:
    """Keep what is about to be replaced, without a moment in which it is missing."""
    try:
        os.link(file, before, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(file, before, follow_symlinks=False)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def _endings_held() -> Iterator[None]:
    """Ctrl-C and its kin wait until the block is over.

    Done with handlers, not with the thread's signal mask: another thread may receive the signal, and Python would
    run its handler here all the same.
    """
    if not _on_main_thread():  # no handler runs on any other
        yield
        return
    late: list[int] = []
    before: dict[int, Any] = {}
    try:
        for number in _ENDINGS:
            before[number] = signal.signal(number, lambda number, _frame: late.append(number))
        yield
    finally:
        for held, handler in before.items():
            signal.signal(held, handler)
        if late:
            signal.raise_signal(late[0])


@contextmanager
def _endings_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP, where nobody handles them yet, raise KeyboardInterrupt, so that cleaning up happens."""
    if not _on_main_thread():
        yield
        return
    taken = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _on_main_thread() -> bool:
    """Only there may handlers be set, and only there do they run."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _disk_errors(place: Path) -> Iterator[None]:
    """An error of the operating system becomes one that says where and why."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or place)
        raise MachineError(
            f"cannot write {place if PREFIX in where else where}: {error.strerror or error}",
            hint="nothing was changed; check the disk's free space and its permissions",
        ) from error


def _some(names: list[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
