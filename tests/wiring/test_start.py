from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from spacectl.errors import AlreadyRunningError, InternalError, MachineError
from spacectl.model.layout import Layout
from spacectl.wiring.start import is_running, start, take_lock


def test_a_supervisor_is_never_forked_beside_a_thread() -> None:
    nothing: Any = None
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(InternalError, match=r"^\d+ threads run where the supervisor is to be forked$"):
            start(nothing, nothing, watch=False)
    finally:
        done.set()
        thread.join()


def test_the_lock_is_for_one_and_given_back(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert not is_running(layout)
    with take_lock(layout):
        assert is_running(layout)
        with pytest.raises(AlreadyRunningError, match="is running already"):
            take_lock(layout)
    assert not is_running(layout)
    assert layout.state.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".spacectl").write_text("a file where the folder should be")
    with pytest.raises(MachineError, match=r"^cannot write .*\.spacectl"):
        take_lock(Layout(tmp_path))
