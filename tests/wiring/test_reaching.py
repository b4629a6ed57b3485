"""Where a container finds a bus that was there before."""

import pytest

from spacectl.wiring.reaching import seen_from


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("nats://localhost:4223", "nats://172.18.0.1:4223"),
        ("nats://me:secret@127.0.0.1", "nats://me:secret@172.18.0.1:4222"),
        ("nats://bus.example:4222", "nats://bus.example:4222"),
    ],
)
def test_a_bus_on_this_machine_is_reached_by_the_gateway(url: str, inside: str) -> None:
    assert seen_from(url, "172.18.0.1") == inside
    assert seen_from(url, None) == url
