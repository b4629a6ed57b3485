"""Finds and ends the containers that a killed supervisor left behind, by their labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from docker import APIClient

from spacectl.adapters.containers.engine import INSTANCE, AwayError, Engine, RefusedError
from spacectl.adapters.containers.output import Carrier
from spacectl.errors import MachineError
from spacectl.model.container import FoundContainer
from spacectl.model.launch import SpawnError

_KILL = 9
_DEAD_S = 10
"""How long a container may take to end once it is killed."""

Output = tuple[Path, Path]
"""The log that a container's output goes into, and the file that says what of it was carried over."""


def find(instance: str, *, were_there: bool) -> list[FoundContainer]:
    """The containers of a system, ended ones too.

    Args:
        instance: the system's mark.
        were_there: containers ran here, so that nobody knows of them where no engine answers.

    Raises:
        MachineError: no engine answers, and containers may be left.
    """
    try:
        return Engine().containers({INSTANCE: instance})
    except (AwayError, RefusedError) as error:
        if not were_there:
            return []
        raise MachineError(
            f"containers of this system may be there, and {error}", hint="start the engine, then try again"
        ) from error


def end(names: Iterable[str], number: int, outputs: Mapping[str, Output]) -> None:
    """Send a signal to these containers, and remove those that have ended, or all where it is SIGKILL; blocks.

    Args:
        names: which.
        number: the signal.
        outputs: where the last of their output goes before they are removed, by name.
    """
    engine = Engine()
    for name in names:
        with contextlib.suppress(AwayError, RefusedError):
            engine.ask(partial(_end, name=name, number=number, output=outputs.get(name)))


def _end(api: APIClient, name: str, number: int, output: Output | None) -> None:
    if api.inspect_container(name)["State"]["Running"]:
        api.kill(name, number)
        if number != _KILL:
            return
        api.wait(name, timeout=_DEAD_S)
    if output is not None:
        _carry(api, name, *output)
    api.remove_container(name, force=True, v=True)


def _carry(api: APIClient, name: str, log: Path, record: Path) -> None:
    with contextlib.suppress(OSError, SpawnError):  # a disk that is full is no reason to leave it there
        carrier = Carrier(log, record, goes_on=True)
        try:
            since = carrier.since_s or None
            carrier.carry(api.logs(name, stream=True, follow=False, timestamps=True, since=since))
        finally:
            carrier.close()


def remove_networks(instance: str) -> bool:
    """Remove the networks of a system; whether an engine was there to do so."""
    try:
        Engine().remove_networks({INSTANCE: instance})
    except (AwayError, RefusedError):
        return False
    return True


def remove_images(instance: str) -> list[str]:
    """Remove the images that were built for a system; returns their names."""
    try:
        return Engine().remove_images({INSTANCE: instance})
    except (AwayError, RefusedError):
        return []
