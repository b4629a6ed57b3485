from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spacectl.adapters.journal import Journal, notes_since
from spacectl.model.actions import Note


def test_notes_come_back_from_a_moment_on_and_other_lines_do_not(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.log"
    began = datetime.now(UTC)
    with closing(Journal(path)) as journal:
        journal.write(Note("orders.1", "ready", "after 1s"))
        with path.open("a") as log:
            log.write('Traceback\n{"time": 1}\n{torn\n')
        journal.write(Note("orders.1", "killed", "still there"))
    assert [(note.subject, note.kind) for note in notes_since(path, began)] == [
        ("orders.1", "ready"), ("orders.1", "killed"),
    ]  # fmt: skip
    assert notes_since(path, datetime.now(UTC) + timedelta(hours=1)) == []
