from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spacectl.adapters.run_records import RunRecords
from spacectl.core.adopting import scales_of
from spacectl.core.scaling import Scaled
from spacectl.model.actions import Note
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Probing, Process, Replica, State, Unit
from spacectl.wiring.recording import Recorder


def unit(name: str) -> Unit:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": ["x"]}})
    return Unit(name, manifest, frozenset(), (Replica(name, 1),))


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    records = RunRecords(tmp_path / "run")
    notes: list[Note] = []
    recorder = Recorder(records, notes.append, dict)
    state = State({name: unit(name) for name in ("cart", "orders")})
    recorder.keep(state)
    assert [each.unit for each in records.read()] == ["cart", "orders"]
    (tmp_path / "run" / "units" / "cart.json").unlink()

    orders = replace(state.replica("orders.1"), phase=Phase.READY, process=Process(7, 70, "m", 3))
    recorder.keep(state := state.with_replica(orders))
    (kept,) = records.read()
    assert (kept.unit, kept.replicas[0].pid) == ("orders", 7)

    (tmp_path / "run" / "units" / "orders.json").unlink()
    recorder.keep(state.with_replica(replace(orders, ready=Probing(failures=1, reason="503"))))
    assert records.read() == []  # a probe changes nothing that is kept


def test_a_disk_that_takes_nothing_is_told_of_once_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    notes: list[Note] = []
    recorder = Recorder(RunRecords(tmp_path / "run"), notes.append, dict)
    state = State({name: unit(name) for name in ("cart", "orders")})
    recorder.keep(state)
    assert [each.kind for each in notes] == ["unrecorded"]
    (tmp_path / "run").unlink()
    recorder.keep(state)
    assert [each.unit for each in RunRecords(tmp_path / "run").read()] == ["cart", "orders"]


def test_a_unit_that_is_gone_has_no_record(tmp_path: Path) -> None:
    records = RunRecords(tmp_path / "run")
    recorder = Recorder(records, lambda _: None, dict)
    recorder.keep(State({name: unit(name) for name in ("cart", "orders")}))
    recorder.keep(State({"cart": unit("cart")}))
    assert [each.unit for each in records.read()] == ["cart"]


def test_what_holds_for_the_run_is_kept(tmp_path: Path) -> None:
    records = RunRecords(tmp_path / "run")
    recorder = Recorder(records, lambda _: None, dict)
    recorder.keep_run({"orders": Scaled(3, 1)}, {"NAME": "not \udcff UTF-8"})
    kept = records.read_run()
    assert kept is not None
    assert scales_of(kept) == {"orders": Scaled(3, 1)}
    assert kept.inherited == {"NAME": "not \udcff UTF-8"}
    assert (tmp_path / "run" / "run.json").stat().st_mode & 0o777 == 0o600
