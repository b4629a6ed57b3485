from pathlib import Path

from spacectl.adapters.log_store import keep_previous, sources
from spacectl.model.log_line import Selection


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def fill(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).write_text(name)


def test_the_run_before_is_put_aside_with_its_index(folder: Path) -> None:
    fill(
        folder, "cart.1.log", "cart.1.times", "bus.log", "bus.previous.log", "bus.previous.times", "old.1.previous.log"
    )
    keep_previous(folder)
    assert names(folder) == {
        "cart.1.previous.log",
        "cart.1.previous.times",
        "bus.previous.log",
        "old.1.previous.log",
    }
    assert (folder / "bus.previous.log").read_text() == "bus.log"
    keep_previous(folder)
    assert (folder / "bus.previous.log").read_text() == "bus.log"
    keep_previous(folder / "missing")


def test_which_logs_are_selected(folder: Path) -> None:
    fill(folder, "orders.1.log", "orders.2.log", "orders.build.log", "orders.probe.log", "order.1.log", "bus.log")
    fill(folder, "supervisor.log", "orders.1.previous.log", "supervisor.previous.log", "orders.1.times")

    def chosen(*names: str, previous: bool = False) -> list[str]:
        return [*sources(folder, Selection(names=frozenset(names), previous=previous))]

    assert chosen() == ["bus", "order.1", "orders.1", "orders.2", "orders.build"]
    assert chosen("orders") == ["orders.1", "orders.2", "orders.build"]
    assert chosen("orders.2", "bus") == ["bus", "orders.2"]
    assert chosen("orders.probe") == ["orders.probe"]
    assert chosen("spacectl") == ["spacectl"]
    assert chosen("payments") == []
    assert chosen(previous=True) == ["orders.1"]
    assert chosen("spacectl", previous=True) == ["spacectl"]
    assert sources(folder, Selection(previous=True)) == {"orders.1": folder / "orders.1.previous.log"}
    assert sources(folder / "missing", Selection()) == {}
