import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spacectl.adapters.builds import Builder, fingerprint
from spacectl.model.launch import Launch
from spacectl.model.manifest import SpaceManifest
from spacectl.model.state import Ended

pytestmark = pytest.mark.anyio
Build = Callable[[SpaceManifest], Awaitable[Ended | None]]


def manifest(command: str = "make", inputs: tuple[str, ...] = ("in",), run: object = "run") -> SpaceManifest:
    return SpaceManifest.model_validate(
        {"space": {"name": "orders"}, "run": {"command": run}, "build": {"command": command, "inputs": inputs}}
    )


class Shell:
    """Runs build commands for real, and counts them."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, launch: Launch) -> Ended:
        self.runs += 1
        process = await asyncio.create_subprocess_exec(*launch.argv, cwd=launch.folder)
        return Ended(await process.wait(), None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "orders [1]"  # a name that means something to globs
    folder.mkdir()
    return folder


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.fixture
def build(tmp_path: Path, folder: Path, shell: Shell) -> Build:
    records = tmp_path / "records"
    records.mkdir()

    async def run(wanted: SpaceManifest) -> Ended | None:
        launch = Launch(("/bin/sh", "-c", str(wanted.build.command)), folder, {}, tmp_path / "log")
        return await Builder(records, shell).build(wanted, folder, launch)  # each `up` has a new one

    return run


async def test_nothing_is_built_twice_from_the_same(folder: Path, shell: Shell, build: Build) -> None:
    (folder / "in").write_text("1")
    assert await build(manifest("true")) == Ended(0, None)
    assert await build(manifest("true")) is None
    os.utime(folder / "in", (1, 1))  # only content counts
    assert await build(manifest("true")) is None
    (folder / "in").write_text("2")
    assert await build(manifest("true")) == Ended(0, None)
    assert await build(manifest("true ")) == Ended(0, None)
    assert shell.runs == 3


async def test_a_build_that_failed_is_tried_again(folder: Path, build: Build) -> None:
    (folder / "in").write_text("1")
    assert await build(manifest("test -e there")) == Ended(1, None)
    assert await build(manifest("test -e there")) == Ended(1, None)
    (folder / "there").touch()
    assert await build(manifest("test -e there")) == Ended(0, None)
    (folder / "there").unlink()
    (folder / "in").write_text("2")
    assert await build(manifest("test -e there")) == Ended(1, None)
    (folder / "in").write_text("1")  # what was good once is not what was built last
    assert await build(manifest("test -e there")) == Ended(1, None)


async def test_built_again_when_the_program_it_makes_is_gone(folder: Path, build: Build) -> None:
    wanted = manifest("mkdir -p bin && touch bin/app", run=["bin/app", "--port", "$PORT"])
    assert await build(wanted) is not None
    assert await build(wanted) is None
    (folder / "bin/app").unlink()
    assert await build(wanted) is not None
    assert await build(manifest("true", run=["app"])) is not None
    assert await build(manifest("true", run=["app"])) is None  # found on PATH, or not: no matter of the build


async def test_a_build_that_writes_its_input_runs_once_more(shell: Shell, build: Build) -> None:
    wanted = manifest("echo locked > in")
    for _ in range(4):
        await build(wanted)
    assert shell.runs == 2


async def test_an_input_that_changes_while_it_builds_is_built_again(folder: Path, build: Build) -> None:
    (folder / "in").write_text("1")
    wanted = manifest("touch started; read _ < gate")
    os.mkfifo(folder / "gate")
    building = asyncio.ensure_future(build(wanted))
    gate = await asyncio.to_thread((folder / "gate").open, "w")  # opens once the build reads it
    (folder / "in").write_text("2")
    gate.write("\n")
    gate.close()
    await building
    (folder / "gate").unlink()
    (folder / "gate").write_text("\n")
    assert await build(wanted) is not None
    assert await build(wanted) is None


async def test_a_broken_record_is_none(tmp_path: Path, shell: Shell, build: Build) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'{"fingerprint": 7}'):
        (tmp_path / "records/orders.json").write_bytes(content)
        assert await build(manifest("true")) is not None
    assert shell.runs == 5


async def test_a_record_that_cannot_be_written_says_so(folder: Path, tmp_path: Path, shell: Shell) -> None:
    launch = Launch(("true",), folder, {}, tmp_path / "log")
    with pytest.raises(FileNotFoundError):
        await Builder(tmp_path / "away", shell).build(manifest("true"), folder, launch)


@pytest.mark.parametrize(
    ("inputs", "counts", "does_not"),
    [
        (("in",), "in", "in.txt"),
        (("src",), "src/deep/er/file", "other/file"),
        (("src/",), "src/.hidden", "src2"),
        ((".",), "anything", ".venv/pyvenv.cfg"),
        (("*.toml",), "pyproject.toml", "deep/pyproject.toml"),
        (("**/*.py",), "a/b/c.py", "a/__pycache__/c.py"),
        (("**/*.py",), "top.py", "a/b/c.pyc"),
        (("src/**",), "src/a/b", "src/node_modules/x/index.js"),
        (("src",), "src/a.py", "src/__pycache__/a.pyc"),
        ((".env*",), ".env.local", "env"),
        (("./in", "no/such/file"), "in", "no/thing"),
        (("lib/[ab]",), "lib/a", "lib/c"),
    ],
)
def test_what_is_an_input(folder: Path, inputs: tuple[str, ...], counts: str, does_not: str) -> None:
    wanted = manifest(inputs=inputs)

    def print_after_writing(name: str) -> str:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("new")
        return fingerprint(wanted, folder)

    before = fingerprint(wanted, folder)
    assert print_after_writing(does_not) == before
    with_it = print_after_writing(counts)
    assert with_it != before
    (folder / counts).unlink()
    assert fingerprint(wanted, folder) == before


def test_names_and_links_of_any_kind(folder: Path) -> None:
    wanted = manifest(inputs=("src",))
    (folder / "src").mkdir()
    before = fingerprint(wanted, folder)
    (folder / os.fsdecode(b"src/\xff")).write_text("bytes that are no text")
    (folder / "src/loop").symlink_to(folder / "src")
    (folder / "src/broken").symlink_to("nowhere")
    os.mkfifo(folder / "src/pipe")
    assert fingerprint(wanted, folder) != before


def test_moving_content_between_files_changes_the_digest(folder: Path) -> None:
    wanted = manifest(inputs=("a", "b"))
    (folder / "a").write_text("x")
    first = fingerprint(wanted, folder)
    (folder / "a").rename(folder / "b")
    assert fingerprint(wanted, folder) != first


async def test_two_builds_of_one_space_never_run_at_once(
    tmp_path: Path, folder: Path, shell: Shell, build: Build
) -> None:
    """Each has a builder of its own, as each copy of a system has."""
    (folder / "in").write_text("1")
    wanted = manifest("mkdir alone && sleep 0.2 && rmdir alone")
    assert sorted(map(str, await asyncio.gather(*(build(wanted) for _ in range(3))))) == [
        str(Ended(0, None)), "None", "None"
    ]  # fmt: skip
    assert shell.runs == 1
    assert sorted(path.name for path in (tmp_path / "records").iterdir()) == ["orders.json", "orders.lock"]


async def test_a_build_that_is_cancelled_while_it_waits_lets_the_others_go_on(
    folder: Path, shell: Shell, build: Build
) -> None:
    wanted = manifest("touch started; read _ < gate")
    os.mkfifo(folder / "gate")
    building = asyncio.ensure_future(build(wanted))
    gate = await asyncio.to_thread((folder / "gate").open, "w")  # opens once the build reads it
    waiting = asyncio.ensure_future(build(wanted))
    waiting.cancel()
    await asyncio.wait([waiting])
    gate.close()
    await building
    (folder / "gate").unlink()
    (folder / "gate").write_text("\n")
    await build(wanted)
    assert shell.runs == 2


async def test_what_was_built_is_stale_once_its_inputs_are_others(folder: Path, tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "records").mkdir()
    (folder / "in").write_text("1")
    builder = Builder(tmp_path / "records", shell)
    wanted = manifest("echo locked >> in")
    launch = Launch(("/bin/sh", "-c", "echo locked >> in"), folder, {}, tmp_path / "log")
    assert not await builder.is_stale(wanted, folder)  # nobody built it here
    await builder.build(wanted, folder, launch)
    assert not await builder.is_stale(wanted, folder)  # it wrote its input itself
    (folder / "in").write_text("2")
    assert await builder.is_stale(wanted, folder)
    await builder.build(wanted, folder, launch)
    assert not await builder.is_stale(wanted, folder)
    assert await builder.is_stale(manifest("another"), folder)
