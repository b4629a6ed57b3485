"""Bash, zsh and fish as a person has them: interactive, at a terminal, with the completion that was installed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

DEADLINE_S = 30.0
_TO_BEGIN, _TO_END = "\x01", "\x05"
_SIZE = struct.pack("HHHH", 50, 160, 0, 0)


class Shell:
    """An interactive shell. Its keys are sent at once: what comes while it completes, it reads afterwards."""

    def __init__(self, name: str, home: Path, env: Mapping[str, str]) -> None:
        self._home = home
        self._shown = b""
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, _SIZE)
        command = ["setsid", "--ctty", name, "-i"]
        self._process = subprocess.Popen(command, cwd=home, env=env, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        self.words("true")

    def words(self, keys: str) -> list[str]:
        """The words of a line that was typed with these keys; a TAB among them completes."""
        told = self._home / "told"
        told.unlink(missing_ok=True)
        line = f"{keys}{_TO_BEGIN}printf '%s\\n' {_TO_END} END > ~/told\r"
        os.write(self._terminal, line.encode())
        end = time.monotonic() + DEADLINE_S
        while not (told.exists() and told.read_text().endswith("END\n")):
            assert time.monotonic() < end, self._shown.decode(errors="replace")
            self._read()
        return told.read_text().splitlines()[:-1]

    def go_to(self, folder: str) -> None:
        """Change the folder."""
        os.write(self._terminal, f"cd {folder}\r".encode())
        self.words("true")

    def close(self) -> None:
        """End it, with whatever it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._terminal)

    def _read(self) -> None:
        if select.select([self._terminal], [], [], 0.02)[0]:
            with contextlib.suppress(OSError):  # it has ended
                self._shown += os.read(self._terminal, 65536)


@contextlib.contextmanager
def completing_shell(name: str, home: Path) -> Iterator[Shell]:
    """A shell of that name whose home is a folder, after `spacectl --install-completion` in it."""
    programs = home / "bin"
    programs.mkdir()
    program = programs / "spacectl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spacectl "$@"\n')
    program.chmod(0o755)
    given = {key: value for key, value in os.environ.items() if not key.startswith(("SPACECTL_", "XDG_", "ZDOTDIR"))}
    env = given | {"HOME": str(home), "TERM": "xterm", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([name, "-c", "spacectl --install-completion; true"], env=env, check=True, capture_output=True)
    shell = Shell(name, home, env)
    try:
        yield shell
    finally:
        shell.close()
