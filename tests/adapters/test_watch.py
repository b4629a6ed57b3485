import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from spacectl.adapters.watch import Changed, Watched, changes

pytestmark = pytest.mark.anyio
DEADLINE_S = 20.0


class Told:
    """What a watcher tells, in order."""

    def __init__(self, fence: Path) -> None:
        self._queue: asyncio.Queue[Changed] = asyncio.Queue()
        self._fence = fence
        self._fences = 0

    async def listen(self, told: AsyncIterator[Changed]) -> None:
        async for changed in told:
            self._queue.put_nowait(changed)

    async def begin(self) -> None:
        """Until the kernel watches, changes go unseen."""
        first = asyncio.ensure_future(self._queue.get())
        end = time.monotonic() + DEADLINE_S
        while not first.done():
            assert time.monotonic() < end
            self._fence.write_text(f"{time.monotonic()}")
            await asyncio.wait([first], timeout=0.1)
        await self.since_last()

    async def next(self) -> set[str]:
        """The names told next."""
        return set(await self.changed())

    async def changed(self) -> Changed:
        """What is told next."""
        return await asyncio.wait_for(self._queue.get(), DEADLINE_S)

    async def files(self, name: str) -> set[str]:
        """All files of a space that are told until a change made now is told too."""
        self._fences += 1
        self._fence.write_text(f"{self._fences}")
        found: set[str] = set()
        while "fence" not in (changed := await self.changed()):
            found |= changed.get(name, frozenset())
        return found | changed.get(name, frozenset())

    async def since_last(self) -> set[str]:
        """All names told until a change made now is told too."""
        self._fences += 1
        self._fence.write_text(f"{self._fences}")
        names: set[str] = set()
        while "fence" not in names:
            names |= await self.next()
        return names - {"fence"}


def saved_by_vim(path: Path) -> None:
    words = ["-Nu", "NONE", "-i", "NONE", "-es", "-c", "call setline(1, 'by vim')", "-c", "wq"]
    subprocess.run(["vim", *words, str(path)], check=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_S)
    assert path.read_text() == "by vim\n"


@asynccontextmanager
async def watching(fence: Path, spaces: dict[str, Watched]) -> AsyncIterator[Told]:
    fence.mkdir()
    spaces = {**spaces, "fence": Watched(fence, (".",), ())}
    told = Told(fence / "file")
    listening = asyncio.ensure_future(told.listen(changes(spaces)))
    await told.begin()
    yield told
    listening.cancel()
    await asyncio.wait([listening])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / ".venv" / "orders"  # what lies above the space's folder is none of its concern
    (folder / "src" / "deep").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("1")
    return folder


@pytest.fixture
def fence(tmp_path: Path) -> Path:
    return tmp_path / "fence"


def edited(path: Path) -> None:
    path.write_text("2")


def replaced(path: Path) -> None:
    """As many editors save."""
    aside = path.with_name(f".{path.name}.swp")
    aside.write_text("2")
    aside.replace(path)


def moved_aside(path: Path) -> None:
    """As vim saves by default where the file is a link or has an owner of its own: the old one becomes a backup."""
    path.with_name("4913").touch()
    path.with_name("4913").unlink()
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text("2")
    path.with_name(f"{path.name}~").unlink()


def truncated(path: Path) -> None:
    """As VS Code saves: the same file, emptied and written."""
    with path.open("r+") as file:
        file.truncate()
        file.write("2")


def removed(path: Path) -> None:
    path.unlink()


def made_anew(path: Path) -> None:
    path.unlink()
    path.write_text("2")


def renamed(path: Path) -> None:
    path.rename(path.with_name("renamed.py"))


@pytest.mark.parametrize("change", [edited, truncated, replaced, moved_aside, removed, renamed])
async def test_a_file_in_a_watched_folder(folder: Path, fence: Path, change: Callable[[Path], None]) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src",), ())}) as told:
        change(folder / "src" / "app.py")
        assert "src/app.py" in await told.files("orders")


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
async def test_a_real_editor(folder: Path, fence: Path) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src",), ())}) as told:
        saved_by_vim(folder / "src" / "app.py")
        assert await told.files("orders") == {"src/app.py"}


async def test_new_files_and_folders(folder: Path, fence: Path) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src",), ())}) as told:
        (folder / "src" / "deep" / "new.py").touch()
        assert await told.next() == {"orders"}
        (folder / "src" / "made").mkdir()
        assert await told.next() == {"orders"}
        (folder / "src" / "made" / "later.py").touch()
        assert await told.next() == {"orders"}


