"""Real systems made of tiny programs, run with the real command, and proof that nothing of them is left."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from spacectl.wiring.prepare import instance_of

PROGRAMS = Path(__file__).parent / "programs"
DEADLINE_S = 30.0
_WORKERS, _PORTS_EACH = 8, 1_500
PROMPT = "done>"
"""What the shell of a terminal writes after each line, before its exit code."""

UNWANTED = ("SPACECTL_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "PYTEST_", "PYTHONDONTWRITE")

T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Foreground:
    """A command that runs on, its output going to files."""

    process: subprocess.Popen[str]
    out_file: Path
    err_file: Path

    @property
    def out(self) -> str:
        return self.out_file.read_text(encoding="utf-8", errors="replace")

    @property
    def err(self) -> str:
        return self.err_file.read_text(encoding="utf-8", errors="replace")

    def until(self, text: str) -> None:
        """Wait until it has written something."""
        wait_for(lambda: text in self.out + self.err or self._ended(), f"{text!r} written")
        assert text in self.out + self.err, f"ended with {self.process.returncode}:\n{self.out}\n{self.err}"

    def interrupt(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def ended(self, within_s: float = DEADLINE_S) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(timeout=within_s)

    def _ended(self) -> bool:
        return self.process.poll() is not None


@dataclass
class SystemHere:
    """A system in a folder of its own, and the command used in it."""

    root: Path
    environment: dict[str, str]
    program: tuple[str, ...] = (sys.executable, "-m", "spacectl")
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.root / ".spacectl"

    def write_space(self, name: str, manifest: str) -> Path:
        """Write or replace a `space.toml`, given without its `[space]` header and name; returns the space's folder."""
        folder = self.root / "spaces" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "space.toml").write_text(f'[space]\nname = "{name}"\n{manifest}', encoding="utf-8")
        return folder

    def run(self, *words: str, within_s: float = DEADLINE_S, **options: Any) -> Done:
        """Run the command in the system's folder to its end."""
        process = self.start(*words, **options)
        try:
            out, err = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"spacectl {' '.join(words)} did not end within {within_s:.0f}s:\n{out}\n{err}")
        return Done(process.returncode, out, err)

    def start(
        self,
        *words: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] | None = None,
        **options: Any,
    ) -> subprocess.Popen[str]:
        """Start the command in the system's folder."""
        given: dict[str, Any] = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True
        } | options  # fmt: skip
        command = [*(program or self.program), *words]
        process = subprocess.Popen(command, cwd=cwd or self.root, env=self.environment | dict(env or {}), **given)
        self.started.append(process)
        return process

    def foreground(self, *words: str, **options: Any) -> Foreground:
        """Start the command, its output going to files beside the system's folder."""
        files = [self.root.with_name(f"{self.root.name}.{len(self.started)}.{kind}") for kind in ("out", "err")]
        with files[0].open("w") as out, files[1].open("w") as err:
            return Foreground(self.start(*words, stdout=out, stderr=err, **options), *files)

    def up(self, *words: str, within_s: float = DEADLINE_S, **options: Any) -> Done:
        """`up --detach`, which must succeed."""
        done = self.run("up", "--detach", *words, within_s=within_s, **options)
        assert done.code == 0, done.err
        return done

    def ps(self) -> Any:
        """What `ps --json` tells; a system must be running."""
        done = self.run("ps", "--json")
        assert done.code == 0, done.err
        return done.json

    def replica(self, name: str) -> Any:
        """What `ps --json` tells of one replica."""
        return next(r for space in self.ps()["spaces"] for r in space["replicas"] if r["name"] == name)

    def wait_for_replica(self, name: str, fact: Callable[[Any], Any]) -> Any:
        """The first report of a replica of which something is true."""
        return wait_for(lambda: fact(each := self.replica(name)) and each, f"{name} as wanted")

    def log(self, name: str) -> str:
        """What was written to a log so far."""
        path = self.state / "logs" / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def marked(self) -> list[psutil.Process]:
        """The live processes that carry this system's mark."""
        return [process for process in psutil.process_iter() if self._is_marked(process)]

    def here(self) -> list[psutil.Process]:
        """The live processes that work in this system's folder, the supervisor among them."""
        return [process for process in psutil.process_iter() if self._is_here(process)]

    def supervisors(self) -> list[psutil.Process]:
        """The supervisors of this system: commands that lead a session, in its folder."""
        return [process for process in self.here() if _supervises(process)]

    def end(self) -> None:
        """Take everything down, however it stands."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        for folder in (self.root, *(self.state / "isolated").glob("*")):
            if folder.joinpath("run").exists() or folder.joinpath(".spacectl", "run").exists():
                subprocess.run([sys.executable, "-m", "spacectl", "down"], cwd=folder, env=self.environment,
                               capture_output=True, timeout=DEADLINE_S, check=False)  # fmt: skip
        left = [*self.marked(), *self.here()]
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        assert not left, f"left running: {left}"

    def _is_marked(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("SPACECTL_INSTANCE") == instance_of(self.root)
        except psutil.Error:
            return False

    def _is_here(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(self.root)
        except (psutil.Error, FileNotFoundError):
            return False


def _supervises(process: psutil.Process) -> bool:
    try:
        return "spacectl" in process.cmdline() and os.getsid(process.pid) == process.pid
    except (psutil.Error, ProcessLookupError):  # it has ended since it was found
        return False


def wait_for(fact: Callable[[], T], what: str, *, within_s: float = DEADLINE_S) -> T:
    """The first true value of `fact`."""
    end = time.monotonic() + within_s
    while not (value := fact()):
        assert time.monotonic() < end, f"not within {within_s:.0f}s: {what}"
        time.sleep(0.02)
    return value


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def run_program() -> Callable[..., str]:
    """The line of a `[run]` section that runs one of the programs in `programs/`."""

    def command(name: str, *words: str) -> str:
        return f"command = {json.dumps([sys.executable, '-S', str(PROGRAMS / f'{name}.py'), *words])}\n"

    return command


@pytest.fixture
def idle(run_program: Callable[..., str]) -> Callable[..., str]:
    """The manifest of a space that serves nothing, prints lines, and is ready once it printed the last."""

    def manifest(*lines: str, run: str = "", more: str = "") -> str:
        said = lines or ("up",)
        run = f"[run]\n{run_program('idle', *said)}{run}\n"
        return f"{run}[api]\nserves = false\n[ready]\nlog = {json.dumps(said[-1])}\n{more}"

    return manifest


@pytest.fixture
def serve(run_program: Callable[..., str]) -> Callable[..., str]:
    """The manifest of a space that serves a small API."""

    def manifest(*options: str, run: str = "", more: str = "") -> str:
        return f"[run]\n{run_program('serve', *options)}{run}\n{more}"

    return manifest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home and temporary folder of everything that a test runs."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of everything that a test runs: that of the tests, without what would change the commands."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)}
    # Tests that run side by side start systems at the same moment, and each would find the other's ports free.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    first = 20_000 + worker * _PORTS_EACH
    return given | {"HOME": str(home), "TMPDIR": str(home), "SPACECTL_PORTS": f"{first}-{first + _PORTS_EACH - 1}"}


@pytest.fixture
def cached(environment: Mapping[str, str]) -> dict[str, str]:
    """The test's environment, with the caches of package tools shared, so that nothing is fetched twice."""
    uv = Path(sys.executable).with_name("uv")
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return {**environment, "UV_CACHE_DIR": cache, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def adopt_system(home: Path, environment: dict[str, str]) -> Iterator[Callable[..., SystemHere]]:
    """Takes charge of the system in a folder: at the end nothing of it may be left, nor anything beside it."""
    adopted: list[SystemHere] = []

    def adopt(root: Path, **env: str) -> SystemHere:
        adopted.append(SystemHere(root, environment | env))
        return adopted[-1]

    yield adopt
    for each in adopted:
        each.end()
    assert not list(home.rglob("*")), "something was written outside the system's folder"


@pytest.fixture
def make_system(tmp_path: Path, adopt_system: Callable[..., SystemHere]) -> Callable[..., SystemHere]:
    """Makes a system from the texts of its manifests."""
    folders = (tmp_path / f"system{number}" for number in itertools.count())

    def make(spaces: Mapping[str, str], system: str = "", *, folder: Path | None = None) -> SystemHere:
        here = adopt_system(folder or next(folders))
        (here.root / "spaces").mkdir(parents=True)
        (here.root / "system.toml").write_text(f'[system]\nname = "tiny"\n{system}', encoding="utf-8")
        for name, manifest in spaces.items():
            here.write_space(name, manifest)
        return here

    return make


@dataclass
class Terminal:
    """A terminal with a shell that runs lines in a system's folder."""

    socket: str
    wait_for: Callable[..., Any]

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, line: str) -> None:
        """Type a line; `spacectl` stands for the command under test."""
        self.tmux("send-keys", "-l", line.replace("spacectl", f"{sys.executable} -m spacectl"))
        self.tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self.tmux("send-keys", key)

    def screen(self, *options: str) -> list[str]:
        """The lines on the screen, without the empty ones at its end."""
        return self.tmux("capture-pane", "-p", *options).rstrip("\n").split("\n")

    def until(self, text: str) -> list[str]:
        """The screen, once it shows something."""
        try:
            self.wait_for(lambda: text in "\n".join(self.screen()), f"{text!r} on the screen")
        except AssertionError as error:
            error.add_note("\n".join(["the screen:", *self.screen("-S", "-200")]))
            raise
        return self.screen()

    def ended(self) -> int:
        """The exit code of the line that was typed last, once it has ended."""
        return int(self.until(PROMPT)[-1].rpartition(" ")[2])


