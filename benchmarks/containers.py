"""Twenty containers that answer HTTP: brought up by spacectl, and by as many `docker run` at once."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from engine import make_image

COUNT = 20
_FIRST_PORT = 13_100
_SPACECTL = [sys.executable, "-m", "spacectl"]
_SERVE = "trap 'exit 0' TERM; touch /data/health; httpd -f -p 0.0.0.0:$PORT -h /data & wait $!"


def by_spacectl(folder: Path) -> float:
    """Seconds from `up` until each has answered; two engines of its own are among what comes up."""
    image = make_image()
    ports = range(_FIRST_PORT, _FIRST_PORT + COUNT)
    if not folder.joinpath("system.toml").exists():
        folder.joinpath("system.toml").write_text('[system]\nname = "bench"\n')
        for port in ports:
            space = folder / "spaces" / f"web-{port}"
            space.mkdir(parents=True)
            space.joinpath("space.toml").write_text(
                f'[space]\nname = "web-{port}"\n[run]\ncommand = ["none"]\nruntime = "container"\n'
                f'[container]\nimage = "{image}"\ncommand = "{_SERVE}"\n[api]\nport = {port}\n'
            )
    began = time.perf_counter()
    with subprocess.Popen([*_SPACECTL, "up", "--detach"], cwd=folder, stderr=subprocess.DEVNULL) as up:
        _until_all_answer(ports)
        taken = time.perf_counter() - began
        up.wait()
    subprocess.run([*_SPACECTL, "down"], cwd=folder, capture_output=True, check=True)
    return taken


def by_docker(folder: Path) -> float:
    """Seconds from twenty `docker run --detach` at once, with the same settings, until each has answered."""
    image, ports = make_image(), range(_FIRST_PORT, _FIRST_PORT + COUNT)
    network = f"spacectl-bench-{time.monotonic_ns()}"
    subprocess.run(["docker", "network", "create", network], capture_output=True, check=True)
    began = time.perf_counter()
    runs = [subprocess.Popen(_run(image, network, port, folder), stdout=subprocess.DEVNULL) for port in ports]
    _until_all_answer(ports)
    taken = time.perf_counter() - began
    for run in runs:
        run.wait()
    names = [_name(port) for port in ports]
    for name in names:  # all at once, an engine may forget that the last has left the network
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)
    subprocess.run(["docker", "network", "rm", network], capture_output=True, check=True)
    return taken


def _run(image: str, network: str, port: int, folder: Path) -> list[str]:
    data = folder / f"data-{port}"
    data.mkdir(exist_ok=True)
    data.chmod(0o777)
    return [
        "docker", "run", "--detach", "--name", _name(port), "--network", network, "--read-only",
        "--tmpfs", "/tmp",  # noqa: S108  (the container's own)
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65532:65532",
        "--publish", f"127.0.0.1:{port}:{port}", "--env", f"PORT={port}", "--volume", f"{data}:/data",
        image, "/bin/sh", "-c", _SERVE,
    ]  # fmt: skip


def _name(port: int) -> str:
    return f"spacectl-bench-{port}"


def _until_all_answer(ports: Iterable[int]) -> None:
    for port in ports:
        while not _answers(port):
            time.sleep(0.005)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
