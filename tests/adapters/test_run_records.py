from __future__ import annotations

from pathlib import Path

import pytest

from spacectl.adapters.run_records import RunRecords, boot_id
from spacectl.model.phase import Phase
from spacectl.model.record import ReplicaRecord, UnitRecord


def record(name: str, pid: int = 7) -> UnitRecord:
    replica = ReplicaRecord(number=1, phase=Phase.READY, wanted=True, pid=pid, start_ticks=1, started_at=0.25)
    return UnitRecord(unit=name, boot=boot_id(), stop_signal="SIGINT", replicas=(replica,))


def test_what_was_written_is_read_and_the_last_counts(tmp_path: Path) -> None:
    records = RunRecords(tmp_path)
    assert records.read() == []
    for each in (record("orders"), record("cart"), record("orders", pid=8)):
        records.write(each)
    assert RunRecords(tmp_path).read() == [record("cart"), record("orders", pid=8)]
    assert (tmp_path / "units").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "units" / "cart.json").stat().st_mode & 0o777 == 0o600
    records.forget()
    assert records.read() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unit": "orders"}', "\0" * 10, "\xff"])
def test_what_cannot_be_read_tells_nothing(tmp_path: Path, text: str) -> None:
    records = RunRecords(tmp_path)
    records.write(record("cart"))
    (tmp_path / "units" / "orders.json").write_text(text, encoding="latin-1")
    assert records.read() == [record("cart")]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    records = RunRecords(tmp_path)
    records.write(record("cart"))
    (tmp_path / "units" / ".cart.json").mkdir()  # where the new one would be written first
    with pytest.raises(OSError, match="cart"):
        records.write(record("cart", pid=9))
    assert records.read() == [record("cart")]
