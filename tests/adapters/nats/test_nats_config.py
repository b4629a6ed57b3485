"""The configuration is what a real nats-server understands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacectl.adapters.nats_config import quoted, render_config
from spacectl.adapters.nats_server import find_nats_server
from spacectl.adapters.private_files import write_private
from spacectl.model.bus import BusPlan, BusServer

SERVER = BusServer(name="spacectl-shop", host="127.0.0.1", port=4222, store=Path("/store"), sync="interval")
PASSWORDS = {"spacectl": "a", "system": "b"}


@pytest.mark.parametrize(
    "name",
    ["plain", "two words", 'q"uote', "back\\slash", "$HOME", "new\nline", "tab\t", "é日本", "a\x01b\x7f", "#x//y{}[]"],
)
def test_any_folder_can_hold_the_store(tmp_path: Path, start_bus: Callable[..., Any], name: str) -> None:
    bus = start_bus({})
    bus.stop()
    bus.server = replace(bus.server, store=tmp_path / name)
    bus.start()
    assert (tmp_path / name / "jetstream").is_dir()


def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path, start_bus: Callable[..., Any]) -> None:
    bus = start_bus({})
    bus.stop()
    bus.server = replace(bus.server, store=tmp_path / os.fsdecode(b"latin-\xe9"))
    bus.start()
    assert (tmp_path / os.fsdecode(b"latin-\xe9") / "jetstream").is_dir()


def test_quoting() -> None:
    assert quoted('a"b\\c\nd\x01é') == '"a\\"b\\\\c\\nd\\x01é"'


@pytest.mark.parametrize(("sync", "written"), [("interval", '"10s"'), ("always", '"always"')])
def test_when_it_writes_to_the_disk(sync: Any, written: str) -> None:
    config = render_config(replace(SERVER, sync=sync), BusPlan("shop", (), (), ()), PASSWORDS)
    assert f"sync_interval: {written}" in config


def test_the_server_finds_nothing_wrong_and_opens_no_other_port(tmp_path: Path, start_bus: Callable[..., Any]) -> None:
    bus = start_bus({"orders": {"publishes": ["orders.placed"]}})
    config = tmp_path / "nats-server.conf"
    write_private(config, render_config(bus.server, bus.plan, bus.passwords))
    checked = subprocess.run([find_nats_server(), "-t", "-c", config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warning" not in checked.stderr.lower()
    listening = [line for line in bus.log.splitlines() if "Listening" in line or "http" in line.lower()]
    assert [line.rpartition(" ")[2] for line in listening if "docs.nats.io" not in line] == [
        f"127.0.0.1:{bus.server.port}"
    ]


def test_passwords_are_in_a_file_that_only_its_owner_can_read(start_bus: Callable[..., Any]) -> None:
    bus = start_bus({"orders": {}})
    assert (bus.folder / "nats-server.conf").stat().st_mode & 0o777 == 0o600
    assert bus.passwords["orders"] not in bus.log