@pytest.fixture
def open_terminal(wait_for: Callable[..., Any]) -> Iterator[Callable[..., Terminal]]:
    """Opens a terminal of a size; its socket lies where its name is short enough for one."""
    with tempfile.TemporaryDirectory(prefix="tmux") as folder:
        opened: list[Terminal] = []

        def open_one(system: Any, columns: int, rows: int) -> Terminal:
            terminal = Terminal(f"{folder}/{len(opened)}", wait_for)
            env = system.environment | {"ROOT": str(system.root), "TERM": "xterm-256color"}
            each = f'cd "$ROOT"; eval "$line"; code=$?; cd /; printf \'{PROMPT} %s\\n\' $code'
            shell = f"stty -echo; trap : INT; : > shell; while read -r line; do {each}; done"
            size = ["-x", str(columns), "-y", str(rows)]
            start = ["new-session", "-d", *size, "-c", folder, "/bin/sh", "-c", shell]
            command = ["tmux", "-S", terminal.socket, "-f", os.devnull, *start]
            subprocess.run(command, env=env, check=True)
            opened.append(terminal)
            wait_for((Path(folder) / "shell").exists, "the shell")
            return terminal

        yield open_one
        for terminal in opened:
            subprocess.run(["tmux", "-S", terminal.socket, "kill-server"], capture_output=True, check=False)
