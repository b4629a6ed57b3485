"""Finds and ends the containers that a killed supervisor left behind, by their labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial

from docker import APIClient

from spacectl.adapters.containers.engine import INSTANCE, AwayError, Engine, RefusedError
from spacectl.errors import MachineError
from spacectl.model.container import FoundContainer

_KILL = 9


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


def end(names: Iterable[str], number: int) -> None:
    """Send a signal to these containers, and remove those that have ended, or all where it is SIGKILL; blocks."""
    engine = Engine()
    for name in names:
        with contextlib.suppress(AwayError, RefusedError):
            engine.ask(partial(_end, name=name, number=number))


def _end(api: APIClient, name: str, number: int) -> None:
    if api.inspect_container(name)["State"]["Running"] and number != _KILL:
        api.kill(name, number)
    else:
        api.remove_container(name, force=True, v=True)


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
