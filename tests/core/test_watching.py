"""Files that change: a person's edits restart a space at once, what it writes itself ever more rarely."""

from dataclasses import dataclass

import pytest

from spacectl.core.settle import next_wake
from spacectl.core.step import step
from spacectl.core.watching import AT_ONCE, loop
from spacectl.model.actions import Action, Build, Note, Spawn, Terminate
from spacectl.model.events import (
    BuildFinished,
    Event,
    Exited,
    FilesChanged,
    Gone,
    Probed,
    Restart,
    Spawned,
    Start,
    Tick,
)
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Ended, Replica, State, Unit


@dataclass
class Edited:
    """One space whose files change, and the world that does what is asked."""

    state: State
    now: float = 1000.0
    pid: int = 100
    build_s: float = 0.5

    @property
    def unit(self) -> Unit:
        return self.state.units["orders"]

    def feed(self, event: Event) -> list[Action]:
        self.state, actions = step(self.state, event, self.now)
        return actions

    def change(self, *files: str) -> list[Action]:
        return self.feed(FilesChanged("orders", frozenset(files)))

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass; what was begun meanwhile because something was due."""
        end, actions = self.now + seconds, []
        while (wake := next_wake(self.state)) is not None and wake <= end:
            self.now = max(self.now, wake)
            actions += self.settle(self.feed(Tick()))
        self.now = end
        return actions

    def settle(self, actions: list[Action], *, failing: bool = False) -> list[Action]:
        """Answer as processes and builds that go well do, until nothing more is asked; all that was asked."""
        done = []
        while actions:
            action, *actions = actions
            done.append(action)
            actions += self.answered(action, failing=failing)
        return done

    def answered(self, action: Action, *, failing: bool) -> list[Action]:
        match action:
            case Build():
                self.now += self.build_s
                return self.feed(BuildFinished("orders", "it failed" if failing else None))
            case Spawn():
                self.pid += 1
                started = self.feed(Spawned("orders.1", self.pid, 1))
                self.now += 0.1
                return started + self.feed(Probed("orders.1", self.pid, "ready", None))
            case Terminate():
                ended = self.feed(Exited("orders.1", self.pid, Ended(0, None)))
                return ended + self.feed(Gone("orders.1", self.pid))
        return []


def edited(on_change: str = "restart") -> Edited:
    manifest = SpaceManifest.model_validate(
        {
            "space": {"name": "orders"},
            "run": {"command": ["x"]},
            "build": {"command": "make"} if on_change == "build" else {},
            "watch": {"paths": ["src"], "on_change": on_change},
        }
    )
    made = Edited(State({"orders": Unit("orders", manifest, frozenset(), (Replica("orders", 1),))}))
    made.settle(made.feed(Start(frozenset({"orders"}))))
    assert made.unit.replicas[0].phase is Phase.READY
    made.wait(60)
    return made


def restarts(actions: list[Action]) -> int:
    return sum(1 for each in actions if isinstance(each, Build | Terminate))


def told(actions: list[Action]) -> list[str]:
    return [each.text for each in actions if isinstance(each, Note) and each.kind == "loop"]


def test_each_edit_of_a_person_restarts_at_once() -> None:
    made = edited()
    for _ in range(50):
        assert restarts(made.settle(made.change("src/app.py"))) == 1
        made.wait(3)
    assert made.unit.watching.rounds == 0


def test_a_program_that_writes_what_is_watched_is_restarted_ever_more_rarely() -> None:
    made = edited()
    made.settle(made.change("src/app.py"))
    for _ in range(AT_ONCE):
        assert restarts(made.settle(made.change("src/cache.db"))) == 1
    first = made.change("src/cache.db", "src/other")
    (text,) = told(first)
    assert text == (
        "src/cache.db changed during each of the last 5 restarts: it seems to be a loop; the next restart waits 5s, "
        "unless something changes meanwhile; [watch] ignore leaves out what nobody edits"
    )
    assert restarts(first) == 0
    for pause_s in (5, 10, 20, 40):
        assert loop(made.unit) is not None
        assert restarts(made.wait(pause_s - 0.5)) == 0
        assert restarts(made.wait(0.5)) == 1
        assert loop(made.unit) is None
        made.settle(made.change("src/cache.db"))
    for _ in range(20):
        made.wait(made.unit.watching.pause_s)
        made.settle(made.change("src/cache.db"))
    assert restarts(made.wait(3599)) == 0
    assert restarts(made.wait(1)) == 1


def test_an_edit_meanwhile_counts_at_once_and_ends_the_suspicion() -> None:
    made = edited()
    made.settle(made.change("src/gen.py"))
    for _ in range(AT_ONCE + 1):
        made.settle(made.change("src/gen.py"))
    assert loop(made.unit) is not None
    assert restarts(made.change("src/gen.py")) == 0  # whoever writes it: it is part of the restart that comes
    made.wait(3)
    assert restarts(made.settle(made.change("src/gen.py"))) == 1
    assert loop(made.unit) is None
    assert made.unit.watching.rounds == 0


@pytest.mark.parametrize("failing", [False, True])
def test_a_build_that_writes_its_own_inputs(failing: bool) -> None:
    made = edited("build")
    actions = made.change("src/app.py")
    for _ in range(AT_ONCE):
        assert restarts(made.settle(actions, failing=failing)) >= 1
        actions = made.change("src/gen.py")
        assert Build("orders") in actions
    made.settle(actions, failing=failing)
    assert told(made.change("src/gen.py"))[0].startswith("src/gen.py changed during each of the last 5 builds: ")
    assert Build("orders") in made.wait(5)


def test_a_build_that_is_interrupted_by_what_it_writes_gets_to_its_end() -> None:
    """It writes while it runs, and each time begins anew, until it is told not to."""
    made = edited("build")
    made.change("src/app.py")
    for _ in range(AT_ONCE):
        assert Build("orders") in made.change("src/gen.py")
    assert Build("orders") not in made.change("src/gen.py")
    assert restarts(made.settle(made.feed(BuildFinished("orders", None)))) == 1
    assert made.unit.replicas[0].phase is Phase.READY


def test_other_files_each_time_are_no_loop() -> None:
    """A checkout of another branch goes on for a while."""
    made = edited()
    for number in range(20):
        assert told(made.settle(made.change(f"src/{number}.py"))) == []


def test_many_changes_while_it_stops_are_one_round() -> None:
    made = edited()
    made.settle(made.change("src/app.py"))
    for _ in range(3):
        stopping = made.change("src/cache.db")
        for _ in range(10):
            assert told(made.change("src/cache.db")) == []
        made.settle(stopping)
    assert made.unit.watching.rounds == 3


def test_a_restart_by_hand_begins_anew() -> None:
    made = edited()
    made.settle(made.change("src/gen.py"))
    for _ in range(AT_ONCE + 1):
        made.settle(made.change("src/gen.py"))
    made.settle(made.feed(Restart(frozenset({"orders"}))))
    assert loop(made.unit) is None
    assert restarts(made.settle(made.change("src/gen.py"))) == 1


def test_a_space_that_is_stopped_meanwhile_stays_so() -> None:
    made = edited()
    made.settle(made.change("src/gen.py"))
    for _ in range(AT_ONCE + 1):
        made.settle(made.change("src/gen.py"))
    replica = made.unit.replicas[0]
    made.state = made.state.with_replica(Replica("orders", 1, since=replica.since))
    assert restarts(made.wait(10)) == 0
    assert next_wake(made.state) is None


def test_names_of_files_are_shown_escaped_and_not_all() -> None:
    made = edited()
    files = [f"src/{letter}\x1b[31m" for letter in "abcde"]
    made.settle(made.change(*files))
    for _ in range(AT_ONCE + 1):
        made.settle(made.change(*files))
    assert (loop(made.unit) or "").startswith(r"src/a\x1b[31m, src/b\x1b[31m, src/c\x1b[31m and 2 more changed")