async def test_a_burst_is_told_once(folder: Path, fence: Path) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src",), ())}) as told:
        for number in range(200):
            (folder / "src" / f"{number}.py").touch()
        assert await told.next() == {"orders"}
        assert await told.since_last() <= {"orders"}


async def test_what_does_not_count(folder: Path, fence: Path) -> None:
    watched = Watched(folder, (".",), ("*.log", "/build/", "!keep.log"))
    names = [
        ".git/index", "src/__pycache__/app.pyc", ".venv/bin/python", "web/node_modules/x/index.js", "src/app.py~",
        "src/.app.py.swp", "src/.app.py.swpx", "src/4913", "src/.#app.py", "src/#app.py#", "src/app.py___jb_tmp___",
        "src/.app.py.kate-swp", "src/.goutputstream-X1Y2Z3", "src/.subl3f2.tmp", "debug.log", "src/debug.log",
        "build/app.js", ".pytest_cache/x",
    ]  # fmt: skip
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    async with watching(fence, {"orders": watched}) as told:
        for name in names:
            (folder / name).write_text("2")
        assert await told.since_last() == set()
        (folder / "keep.log").touch()
        assert await told.next() == {"orders"}


async def test_only_whose_files_changed_is_told(folder: Path, fence: Path, tmp_path: Path) -> None:
    (tmp_path / "cart").mkdir()
    spaces = {
        "orders": Watched(folder, ("src",), ()),
        "orders-tests": Watched(folder, ("src/deep",), ()),
        "cart": Watched(tmp_path / "cart", (".",), ()),
    }
    async with watching(fence, spaces) as told:
        (folder / "outside.py").touch()
        (folder / "src2").mkdir()
        assert await told.since_last() == set()
        (folder / "src/deep/x.py").touch()
        assert await told.next() == {"orders", "orders-tests"}
        (tmp_path / "cart/x").touch()
        (folder / "src/x").touch()
        assert await told.since_last() == {"cart", "orders"}


@pytest.mark.parametrize("change", [edited, truncated, replaced, moved_aside, made_anew])
async def test_a_single_file_stays_watched_however_it_is_saved(
    folder: Path, fence: Path, change: Callable[[Path], None]
) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src/app.py",), ())}) as told:
        for _ in range(3):
            change(folder / "src/app.py")
            assert await told.next() == {"orders"}
            await told.since_last()
        (folder / "src/other.py").touch()
        assert await told.since_last() == set()


async def test_what_does_not_exist_yet_is_seen_when_it_appears(folder: Path, fence: Path) -> None:
    spaces = {"orders": Watched(folder, ("lib", "config.toml"), ())}
    async with watching(fence, spaces) as told:
        (folder / "config.toml").touch()
        assert await told.next() == {"orders"}
        (folder / "lib").mkdir()
        assert await told.next() == {"orders"}
        await told.since_last()
        (folder / "lib" / "x.py").touch()
        assert await told.next() == {"orders"}


async def test_a_folder_that_is_replaced_stays_watched(folder: Path, fence: Path) -> None:
    async with watching(fence, {"orders": Watched(folder, ("src",), ())}) as told:
        (folder / "src").rename(folder / "old")
        assert await told.next() == {"orders"}
        (folder / "src").mkdir()
        assert await told.next() == {"orders"}
        await told.since_last()
        (folder / "src" / "app.py").touch()
        assert await told.next() == {"orders"}


async def test_nothing_is_watched_of_what_is_not_there(tmp_path: Path) -> None:
    watcher = changes({"orders": Watched(tmp_path / "away", ("src",), ())})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(watcher), 0.05)


async def test_it_can_be_cancelled_at_once(folder: Path) -> None:
    watcher = changes({"orders": Watched(folder, ("src",), ())})
    waiting = asyncio.ensure_future(anext(watcher))
    await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert done


@pytest.fixture
def program(folder: Path) -> Iterator[subprocess.Popen[str]]:
    watch_and_end = f"""
import asyncio
from pathlib import Path
from spacectl.adapters.watch import Changed, Watched, changes
async def main():
    task = asyncio.ensure_future(anext(changes({{"orders": Watched(Path({str(folder)!r}), ("src",), ())}})))
    await asyncio.wait([task], timeout=0.1)
    task.cancel()
asyncio.run(main())
print("ended")
"""
    with subprocess.Popen([sys.executable, "-c", watch_and_end], stdout=-1, text=True) as process:
        yield process
        process.kill()


def test_it_does_not_keep_a_program_from_ending(program: subprocess.Popen[str]) -> None:
    assert program.communicate(timeout=DEADLINE_S)[0] == "ended\n"
    assert program.returncode == 0
