"""What moves when units change behind the back of the last settling; the rest is in `test_step_machine.py`."""

from dataclasses import replace

from spacectl.core.settle import settle
from spacectl.model.actions import Action, Spawn
from spacectl.model.manifest import SpaceManifest
from spacectl.model.phase import Phase
from spacectl.model.state import Replica, State, Unit


def waiting(name: str, *, after: tuple[str, ...] = ()) -> Unit:
    manifest = SpaceManifest.model_validate({"space": {"name": name}, "run": {"command": ["x"]}})
    return Unit(name, manifest, frozenset(after), (Replica(name, 1, phase=Phase.WAITING, wanted=True),))


def spawned(actions: list[Action]) -> list[str]:
    return [action.replica for action in actions if isinstance(action, Spawn)]


def test_what_was_never_settled_moves() -> None:
    catalog, orders = waiting("catalog"), waiting("orders", after=("catalog",))
    state, actions = settle(State({"catalog": catalog, "orders": orders}), 0.0)
    assert spawned(actions) == ["catalog.1"]
    assert state.replica("orders.1").reason == "waiting for catalog"
    assert settle(state, 0.0) == (state, [])


def test_a_unit_that_is_taken_away_holds_up_nobody() -> None:
    state, _ = settle(State({"catalog": waiting("catalog"), "orders": waiting("orders", after=("catalog",))}), 0.0)
    without = replace(state, units={"orders": state.units["orders"]})
    assert spawned(settle(without, 0.0)[1]) == ["orders.1"]


def test_a_unit_that_is_after_nothing_any_more_starts() -> None:
    state, _ = settle(State({"catalog": waiting("catalog"), "orders": waiting("orders", after=("catalog",))}), 0.0)
    freed = state.with_unit(replace(state.units["orders"], after=frozenset()))
    assert spawned(settle(freed, 0.0)[1]) == ["orders.1"]
