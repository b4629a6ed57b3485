"""What a container is made of, in the engine's words: the least privileges, nothing opened beyond this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacectl.adapters.containers.engine import REPLICA
from spacectl.core.environment import MARK
from spacectl.model.container import DATA
from spacectl.model.launch import Launch, SpawnError

_LOGS = {"max-size": "64m", "max-file": "2"}


def created(api: Any, launch: Launch, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """What is asked of the engine for one container.

    Raises:
        SpawnError: it is to be none.
    """
    spec = launch.container
    if spec is None:
        raise SpawnError("it is no container", final=True)
    host = api.create_host_config(
        binds=[f"{spec.data}:{DATA}"],
        port_bindings={} if launch.port is None else {launch.port: ("127.0.0.1", launch.port)},
        network_mode=spec.network,
        read_only=spec.read_only,
        tmpfs={"/tmp": ""} if spec.read_only else None,  # noqa: S108  (the container's own)
        cap_drop=["ALL"],
        cap_add=list(spec.capabilities) or None,
        security_opt=["no-new-privileges"],
        mem_limit=spec.memory,
        memswap_limit=spec.memory,
        nano_cpus=None if spec.cpu is None else int(spec.cpu * 1e9),
        log_config={"type": "json-file", "config": _LOGS},
    )
    return {
        "image": spec.image,
        "command": list(launch.argv) or None,
        "name": name,
        "hostname": labels[REPLICA],
        "user": spec.user,
        "environment": {**launch.env, MARK: name},
        "ports": None if launch.port is None else [launch.port],
        "labels": dict(labels),
        "host_config": host,
        "healthcheck": {"test": ["NONE"]},
    }
