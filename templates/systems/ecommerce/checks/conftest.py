"""One shop for all checks: they run against the system that is up, whatever it sold before."""

from collections.abc import Iterator

import httpx
import pytest
from shop import SPACES, Shop
from spacectl_ps import NotUpError, running_system

REQUEST_TIMEOUT_S = 10.0


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    try:
        names = {space["name"] for space in running_system()["spaces"]}
    except NotUpError as error:
        pytest.exit(str(error), returncode=1)
    if missing := set(SPACES) - names:
        pytest.exit(f"the running system is no shop: it has no {', '.join(sorted(missing))}", returncode=1)
    with httpx.Client(timeout=REQUEST_TIMEOUT_S) as http:
        yield Shop(http)
