"""How a replica runs as a container, and what is found of containers."""

from __future__ import annotations

from dataclasses import dataclass

from spacectl.model.strict import Strict

DATA = "/data"
"""Where a container finds the folder that its space owns."""


class ContainerSpec(Strict):
    """What a container is made of, beside what every replica is given.

    Attributes:
        image: name and tag, or id.
        network: the bridge network that it is in.
        user: the user and group it runs as, `1000:1000`; None for that of the image.
        read_only: nothing but its data folder and /tmp can be written.
        capabilities: those of the kernel's (capabilities(7)) that it has; all others are dropped.
        memory: its limit in bytes.
        cpu: its limit in cores.
        data: the folder of this machine that it finds at /data.
    """

    image: str
    network: str
    user: str | None
    read_only: bool
    capabilities: tuple[str, ...]
    memory: int | None
    cpu: float | None
    data: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container runs, from one start of it to the next.

    Attributes:
        pid: its first process, as this machine numbers it.
        host: its address in the system's network.
    """

    pid: int
    host: str


@dataclass(frozen=True, slots=True)
class FoundContainer:
    """A container of the system, whether it runs or not.

    Attributes:
        name: its own name, which no other container has, before or after.
        replica: `orders.1`.
    """

    name: str
    replica: str
    is_running: bool


def pseudo_pid(name: str) -> int:
    """Stands for a container where a process has its id: below -1, and the same for the same name.

    The name ends in random hexadecimal digits.
    """
    return -2 - int(name[-7:], 16)
