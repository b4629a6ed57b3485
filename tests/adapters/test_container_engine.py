"""What a real engine tells of a system, and what of it is left alone."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from engine import IMAGE, docker, make_image, need_engine

from spacectl.adapters.containers.cancelling import Cancelling
from spacectl.adapters.containers.engine import INSTANCE, REPLICA, SYSTEM, Engine, address_in
from spacectl.adapters.containers.images import ImageOrder, Images
from spacectl.model.container import FoundContainer


@pytest.fixture
def instance() -> Iterator[str]:
    """The mark of a system of which nothing is left at the end."""
    need_engine()
    make_image()
    mark = uuid.uuid4().hex
    yield mark
    for name in docker("ps", "--all", "--quiet", "--filter", f"label={INSTANCE}={mark}").split():
        docker("rm", "--force", name)
    for name in docker("network", "ls", "--quiet", "--filter", f"label={INSTANCE}={mark}").split():
        docker("network", "rm", name)
    docker("image", "prune", "--all", "--force", "--filter", f"label={INSTANCE}={mark}")


def create(instance: str, replica: str, name: str) -> str:
    labels = {INSTANCE: instance, REPLICA: replica, SYSTEM: "tiny"}
    given = [word for label, value in labels.items() for word in ("--label", f"{label}={value}")]
    docker("create", "--name", name, "--network", "none", *given, IMAGE, "sleep", "100000")
    return name


def test_which_containers_of_a_system_run(instance: str) -> None:
    tail = instance[:7]
    made = create(instance, "web.1", f"tiny-web.1-{tail}")
    runs = create(instance, "web.2", f"tiny-web.2-{tail}")
    paused = create(instance, "web.3", f"tiny-web.3-{tail}")
    over = create(instance, "web.4", f"tiny-web.4-{tail}")
    docker("start", runs, paused, over)
    docker("pause", paused)
    docker("kill", over)
    assert sorted(Engine().containers({INSTANCE: instance}), key=lambda each: each.replica) == [
        FoundContainer(made, "web.1", is_running=False),
        FoundContainer(runs, "web.2", is_running=True),
        FoundContainer(paused, "web.3", is_running=True),
        FoundContainer(over, "web.4", is_running=False),
    ]


def test_a_network_is_made_once_and_gives_this_machine_an_address(instance: str) -> None:
    name, labels = f"tiny-{instance}", {INSTANCE: instance}
    address = Engine().network(name, labels)
    assert address.is_private
    assert address.network.num_addresses > 1
    assert Engine().network(name, labels) == address
    assert len(docker("network", "ls", "--quiet", "--filter", f"name={name}").split()) == 1
    Engine().remove_networks(labels)
    assert not docker("network", "ls", "--quiet", "--filter", f"name={name}")


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ([{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}], "172.18.0.1/16"),
        ([{"Gateway": "fd00::1"}, {"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1/24"}], "10.1.0.1/24"),
        ([{"Subnet": "10.1.0.0/24"}], None),
        ([], None),
        (None, None),
    ],
)
def test_the_address_of_this_machine_in_a_network(config: list[dict[str, str]] | None, address: str | None) -> None:
    expected = None if address is None else ipaddress.IPv4Interface(address)
    assert address_in({"IPAM": {"Driver": "default", "Config": config}}) == expected


def test_what_somebody_makes_of_an_image_is_left_alone(instance: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\n")
    ours, theirs = f"tiny-{instance}/web:1", f"theirs-{instance}:1"
    order, log = ImageOrder(ours.partition(":")[0], tmp_path, {}, instance), BytesIO()
    assert Images(Engine()).build(order, ours, log, Cancelling()).success, log.getvalue()
    (tmp_path / "Dockerfile").write_text(f"FROM {ours}\nENV X=1\n")
    docker("build", "--tag", theirs, str(tmp_path))
    docker("run", "--detach", "--network", "none", "--name", f"run-{instance}", ours, "sleep", "100000")
    create(instance, "web.1", f"copy-{instance}")  # as one of a container's image that was kept with its labels
    assert Engine().containers({INSTANCE: instance}) == []
    assert Engine().remove_images({INSTANCE: instance}) == [ours]
    assert not docker("images", "--quiet", ours)
    assert docker("images", "--quiet", theirs)
