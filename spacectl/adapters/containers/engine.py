"""The Docker engine: one connection, its errors in words, its networks and what of a system is there.

The API: https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from ipaddress import IPv4Interface
from typing import Any, TypeVar

import docker
import docker.errors
import docker.utils
import requests.exceptions
import urllib3.exceptions

from spacectl.errors import MachineError
from spacectl.model.container import FoundContainer

INSTANCE, REPLICA, SYSTEM = "spacectl.instance", "spacectl.replica", "spacectl.system"
"""Labels: the mark of the system, the replica, the system's name."""

IMAGE = "spacectl.image"
"""Label of an image that was built for a space: its name and tag, which images that are built from it do not have."""

_TIMEOUT_S = 60
_RUNNING = frozenset({"running", "paused", "restarting"})

T = TypeVar("T")


class AwayError(Exception):
    """The engine does not answer."""


class RefusedError(Exception):
    """The engine said no; the text is why."""


class MissingError(RefusedError):
    """What was named is not there."""


class Engine:
    """An engine, reached when it is asked first; may be used by several threads at a time."""

    @cached_property
    def api(self) -> docker.APIClient:
        """The client of its API.

        Raises:
            MachineError: there is none, or it may not be used.
        """
        try:
            return docker.APIClient(version="auto", timeout=_TIMEOUT_S, **docker.utils.kwargs_from_env())
        except docker.errors.DockerException as error:
            raise _unusable(error) from error

    @cached_property
    def remembers(self) -> bool:
        """Whether it tells of what was a moment ago. Podman does not, and its containers do not end with it.

        Raises:
            AwayError, RefusedError: it does not say what it is.
        """
        told = self.ask(lambda api: api.version())
        return not any(each["Name"].startswith("Podman") for each in told.get("Components") or ())

    def ask(self, request: Callable[[docker.APIClient], T]) -> T:
        """Ask something.

        Raises:
            AwayError: it does not answer.
            RefusedError: it said no.
        """
        try:
            return request(self.api)
        except MachineError as error:
            raise AwayError(error.message) from error
        except docker.errors.NotFound as error:
            raise MissingError(_text(error)) from error
        except docker.errors.APIError as error:
            raise RefusedError(_text(error)) from error
        except (
            docker.errors.DockerException,
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,  # an answer that is cut short: docker reads it without requests
            OSError,
        ) as error:
            raise AwayError("the Docker engine does not answer") from error

    def network(self, name: str, labels: Mapping[str, str]) -> IPv4Interface:
        """Have a bridge network of that name; returns the address that this machine has in it, with its addresses.

        Raises:
            MachineError: it cannot be made.
        """
        try:
            found = self.ask(lambda api: api.networks(names=[name], filters={"label": _labelled(labels)}))
            if not any(each["Name"] == name for each in found):
                self.ask(
                    lambda api: api.create_network(name, driver="bridge", labels=dict(labels), check_duplicate=True)
                )
            made = self.ask(lambda api: api.inspect_network(name))
        except (AwayError, RefusedError) as error:
            raise MachineError(
                f"no network for containers: {error}", hint="`spacectl doctor` says what is missing"
            ) from error
        address = address_in(made)
        if address is None:
            raise MachineError(
                f"the network {name} gives this machine no IPv4 address, so that containers reach nothing here",
                hint=f"remove it, and the next `up` makes it anew: docker network rm {name}",
            )
        return address

    def containers(self, labels: Mapping[str, str]) -> list[FoundContainer]:
        """The containers of replicas with these labels, running or not.

        Raises:
            AwayError, RefusedError: it does not tell.
        """
        wanted = [*_labelled(labels), REPLICA, SYSTEM]
        found = self.ask(lambda api: api.containers(all=True, filters={"label": wanted}))
        return [
            FoundContainer(name, each["Labels"][REPLICA], each["State"] in _RUNNING)
            for each in found
            if (name := _name_of_replica(each)) is not None
        ]

    def remove_networks(self, labels: Mapping[str, str]) -> None:
        """Remove the networks with these labels; one that is still used stays.

        Raises:
            AwayError: it does not answer.
        """
        for each in self.ask(lambda api: api.networks(filters={"label": _labelled(labels)})):
            self._try("remove_network", each["Id"])

    def remove_images(self, labels: Mapping[str, str]) -> list[str]:
        """Remove the images with these labels that were built for spaces; returns the names of those that are gone.

        Raises:
            AwayError: it does not answer.
        """
        found = self.ask(lambda api: api.images(filters={"label": [*_labelled(labels), IMAGE]}))
        names = [name for each in found if _is_tagged(each, name := each["Labels"][IMAGE])]
        return [name for name in names if self._try("remove_image", name, force=True)]

    def _try(self, request: str, name: str, **more: Any) -> bool:
        try:
            self.ask(lambda api: getattr(api, request)(name, **more))
        except RefusedError:
            return False
        return True


def address_in(network: Mapping[str, Any]) -> IPv4Interface | None:
    """The IPv4 address that this machine has in a network, as the engine tells of it; None where it has none."""
    for each in network["IPAM"]["Config"] or ():
        gateway, subnet = each.get("Gateway", "").partition("/")[0], each.get("Subnet", "")
        if gateway and ":" not in gateway:
            return IPv4Interface(f"{gateway}/{subnet.partition('/')[2]}")
    return None


def _is_tagged(image: Mapping[str, Any], name: str) -> bool:
    """Whether an image has a name; Podman puts a registry before it."""
    return any(tag == name or tag.endswith(f"/{name}") for tag in image.get("RepoTags") or ())


def _labelled(labels: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in labels.items()]


def _name_of_replica(container: Mapping[str, Any]) -> str | None:
    """The name that a supervisor gave it; None where somebody else runs an image that has our labels."""
    labels = container["Labels"]
    begins = re.escape(f"/{labels[SYSTEM]}-{labels[REPLICA]}-")
    names = [name for name in container["Names"] or () if re.fullmatch(f"{begins}[0-9a-f]{{7}}", name)]
    return names[0].removeprefix("/") if names else None


def _text(error: docker.errors.APIError) -> str:
    return str(error.explanation or error).strip()


def _unusable(error: docker.errors.DockerException) -> MachineError:
    text = str(error)
    if "Permission denied" in text:
        return MachineError(
            "the Docker engine may not be used by this user",
            hint="add yourself to the group that owns its socket: sudo usermod -aG docker $USER, and log in again",
        )
    return MachineError(
        "no Docker engine answers", hint="install one and start it (Debian: apt install docker.io), or set DOCKER_HOST"
    )
