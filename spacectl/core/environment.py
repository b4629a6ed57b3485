"""What a replica is given: its environment, and its command with `$NAME` expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template

from spacectl.model.manifest import Command, SpaceManifest

HOST = "127.0.0.1"
INSTANCE = "SPACECTL_INSTANCE"
"""Marks every process of a system, the children of its children too."""

MARK = "SPACECTL_RUN"
"""The variable that holds a value of its own for everything that is started, and that its children inherit."""

_NOT_INHERITED = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "PORT")
"""They belong to the shell that ran spacectl; a space brings its own environment."""

_TELEMETRY = "OTEL_"
"""A space exports telemetry only where spacectl receives it."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the system has set aside for one replica.

    Attributes:
        inherited: the environment of the person who ran `up`.
        env_file: the values of the space's own `env_file`.
        urls: the base URL of each space it calls.
        nats_url: the bus, with the space's own user and password.
    """

    system: str
    instance: str
    number: int
    data_dir: str
    nats_url: str
    inbox_prefix: str
    port: int | None
    host: str = HOST
    urls: Mapping[str, str] = field(default_factory=dict)
    env_file: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)


def environment(manifest: SpaceManifest, given: Given) -> dict[str, str]:
    """The whole environment of a replica; what comes later wins: inherited, given, `env_file`, `env`."""
    env = inheritable(given.inherited)
    env |= _given(manifest, given)
    for values in (given.env_file, manifest.run.env):
        env |= {name: expand(value, env) for name, value in values.items()}
    return env | {INSTANCE: given.instance}


def container_environment(manifest: SpaceManifest, given: Given) -> dict[str, str]:
    """What a container is given: all that a process is, except for the environment of whoever ran `up`."""
    names = {*_given(manifest, given), *given.env_file, *manifest.run.env, INSTANCE}
    return {name: value for name, value in environment(manifest, given).items() if name in names}


def inheritable(env: Mapping[str, str]) -> dict[str, str]:
    """The part of a person's environment that a space may see."""
    return {
        name: value
        for name, value in env.items()
        if name not in _NOT_INHERITED and not name.startswith((_TELEMETRY, "SPACECTL_"))
    }


def expand(text: str, env: Mapping[str, str]) -> str:
    """Put values in place of `$NAME` and `${NAME}`; a name without a value stays as it is, `$$` is a dollar."""
    return Template(text).safe_substitute(env)


def argv(command: Command, env: Mapping[str, str]) -> tuple[str, ...]:
    """The program and arguments of a command: a string goes to the shell, an array is executed directly."""
    if isinstance(command, str):
        return ("/bin/sh", "-c", command)
    return tuple(expand(word, env) for word in command)


def url_name(space: str) -> str:
    """The variable that holds the URL of a space: `order-history` gives `ORDER_HISTORY_URL`."""
    return f"{space.upper().replace('-', '_')}_URL"


def _given(manifest: SpaceManifest, given: Given) -> dict[str, str]:
    env = {
        "HOST": given.host,
        "SPACE": manifest.space.name,
        "REPLICA": str(given.number),
        "SYSTEM": given.system,
        "DATA_DIR": given.data_dir,
        "NATS_URL": given.nats_url,
        "NATS_INBOX_PREFIX": given.inbox_prefix,
        "PYTHONUNBUFFERED": "1",
    }
    if given.port is not None:
        env["PORT"] = str(given.port)
    return env | {url_name(callee): url for callee, url in given.urls.items()}
