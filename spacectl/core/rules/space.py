"""Rules about one space that need nothing but its own manifest."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator

from spacectl.core.paths import leaves_folder
from spacectl.core.pointing import KeyPath, problem_at
from spacectl.model.manifest import RESERVED_NAMES, ProbeSection
from spacectl.model.problem import Problem
from spacectl.model.system import Space
from spacectl.model.units import format_duration
from spacectl.model.wording import one_of, quoted

SpaceRule = Callable[[Space], Iterator[Problem]]


def name_is_free(space: Space) -> Iterator[Problem]:
    """Some names mean something else in commands, logs and variables."""
    if space.name in RESERVED_NAMES:
        taken = one_of(sorted(RESERVED_NAMES), joint="and")
        yield problem_at(
            space.source, ("space", "name"), f"{quoted(space.name)} is reserved", f"the names {taken} are reserved"
        )


def nothing_twice(space: Space) -> Iterator[Problem]:
    """A list names each thing once."""
    for path, items in _lists(space):
        first: dict[str, int] = {}
        for index, item in enumerate(items):
            if first.setdefault(item, index) != index:
                yield problem_at(space.source, (*path, index), f"{quoted(item)} is in the list twice")


def _lists(space: Space) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    manifest = space.manifest
    yield ("space", "profiles"), manifest.space.profiles
    yield ("build", "inputs"), manifest.build.inputs
    yield ("run", "after"), manifest.run.after
    yield ("watch", "paths"), manifest.watch.paths
    yield ("watch", "ignore"), manifest.watch.ignore
    yield ("api", "calls"), manifest.api.calls
    yield ("events", "publishes"), manifest.events.publishes
    yield ("events", "subscribes"), manifest.events.subscribes


def subjects_are_its_own(space: Space) -> Iterator[Problem]:
    """What a space publishes starts with its name, so that a subject tells its owner."""
    for index, subject in enumerate(space.manifest.events.publishes):
        owner, _, rest = subject.partition(".")
        if owner != space.name:
            yield problem_at(
                space.source,
                ("events", "publishes", index),
                f"{quoted(subject)} must start with the space's own name: {quoted(f'{space.name}.')}",
                f"write {quoted(f'{space.name}.{rest}')}",
            )


def program_is_named(space: Space) -> Iterator[Problem]:
    """A command that is a list begins with the name of a program."""
    manifest = space.manifest
    commands = [
        (("build", "command"), manifest.build.command),
        (("run", "command"), manifest.run.command),
        (("ready", "exec"), manifest.ready.exec),
        (("alive", "exec"), manifest.alive.exec if manifest.alive is not None else None),
    ]
    for path, command in commands:
        if isinstance(command, tuple) and not command[0].strip():
            yield problem_at(space.source, (*path, 0), "the name of the program is empty")


def container_has_one_image(space: Space) -> Iterator[Problem]:
    """The image of a container is built or named, not both."""
    container = space.manifest.container
    if container is None:
        if space.manifest.run.runtime == "container":
            yield problem_at(
                space.source,
                ("run", "runtime"),
                'a space that runs in a container needs a section [container] with "build" or "image"',
                'write [container] with build = "."',
            )
    elif container.build is None and container.image is None:
        yield problem_at(space.source, ("container",), 'needs "build" or "image"', 'write build = "."')
    elif container.build is not None and container.image is not None:
        yield problem_at(space.source, ("container", "image"), '"build" and "image" exclude each other')


def probes_can_pass(space: Space) -> Iterator[Problem]:
    """A probe of the port needs a space that listens; a probe of the log a regular expression that compiles."""
    for name, probe in _probes(space):
        if not space.manifest.api.serves:
            for key, asked in (("http", probe.http is not None), ("tcp", probe.tcp)):
                if asked:
                    message = "the space has no port to probe: [api] serves is false"
                    yield problem_at(space.source, (name, key), message)
        fault = None if probe.log is None else _regex_fault(probe.log)
        if fault is not None:
            yield problem_at(space.source, (name, "log"), f"is no regular expression: {fault}")


def _probes(space: Space) -> Iterator[tuple[str, ProbeSection]]:
    yield "ready", space.manifest.ready
    if space.manifest.alive is not None:
        yield "alive", space.manifest.alive


def _regex_fault(pattern: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # re warns of what may change its meaning one day; that is no fault yet
        try:
            re.compile(pattern)
        except re.error as error:
            return str(error)
        except (OverflowError, RecursionError):
            return "it is too large"
    return None


def backoff_grows(space: Space) -> Iterator[Problem]:
    """The first pause is not longer than the longest."""
    restart = space.manifest.restart
    if restart.backoff_s > restart.max_backoff_s:
        path = "backoff" if ("restart", "backoff") in space.source.where else "max_backoff"
        yield problem_at(
            space.source,
            ("restart", path),
            f"backoff ({format_duration(restart.backoff_s)}) is longer than max_backoff"
            f" ({format_duration(restart.max_backoff_s)})",
        )


def job_can_end(space: Space) -> Iterator[Problem]:
    """A job that is always started again never completes."""
    if space.manifest.space.kind == "job" and space.manifest.restart.policy == "always":
        yield problem_at(
            space.source, ("restart", "policy"), "a job that is always restarted never completes", 'write "on-failure"'
        )


def change_can_build(space: Space) -> Iterator[Problem]:
    """A change can only trigger a build where there is one."""
    manifest = space.manifest
    builds_image = manifest.container is not None and manifest.container.build is not None
    if manifest.watch.on_change == "build" and manifest.build.command is None and not builds_image:
        yield problem_at(
            space.source,
            ("watch", "on_change"),
            "there is nothing to build: [build] has no command",
            'write "restart", or add [build] command',
        )


def environment_is_its_own(space: Space) -> Iterator[Problem]:
    """A space may set every variable but the two by which it is found.

    Its own environment comes last and wins (DESIGN §4), so HOST, NATS_URL and the rest may be replaced on purpose.
    SPACECTL_INSTANCE marks what must be stopped with the system, and PORT is where the gateway and the probes look.
    """
    env = space.manifest.run.env
    if "SPACECTL_INSTANCE" in env:
        yield problem_at(
            space.source,
            ("run", "env", "SPACECTL_INSTANCE"),
            "is set by spacectl, which finds the space's processes by it",
        )
    if "PORT" in env and space.manifest.api.serves:
        hint = f"write [api] port = {env['PORT']}" if env["PORT"].isascii() and env["PORT"].isdigit() else None
        yield problem_at(space.source, ("run", "env", "PORT"), "is set by spacectl, which probes the space there", hint)


def paths_stay_inside(space: Space) -> Iterator[Problem]:
    """A space is built, run and watched from its own folder alone."""
    for path, name in _paths(space):
        if leaves_folder(name):
            yield problem_at(space.source, path, f"{quoted(name)} leaves the space's folder")


def _paths(space: Space) -> Iterator[tuple[KeyPath, str]]:
    manifest = space.manifest
    for index, name in enumerate(manifest.build.inputs):
        yield ("build", "inputs", index), name
    for index, name in enumerate(manifest.watch.paths):
        yield ("watch", "paths", index), name
    if manifest.run.env_file is not None:
        yield ("run", "env_file"), manifest.run.env_file
    if manifest.container is not None and manifest.container.build is not None:
        yield ("container", "build"), manifest.container.build


def port_fits_replicas(space: Space) -> Iterator[Problem]:
    """Two replicas cannot listen on one port."""
    port, replicas = space.manifest.api.port, space.manifest.run.replicas
    if port != "auto" and replicas > 1:
        message = f"{replicas} replicas cannot share port {port}"
        yield problem_at(space.source, ("api", "port"), message, 'write port = "auto"')


SPACE_RULES: tuple[SpaceRule, ...] = (
    name_is_free,
    nothing_twice,
    subjects_are_its_own,
    program_is_named,
    container_has_one_image,
    probes_can_pass,
    backoff_grows,
    job_can_end,
    change_can_build,
    environment_is_its_own,
    paths_stay_inside,
    port_fits_replicas,
)
