"""What a shell offers at TAB: the spaces, subjects, logs, letters and templates that there are.

It runs at each TAB: manifests are read without being checked, what is heavy is imported only where there is no other
way, and what cannot be read offers nothing. The system is the one that the line names, or the environment.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacectl.cli.options import SCREENS

if TYPE_CHECKING:
    from spacectl.model.layout import Layout

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_FEW = range(1, 5)
_HARMLESS = re.compile(r"[\w./:@%+,=~-]+")


def spaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """The spaces whose names begin so."""
    return _beginning(incomplete, (each.name for each in _manifests(ctx)))


def callees(ctx: typer.Context, incomplete: str) -> list[str]:
    """The spaces that serve an API."""
    return _beginning(incomplete, (each.name for each in _manifests(ctx) if each.serves))


def called(ctx: typer.Context, incomplete: str) -> list[str]:
    """The spaces that serve an API, after a comma too."""
    return _listed(incomplete, lambda last: callees(ctx, last))


def counts(ctx: typer.Context, incomplete: str) -> list[str]:
    """The spaces with small numbers: a name alone would be no whole word, and shells put a blank after those."""
    return _beginning(incomplete, (f"{each.name}={count}" for each in _manifests(ctx) for count in _FEW))


def profiles(ctx: typer.Context, incomplete: str) -> list[str]:
    """The profiles that spaces are part of."""
    return _beginning(incomplete, (profile for each in _manifests(ctx) for profile in each.profiles))


def subjects(ctx: typer.Context, incomplete: str) -> list[str]:
    """The subjects that spaces publish."""
    return _beginning(incomplete, (subject for each in _manifests(ctx) for subject in each.publishes))


def subscribed(ctx: typer.Context, incomplete: str) -> list[str]:
    """The subjects that spaces publish, after a comma too."""
    return _listed(incomplete, lambda last: subjects(ctx, last))


def sources(ctx: typer.Context, incomplete: str) -> list[str]:
    """Whatever has a log, or may have one soon: spaces, their replicas and builds, engines, spacectl itself."""
    names = [each.name for each in _manifests(ctx)]
    return _beginning(
        incomplete, [*names, *(f"{name}.build" for name in names), "bus", "gateway", "spacectl", *_logs(ctx)]
    )


def levels(incomplete: str) -> list[str]:
    """How grave a line of a log may be."""
    from spacectl.model.log_line import Level

    return [level.word for level in Level if level.word.startswith(incomplete)]


def letters(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The dead letters of the running system by their number, and where each was to go."""
    action, ids = ctx.params.get("action"), ctx.params.get("ids") or ()
    if action == "list" or (action == "show" and ids) or (layout := _layout(ctx)) is None:
        return []
    from spacectl.cli.completing_letters import told

    return [(number, text) for number, text in told(layout) if number.startswith(incomplete) and int(number) not in ids]


def templates(incomplete: str) -> list[str]:
    """The bundled templates of systems."""
    from spacectl.scaffold.templates import bundled

    return _beginning(incomplete, (each.name for each in bundled()))


def languages(incomplete: str) -> list[str]:
    """The languages of which there are templates of spaces."""
    from spacectl.scaffold.templates import bundled

    return _beginning(incomplete, (each.name for each in bundled("space")))


def screens(incomplete: str) -> list[str]:
    """The screens of `top`."""
    return [screen for screen in SCREENS if screen.startswith(incomplete)]


def columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """The columns by which the rows of the named screen of `top` are sorted."""
    from spacectl.view.top_screens import columns_of

    return _beginning(incomplete, columns_of(ctx.params.get("screen") or ""))


def revisions(ctx: typer.Context, incomplete: str) -> list[str]:
    """The branches and tags of the repository around the system."""
    from spacectl.adapters.contract_files import revisions as known

    layout = _layout(ctx)
    return [] if layout is None else _beginning(incomplete, known(layout.root))


def methods(incomplete: str) -> list[str]:
    """The methods of HTTP, in the capitals or small letters that were begun with."""
    return _beginning(incomplete, (each.lower() if incomplete.islower() else each for each in _METHODS))


def paths(ctx: typer.Context, incomplete: str) -> list[str]:
    """The paths of the called space's contract for the method, without those that have a parameter."""
    method = str(ctx.params.get("method") or "").lower()
    for each in _manifests(ctx):
        if each.name == ctx.params.get("space"):
            offered = _operations(each.folder / "contract" / "openapi.json")
            return _beginning(incomplete, (path for path, of in offered if method in of and "{" not in path))
    return []


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What completion needs of a space."""

    name: str
    folder: Path
    serves: bool
    publishes: tuple[str, ...]
    profiles: tuple[str, ...]


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    # Zsh evaluates what it is offered, and manifests, branches and contracts may be anybody's.
    return sorted({name for name in names if name.startswith(incomplete) and _HARMLESS.fullmatch(name)})


def _listed(incomplete: str, offered: Callable[[str], list[str]]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{each}" for each in offered(last)]


def _layout(ctx: typer.Context) -> Layout | None:
    """The system that is meant. A shell hands over what was typed, with `~` and variables in it."""
    from spacectl.adapters.folders import find_system
    from spacectl.errors import SpacectlError

    named = ctx.params.get("system")
    try:
        return find_system(None if named is None else Path(os.path.expandvars(named)).expanduser())
    except (SpacectlError, OSError, RuntimeError):
        return None


def _manifests(ctx: typer.Context) -> Iterator[_Manifest]:
    """Each space of the system that has something like a manifest."""
    layout = _layout(ctx)
    if layout is None:
        return
    for file in _files(layout):
        try:
            yield _understood(file)
        except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
            continue  # of another form than a manifest has


def _files(layout: Layout) -> list[Path]:
    try:
        patterns = _read(layout.manifest).get("system", {}).get("spaces", ["spaces/*"])
        return [file for pattern in patterns for file in sorted(layout.root.glob(f"{pattern}/space.toml"))]
    except (OSError, ValueError, LookupError, AttributeError, TypeError, NotImplementedError, RecursionError):
        return []


def _understood(file: Path) -> _Manifest:
    written = _read(file)
    space = written["space"]
    return _Manifest(
        name=_text(space["name"]),
        folder=file.parent,
        serves=space.get("kind") != "job" and written.get("api", {}).get("serves") is not False,
        publishes=tuple(map(_text, written.get("events", {}).get("publishes", ()))),
        profiles=tuple(map(_text, space.get("profiles", ()))),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _logs(ctx: typer.Context) -> Iterable[str]:
    from spacectl.adapters.log_store import sources as written
    from spacectl.model.log_line import Selection

    layout = _layout(ctx)
    return () if layout is None else written(layout.logs, Selection(previous=bool(ctx.params.get("previous"))))


def _operations(file: Path) -> list[tuple[str, frozenset[str]]]:
    """Each path of an OpenAPI document, with its methods in small letters."""
    try:
        return [(path, frozenset(each)) for path, each in json.loads(file.read_bytes())["paths"].items()]
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return []
