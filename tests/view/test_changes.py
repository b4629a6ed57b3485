from spacectl.model.report import ChangesReport, SpaceChange
from spacectl.view.changes import change_lines


def test_a_line_for_each_change() -> None:
    report = ChangesReport(
        changes=(
            SpaceChange(space="audit", kind="start", why="new"),
            SpaceChange(space="cart", kind="scale", why="from 1 to 3 replicas", replicas=3),
            SpaceChange(space="cart", kind="restart", why="command changed"),
            SpaceChange(space="orders", kind="update", why="[ready] changed; it runs on"),
            SpaceChange(space="spare", kind="add", why="new, and not among what is to start"),
            SpaceChange(space="legacy", kind="stop", why="no longer part of the system"),
        ),
        held=("[bus] port", "[bus] url"),
    )
    assert change_lines(report) == [
        "audit starts: new",
        "cart scales from 1 to 3 replicas",
        "cart restarts: command changed",
        "orders takes on what is new: [ready] changed; it runs on",
        "spare is added: new, and not among what is to start",
        "legacy stops and is removed: no longer part of the system",
        "counts at the next `up` after a `down`: [bus] port, [bus] url in system.toml",
    ]


def test_nothing() -> None:
    assert change_lines(ChangesReport(changes=(), spaces=("orders",))) == ["nothing changed"]
    assert change_lines(ChangesReport(changes=(), held=("[system] name",))) == [
        "counts at the next `up` after a `down`: [system] name in system.toml"
    ]
