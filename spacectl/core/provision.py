"""Decides which steps turn the streams and consumers found on the bus into those the manifests ask for.

Nothing that holds messages is ever removed. What cannot be changed on a living stream or consumer is reported, and
what belongs to somebody else is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, assert_never

from spacectl.errors import MachineError
from spacectl.model.bus import BusChange, BusPlan, ConsumerSpec, FoundConsumer, FoundStream, StreamSpec
from spacectl.model.units import format_duration, format_size
from spacectl.model.wording import counted


@dataclass(frozen=True, slots=True)
class Make:
    """Create the stream or consumer."""

    spec: StreamSpec | ConsumerSpec


@dataclass(frozen=True, slots=True)
class Change:
    """Bring the stream or consumer to this form; `detail` says what becomes different."""

    spec: StreamSpec | ConsumerSpec
    detail: str
    frees: bool = False  # it then claims less of the store


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the stream or consumer, which holds nothing."""

    spec: StreamSpec | ConsumerSpec
    detail: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Do nothing, and say why."""

    change: BusChange


Step = Make | Change | Remove | Leave

_CLOCK_S = 1e-6
"""Durations travel as whole nanoseconds and come back rounded."""

_FIXED = {"storage", "start"}
"""What the server does not change on a living stream or consumer."""


def provision_steps(plan: BusPlan, found: Sequence[FoundStream]) -> tuple[Step, ...]:
    """The steps, in an order in which each finds room: what frees some of the store comes first.

    Raises:
        MachineError: a stream of that name belongs to another system, or is not ours and lacks subjects.
    """
    by_name = {stream.spec.name: stream for stream in found}
    wanted = {stream.name for stream in plan.streams}
    gone = [s for s in found if s.owner == plan.system and s.spec.name not in wanted]
    steps = [
        *(step for stream in plan.streams for step in _stream_steps(plan.system, stream, by_name.get(stream.name))),
        *(step for stream in gone for step in _gone_stream_steps(stream)),
        *_consumer_steps(plan, [s for s in found if s not in gone or s.messages]),
    ]
    return tuple(sorted(steps, key=_rank))


def result(step: Step) -> BusChange:
    """What to report once the step is done."""
    match step:
        case Make(spec=spec):
            return BusChange("created", _target(spec), _subjects(spec.subjects))
        case Change(spec=spec, detail=detail):
            return BusChange("updated", _target(spec), detail)
        case Remove(spec=spec, detail=detail):
            return BusChange("removed", _target(spec), detail)
        case Leave(change=change):
            return change
    assert_never(step)


def _rank(step: Step) -> int:
    match step:
        case Remove(spec=ConsumerSpec()):
            return 0
        case Remove():
            return 1
        case Change(frees=True):
            return 2
        case Make(spec=StreamSpec()) | Change(spec=StreamSpec()):
            return 3
        case Make() | Change():
            return 4
        case Leave():
            return 5
    assert_never(step)


def _stream_steps(system: str, wanted: StreamSpec, found: FoundStream | None) -> Iterator[Step]:
    if found is None:
        yield Make(wanted)
        return
    if found.owner is None:
        yield _borrow(wanted, found)
        return
    if found.owner != system:
        raise MachineError(
            f'the bus already has a stream "{wanted.name}", and it belongs to the system "{found.owner}"',
            hint="give one of the two spaces another name, or use another server or account in [bus] url",
        )
    yield from _differences(wanted, found.spec)


def _borrow(wanted: StreamSpec, found: FoundStream) -> Step:
    missing = sorted(set(wanted.subjects) - set(found.spec.subjects))
    if missing:
        raise MachineError(
            f'the bus already has a stream "{wanted.name}" that spacectl did not make, '
            f"and it does not hold {_subjects(missing)}",
            hint="add the subjects to that stream, rename the space, or use another account in [bus] url",
        )
    return Leave(BusChange("kept", _target(wanted), "not made by spacectl: used as it is"))


def _gone_stream_steps(stream: FoundStream) -> Iterator[Step]:
    spec = stream.spec
    if not stream.messages:
        yield Remove(spec, "no space publishes to it and it is empty")
        return
    held = f"no space publishes to it any more, and it holds {counted(stream.messages, 'message')}"
    yield Leave(BusChange("kept", _target(spec), held))
    if spec.max_bytes > stream.bytes:
        # Its claim on the store would otherwise keep new streams out.
        yield Change(replace(spec, max_bytes=stream.bytes), "takes no more than it holds", frees=True)


def _consumer_steps(plan: BusPlan, found: Iterable[FoundStream]) -> Iterator[Step]:
    there: Mapping[tuple[str, str], FoundConsumer] = {
        (consumer.spec.stream, consumer.spec.name): consumer for stream in found for consumer in stream.consumers
    }
    wanted = {(consumer.stream, consumer.name): consumer for consumer in plan.consumers}
    for key, spec in wanted.items():
        if key not in there:
            yield Make(spec)
        elif there[key].owner not in (plan.system, None):
            raise MachineError(
                f'the bus already has a {_target(spec)}, and it belongs to the system "{there[key].owner}"',
                hint="give one of the two spaces another name, or use another server or account in [bus] url",
            )
        elif there[key].owner is None:
            yield Leave(BusChange("kept", _target(spec), "not made by spacectl: used as it is"))
        else:
            yield from _differences(spec, there[key].spec)
    for key, consumer in there.items():
        if consumer.owner == plan.system and key not in wanted:
            yield _gone_consumer_step(consumer)


def _gone_consumer_step(consumer: FoundConsumer) -> Step:
    if not consumer.pending:
        return Remove(consumer.spec, "nobody subscribes through it and it owes nothing")
    owed = f"nobody subscribes through it any more, and it owes {counted(consumer.pending, 'message')}"
    return Leave(BusChange("kept", _target(consumer.spec), owed))


def _differences(wanted: StreamSpec | ConsumerSpec, found: StreamSpec | ConsumerSpec) -> Iterator[Step]:
    differing = [f.name for f in fields(wanted) if not _same(getattr(wanted, f.name), getattr(found, f.name))]
    fixed = {name: getattr(found, name) for name in differing if name in _FIXED}
    if fixed:
        detail = ", ".join(_difference(name, found, wanted) for name in fixed)
        yield Leave(BusChange("differs", _target(wanted), f"{detail}: cannot change while it exists"))
    changed = [name for name in differing if name not in _FIXED]
    if changed:
        detail = ", ".join(_difference(name, found, wanted) for name in changed)
        frees = isinstance(wanted, StreamSpec) and isinstance(found, StreamSpec) and wanted.max_bytes < found.max_bytes
        yield Change(replace(wanted, **fixed), detail, frees=frees)


def _same(wanted: object, found: object) -> bool:
    if isinstance(wanted, float) and isinstance(found, float):
        return abs(wanted - found) < _CLOCK_S
    return wanted == found


def _difference(name: str, found: object, wanted: object) -> str:
    before, after = getattr(found, name), getattr(wanted, name)
    if name == "subjects":
        return " ".join([f"+{s}" for s in after if s not in before] + [f"-{s}" for s in before if s not in after])
    return f"{name.removesuffix('_s')} {_shown(name, before)} → {_shown(name, after)}"


def _shown(name: str, value: Any) -> str:
    if name == "max_bytes":
        return format_size(value)
    return format_duration(value) if name.endswith("_s") else str(value)


def _target(spec: StreamSpec | ConsumerSpec) -> str:
    match spec:
        case StreamSpec(name=name):
            return f"stream {name}"
        case ConsumerSpec(stream=stream, name=name):
            return f"consumer {name} of {stream}"
    assert_never(spec)


def _subjects(subjects: Iterable[str]) -> str:
    return ", ".join(subjects)
