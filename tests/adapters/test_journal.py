import json
import resource
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spacectl.adapters.journal import Journal
from spacectl.model.actions import Note


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "supervisor.log"


def test_a_line_for_each_note_after_what_is_there(path: Path) -> None:
    path.write_text("a traceback\n")
    journal = Journal(path)
    before = datetime.now(UTC)
    journal.write(Note("orders.1", "failed", 'two\nlines, "quotes" and \udcff'))
    journal.close()
    first, second = path.read_text().splitlines()
    assert first == "a traceback"
    note = json.loads(second)
    assert (note["subject"], note["kind"]) == ("orders.1", "failed")
    assert note["text"] == 'two\nlines, "quotes" and \udcff'
    assert note["time"].endswith("Z")
    assert abs((datetime.fromisoformat(note["time"]) - before).total_seconds()) < 60
    assert journal.lost == 0


def test_a_new_one_is_private(path: Path) -> None:
    Journal(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_loses_lines_but_tears_none_after(path: Path) -> None:
    journal = Journal(path)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, limits[1]))
    try:
        for _ in range(5):
            journal.write(Note("orders.1", "ready", "after 1.0s"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert journal.lost == 4
    for text in ("there is room", "again"):
        journal.write(Note("bus", "note", text))
    journal.close()
    whole, torn, *after = path.read_text().splitlines()
    assert json.loads(whole)["text"] == "after 1.0s"
    assert torn.startswith('{"time"')
    assert [json.loads(line)["text"] for line in after] == ["there is room", "again"]
