"""What to write instead of a key or a value that a manifest does not allow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from spacectl.core.forms import Form, bare, fields, form_at, is_section, members
from spacectl.core.hints import closest, did_you_mean
from spacectl.model.manifest import NAME_PATTERN, SpaceManifest, SystemManifest
from spacectl.model.wording import quoted

Section = tuple[str, ...]
"""The path of a section; the file as a whole is `()`."""

_FILES: Mapping[type[BaseModel], str] = {SystemManifest: "system.toml", SpaceManifest: "space.toml"}
_MOST_WRITTEN = 40
_LONGEST_NAME = 32
_UNIT_OF = {"a duration": "s", "a size": "B"}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def key_hint(kind: type[BaseModel], path: Sequence[str | int], value: Any) -> str | None:
    """Where an unknown key belongs, or which known key it resembles."""
    sections = _sections(kind)
    *holder, key = (str(part) for part in path)
    if any(isinstance(part, int) for part in path):  # in a list of tables: who writes there means one of its keys
        return did_you_mean(key, fields(form_at(kind, path[:-1]).bare))
    return (
        _place(key, sections, is_table=isinstance(value, dict))
        or did_you_mean(key, sections.get(tuple(holder), ()))
        or _other_file(kind, tuple(holder), key)
        or _elsewhere(key, sections)
    )


def value_hint(form: Form, value: Any) -> str | None:
    """How the same thing is written rightly, where that can be told."""
    if isinstance(value, str):
        return _text_hint(form, value) if len(value) <= _MOST_WRITTEN else None
    if is_section(form.bare) and isinstance(value, list):
        return f"write [{form.path[-1]}] in single brackets"
    if isinstance(value, int | float) and 0 <= value < 10**_MOST_WRITTEN:
        return _number_hint(form, value)
    return None


def _number_hint(form: Form, value: float) -> str | None:
    if form.words.startswith("text"):
        return f'write "{str(value).lower()}"'
    unit = next((unit for words, unit in _UNIT_OF.items() if form.words.startswith(words)), None)
    if unit is None or isinstance(value, bool):
        return None
    return f'write "{value}{unit}"'


def _text_hint(form: Form, value: str) -> str | None:
    kinds = {get_origin(member) or member: member for member in members(form.bare)}
    written = any(form.words.startswith(words) for words in _UNIT_OF)
    if (bool in kinds and value in {"true", "false"}) or (kinds.keys() & {int, float} and _NUMBER.fullmatch(value)):
        return None if written else f"write {value} without quotes"
    if tuple in kinds and str not in kinds:
        return f"write [{quoted(value)}]"
    if Literal in kinds:
        return did_you_mean(value, get_args(kinds[Literal]))
    name = _as_name(value)
    if form.words.startswith("a name") and len(name) <= _LONGEST_NAME and re.fullmatch(NAME_PATTERN, name):
        return f"did you mean {quoted(name)}?"
    return None


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@cache
def _sections(kind: type[BaseModel]) -> Mapping[Section, tuple[str, ...]]:
    """The keys of every section."""
    found: dict[Section, tuple[str, ...]] = {(): tuple(fields(kind))}
    for key, field in fields(kind).items():
        section = bare(field.annotation)
        if is_section(section):
            found |= {(key, *path): keys for path, keys in _sections(section).items()}
    return found


def _place(key: str, sections: Mapping[Section, tuple[str, ...]], *, is_table: bool) -> str | None:
    holders = [section for section, keys in sections.items() if key in keys]
    headers = [_header((*holder, key)) for holder in holders if (*holder, key) in sections]
    if headers and is_table:
        return f"it is written {_either(headers)}"
    homes = [_header(holder) for holder in holders if (*holder, key) not in sections]
    return f"it belongs in {_either(homes)}" if homes else None


def _other_file(kind: type[BaseModel], holder: Section, key: str) -> str | None:
    others = [file for other, file in _FILES.items() if other is not kind and key in fields(other)]
    return f"it belongs in {others[0]}" if others and not holder else None


def _elsewhere(key: str, sections: Mapping[Section, tuple[str, ...]]) -> str | None:
    homes = {known: section for section, keys in sections.items() for known in keys if section}
    known = closest(key, homes)
    return f"did you mean {quoted(known)} in {_header(homes[known])}?" if known is not None else None


def _header(section: Section) -> str:
    return f"[{'.'.join(section)}]"


def _either(headers: Sequence[str]) -> str:
    *most, last = headers
    return f"{', '.join(most)} or {last}" if most else last
