"""The fixtures of checks: `system`, `spaces`, `bus` and `eventually`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from spacectl.errors import SpacectlError

if TYPE_CHECKING:
    from spacectl.checks.bus import Bus, BusWatch
    from spacectl.checks.running import RunningSystem
    from spacectl.checks.spaces import Spaces

_RUNNING: pytest.StashKey[RunningSystem] = pytest.StashKey()
_BEGAN: pytest.StashKey[datetime] = pytest.StashKey()


def running_in(config: pytest.Config) -> RunningSystem:
    """The one running system of a session."""
    from spacectl.checks.running import find_running

    if _RUNNING not in config.stash:
        config.stash[_RUNNING] = find_running(config.rootpath)
    return config.stash[_RUNNING]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember when each check began: what came on the bus since then is its own."""
    item.stash[_BEGAN] = datetime.now(UTC)


@pytest.fixture
def system(pytestconfig: pytest.Config) -> RunningSystem:
    """The running system: `name`, `state`, `url`, `states` and `urls` of its spaces, the whole `report`."""
    running = running_in(pytestconfig)
    try:
        _ = running.report
    except SpacectlError as error:
        pytest.fail(f"{error.message}: {error.hint}" if error.hint else error.message, pytrace=False)
    return running


@pytest.fixture
def spaces(system: RunningSystem) -> Iterator[Spaces]:
    """The spaces by name, `spaces["orders"]`: each an httpx client on its front door that can also act on it."""
    from spacectl.checks.spaces import Spaces

    with Spaces(system) as made:
        yield made


@pytest.fixture(scope="session")
def _bus_watch(pytestconfig: pytest.Config) -> Iterator[Callable[[datetime], BusWatch]]:
    from spacectl.checks.bus import BusWatch

    watches: list[BusWatch] = []

    def watch(since: datetime) -> BusWatch:
        if not watches:
            watches.append(BusWatch(running_in(pytestconfig).layout, since))
        return watches[0]

    yield watch
    for each in watches:
        each.close()


@pytest.fixture
def bus(system: RunningSystem, request: pytest.FixtureRequest, _bus_watch: Callable[[datetime], BusWatch]) -> Bus:
    """The bus: `publish`, `expect` an event that came since the check began or will, `drained`."""
    from spacectl.checks.bus import Bus

    began = request.node.stash[_BEGAN]
    return Bus(system, _bus_watch(began), began)


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Looks again and again until what is seen is true: `eventually(lambda: …, within=5)`."""
    from spacectl.checks.waiting import eventually

    return eventually
