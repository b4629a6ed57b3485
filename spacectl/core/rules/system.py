"""Rules about how the spaces of a system fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from spacectl.core.cycles import cycles
from spacectl.core.hints import did_you_mean
from spacectl.core.pointing import KeyPath, line_of, problem_at
from spacectl.model.problem import Problem
from spacectl.model.system import Source, Space, System
from spacectl.model.wording import quoted


@dataclass(frozen=True)
class Known:
    """What can be named in a system.

    Attributes:
        system: the spaces that could be read.
        unread: the names of those that could not; None for one whose name is not known either.
    """

    system: System
    unread: frozenset[str | None]

    @cached_property
    def spaces(self) -> Mapping[str, Space]:
        return {space.name: space for space in self.system.spaces}

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.spaces) | {name for name in self.unread if name is not None}

    @cached_property
    def published(self) -> frozenset[str]:
        return frozenset(subject for space in self.system.spaces for subject in space.manifest.events.publishes)

    def lacks(self, name: str) -> bool:
        """Whether surely no space has this name."""
        return None not in self.unread and name not in self.names


SystemRule = Callable[[Known], Iterator[Problem]]


def names_differ(known: Known) -> Iterator[Problem]:
    """A name belongs to one space."""
    first: dict[str, Space] = {}
    for space in known.system.spaces:
        other = first.setdefault(space.name, space)
        if other is not space:
            place = _place(other.source, ("space", "name"))
            yield problem_at(space.source, ("space", "name"), f"{quoted(space.name)} is also the name in {place}")


def calls_lead_to_apis(known: Known) -> Iterator[Problem]:
    """A space calls other spaces that serve an API."""
    for space in known.system.spaces:
        for index, callee in enumerate(space.manifest.api.calls):
            path = ("api", "calls", index)
            if callee == space.name:
                yield problem_at(space.source, path, "the space calls itself", "what it does itself needs no call")
            elif known.lacks(callee):
                yield _no_space(known, space, path, callee)
            elif callee in known.spaces:
                yield from _no_api(known.spaces[callee], space, path)


def _no_api(callee: Space, space: Space, path: KeyPath) -> Iterator[Problem]:
    if not callee.manifest.api.serves:
        place = _place(callee.source, ("api", "serves"))
        yield problem_at(space.source, path, f"{quoted(callee.name)} serves no API ({place})")
    elif callee.manifest.space.kind == "job":
        place = _place(callee.source, ("space", "kind"))
        yield problem_at(space.source, path, f"{quoted(callee.name)} is a job, which ends and serves no API ({place})")


def after_leads_somewhere(known: Known) -> Iterator[Problem]:
    """A space starts after other spaces."""
    for space in known.system.spaces:
        for index, other in enumerate(space.manifest.run.after):
            path = ("run", "after", index)
            if other == space.name:
                yield problem_at(space.source, path, "the space waits for itself")
            elif known.lacks(other):
                yield _no_space(known, space, path, other)


def _no_space(known: Known, space: Space, path: KeyPath, name: str) -> Problem:
    hint = did_you_mean(name, known.names - {space.name})
    return problem_at(space.source, path, f"there is no space {quoted(name)}", hint)


def after_ends(known: Known) -> Iterator[Problem]:
    """No space waits for itself by way of others."""
    graph = {
        name: [other for other in space.manifest.run.after if other != name] for name, space in known.spaces.items()
    }
    for cycle in cycles(graph):
        space = known.spaces[cycle[0]]
        index = space.manifest.run.after.index(cycle[1])
        chain = " -> ".join(cycle)
        yield problem_at(space.source, ("run", "after", index), f"these wait for each other: {chain}")


def subscriptions_have_publishers(known: Known) -> Iterator[Problem]:
    """What a space subscribes to is published by the space whose name the subject starts with."""
    for space in known.system.spaces:
        for index, subject in enumerate(space.manifest.events.subscribes):
            owner = subject.partition(".")[0]
            may_be = owner in known.unread or (owner not in known.spaces and None in known.unread)
            if subject not in known.published and not may_be:
                yield problem_at(
                    space.source,
                    ("events", "subscribes", index),
                    f"nobody publishes {quoted(subject)}",
                    did_you_mean(subject, known.published),
                )


def ports_differ(known: Known) -> Iterator[Problem]:
    """A port belongs to one space, or to the bus, or to the gateway."""
    first: dict[int, tuple[Source, KeyPath]] = {}
    for source, path, port in _ports(known.system):
        if not isinstance(port, int):
            continue
        other = first.setdefault(port, (source, path))
        if other != (source, path):
            yield problem_at(source, path, f"port {port} is also used in {_place(*other)}", 'write port = "auto"')


def _ports(system: System) -> Iterator[tuple[Source, KeyPath, int | str]]:
    if system.manifest.bus.url is None:
        yield system.source, ("bus", "port"), system.manifest.bus.port
    yield system.source, ("gateway", "port"), system.manifest.gateway.port
    for space in system.spaces:
        yield space.source, ("api", "port"), space.manifest.api.port


def _place(source: Source, path: KeyPath) -> str:
    line = line_of(source, path)
    return f"{source.file}:{line}" if line else source.file


SYSTEM_RULES: tuple[SystemRule, ...] = (
    names_differ,
    calls_lead_to_apis,
    after_leads_somewhere,
    after_ends,
    subscriptions_have_publishers,
    ports_differ,
)
