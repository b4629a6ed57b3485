"""What the manifests allow at a key, in words, read from the types of the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spacectl.model.expected import Expected
from spacectl.model.units import Between, format_duration, format_size
from spacectl.model.wording import one_of

Path = tuple[str | int, ...]

_KEY = "[key]"
"""Pydantic's label for the key of a table where the key itself is refused."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is allowed at a place of a manifest.

    Attributes:
        path: the keys and list positions, as the person wrote them.
        bare: the type there without its metadata; NoneType where no such key is known.
        words: what follows "must be".
    """

    path: Path
    bare: Any
    words: str

    @property
    def needed(self) -> tuple[str, ...]:
        """The keys that a section must have; empty for what is no section."""
        return tuple(key for key, field in fields(self.bare).items() if field.is_required())


def fields(section: Any) -> Mapping[str, FieldInfo]:
    """The keys of a section as written, with pydantic's knowledge of each; empty for what is no section."""
    if not is_section(section):
        return {}
    return {field.alias or name: field for name, field in section.model_fields.items()}


def form_at(kind: type[BaseModel], location: Sequence[str | int]) -> Form:
    """What is allowed at a place that pydantic names; its labels for the branches of a union are left out."""
    path: list[str | int] = []
    holder: Any = NoneType
    annotation: Any = kind
    for part in location:
        if part == _KEY and get_origin(holder) is dict:
            annotation = get_args(holder)[0]
            continue
        step = _step(bare(annotation), part)
        if step is not None:
            holder, annotation = bare(annotation), step
            path.append(part)
    return Form(tuple(path), bare(annotation), _words(annotation))


def bare(annotation: Any) -> Any:
    """The type without metadata and without None, which TOML does not have."""
    return _unwrapped(annotation)[0]


def _unwrapped(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata = (*_flat(more), *metadata)
            continue
        branches = [branch for branch in _branches(annotation) if branch is not NoneType]
        if len(branches) != 1 or branches[0] is annotation:
            return annotation, metadata
        annotation = branches[0]


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    """Metadata with what `Field()` holds in its place."""
    for mark in metadata:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def members(annotation: Any) -> tuple[Any, ...]:
    """The types to choose from, each bare; the type itself where there is no choice."""
    return tuple(map(bare, _branches(annotation)))


def _branches(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _step(holder: Any, part: str | int) -> Any:
    """The type at this part of a place; None where the part is only a label."""
    if is_section(holder):
        field = fields(holder).get(str(part))
        return NoneType if field is None else Annotated[(field.annotation, None, *field.metadata)]
    for member in members(holder):
        if get_origin(member) is tuple and isinstance(part, int):
            return get_args(member)[0]
        if get_origin(member) is dict:
            return get_args(member)[1]
    return None


def is_section(holder: Any) -> bool:
    """Whether the type is a table with known keys."""
    return isinstance(holder, type) and issubclass(holder, BaseModel)


def _words(annotation: Any) -> str:
    kind, metadata = _unwrapped(annotation)
    for mark in metadata:
        if isinstance(mark, Expected):
            return mark.words + _bounds(kind, metadata)
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    if kind is int:
        return f"a whole number{_range(metadata)}"
    if kind is float:
        return f"a number{_range(metadata)}"
    return "true or false" if kind is bool else "a section"


def _bounds(kind: Any, metadata: Sequence[Any]) -> str:
    bounds = [(mark.low, mark.high) for mark in metadata if isinstance(mark, Between)]
    if kind is int:
        return "".join(f", from {format_size(int(low))} to {format_size(int(high))}" for low, high in bounds)
    return "".join(f", from {format_duration(low)} to {format_duration(high)}" for low, high in bounds)


def _range(metadata: Sequence[Any]) -> str:
    low = [f" from {mark.ge}" for mark in metadata if isinstance(mark, Ge)]
    low += [f" above {mark.gt} and up" for mark in metadata if isinstance(mark, Gt)]
    return "".join((*low, *(f" to {mark.le}" for mark in metadata if isinstance(mark, Le))))
