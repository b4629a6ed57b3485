"""The Docker engine that tests use, and a tiny image for them: busybox and nothing else."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import base_image
import pytest

APPLETS = ("sh", "httpd", "nc", "wget", "sleep", "echo", "cat", "touch", "printf")
IMAGE = f"spacectl-test-busybox:{'-'.join(APPLETS)}"


def docker(*words: str) -> str:
    """Run the docker command; what it printed."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def missing() -> str | None:
    """Why no container can run here; None when one can."""
    busybox = shutil.which("busybox")
    if shutil.which("docker") is None or busybox is None:
        return "docker and a static busybox are needed: apt install docker.io busybox-static"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        return "no Docker engine answers"
    return None


def need_engine() -> None:
    """Go on where containers can run; elsewhere the test is skipped, and fails in CI.

    Everything under CI=true is to be there, so that nothing is left out unseen.
    """
    _need(missing())


def need_base_image() -> str:
    """The base image of the shop's Dockerfiles; where it is not there, the same."""
    _need(
        missing() or (None if base_image.is_there() else "no base image: python tests/support/base_image.py makes it")
    )
    return base_image.name()


def _need(why: str | None) -> None:
    if why is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


class PrivateEngine:
    """An engine of a test's own, which it may stop; needs root. It leaves the packet filter alone.

    Args:
        folder: for all its files; at most some 60 characters long, for a socket is in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.host = f"unix://{folder}/docker.sock"

    def start(self) -> None:
        """Start it, again perhaps, and wait until it answers."""
        folder = self._folder
        pid = folder / "docker.pid"
        words = [
            "dockerd", "--host", self.host, "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"),
            "--pidfile", str(pid), "--bridge", "none", "--iptables=false", "--ip6tables=false",
        ]  # fmt: skip
        with (folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "--host", self.host, "info"], capture_output=True, check=False).returncode:
            assert self._process.poll() is None, (folder / "dockerd.log").read_text()
            assert time.monotonic() < deadline, "the engine does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, and with it its containers, as a restart of the service does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


def make_image() -> str:
    """The tiny image; made when it is not there. Two at once make the same one."""
    if not docker("images", "--quiet", IMAGE):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for folder in ("bin", "data", "tmp", "www"):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
                tar.addfile(entry)
            tar.add(Path(shutil.which("busybox") or "").resolve(), "bin/busybox")
            for applet in APPLETS:
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        subprocess.run(["docker", "import", "-", IMAGE], input=archive.getvalue(), capture_output=True, check=True)
    return IMAGE
