"""`add`: appends a space to a system, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path, PurePosixPath

from spacectl.adapters.manifests import load
from spacectl.errors import ManifestError, UsageError
from spacectl.model.layout import Layout
from spacectl.model.system import System
from spacectl.scaffold.names import is_subject, near_or_all, own_subject, space_name
from spacectl.scaffold.staging import placed, refuse_occupied, sole_writer, staging
from spacectl.scaffold.system import package_name, render_space
from spacectl.scaffold.templates import PlannedSpace, Template, find_template


@dataclass(frozen=True, slots=True)
class NewSpace:
    """What to add to the system at `layout`.

    `force` writes over files of the same name; `languages` is the folder with the templates of spaces, None this
    installation's.
    """

    layout: Layout
    name: str
    language: str = "python"
    summary: str = ""
    publishes: tuple[str, ...] = ()
    subscribes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    force: bool = False
    languages: Path | None = None


def add_space(request: NewSpace) -> Path:
    """Add the space and return its folder, absolute.

    Raises:
        UsageError: a name that is taken or cannot be, something that is published or called by nobody.
        ManifestError: the system is wrong as it is.
        MachineError: the disk refuses.
    """
    template = find_template("space", request.language, folder=request.languages)
    name = space_name(request.name)
    package_name(template, name)  # refuses what the language has no room for
    with sole_writer(request.layout.root):
        system = load(request.layout.root)
        folder = _folder(system, name)
        _refuse_taken(system, name, folder, force=request.force)
        _write(request, folder, template, _planned(request, system))
    return folder


def _write(request: NewSpace, folder: Path, template: Template, space: PlannedSpace) -> None:
    layout = request.layout
    layout.state.mkdir(mode=0o700, exist_ok=True)
    # Not beside the other spaces: there a running command would take the half-made folder for a space.
    with staging(layout.state) as stage:
        tree = stage / space.name
        tree.mkdir()
        render_space(template, tree, space)
        with placed(tree, folder, force=request.force):
            _refuse_invalid(layout, space.name)


def _refuse_invalid(layout: Layout, name: str) -> None:
    """What only the system as a whole can tell, such as calling a space that serves no API."""
    try:
        load(layout.root)
    except ManifestError as error:
        raise UsageError(f"with {name} the system would be wrong:\n{error.message}", hint=error.hint) from error


def _planned(request: NewSpace, system: System) -> PlannedSpace:
    name = request.name
    own = tuple(own_subject(subject, name) for subject in request.publishes)
    others = [space for space in system.spaces if space.name != name]
    subjects = [subject for space in others for subject in space.manifest.events.publishes]
    _refuse_unpublished(request.subscribes, (*own, *subjects))
    _refuse_uncallable(request.calls, name, [space.name for space in others])
    return PlannedSpace(
        name=name,
        template=request.language,
        summary=request.summary,
        publishes=own,
        subscribes=request.subscribes,
        calls=request.calls,
    )


def _refuse_unpublished(subjects: Iterable[str], published: tuple[str, ...]) -> None:
    for subject in subjects:
        if subject in published:
            continue
        ending = [full for full in published if full.endswith(f".{subject}")]
        hint = f'did you mean "{ending[0]}"?' if ending else near_or_all(subject, published)
        if not is_subject(subject):
            raise UsageError(f'"{subject}" is not a subject', hint=hint or 'a subject is written like "orders.placed"')
        raise UsageError(
            f"nobody publishes {subject}",
            hint=hint or "add the space that publishes it first",
        )


def _refuse_uncallable(callees: Iterable[str], name: str, others: list[str]) -> None:
    for callee in callees:
        if callee == name:
            raise UsageError(f"{name} cannot call itself")
        if callee not in others:
            raise UsageError(
                f'there is no space "{callee}" to call',
                hint=near_or_all(callee, others) or "add the space it calls first",
            )


def _refuse_taken(system: System, name: str, folder: Path, *, force: bool) -> None:
    taken = system.space(name)
    if taken is not None and not (force and taken.folder == folder):
        where = taken.folder.relative_to(system.root)
        raise UsageError(
            f'there is a space "{name}" already, in {where}',
            hint="choose another name" + ("" if taken.folder != folder else ", or write over it with --force"),
        )
    refuse_occupied(folder, force=force)


def _folder(system: System, name: str) -> Path:
    """Where the space goes: `spaces/<name>` if a glob of the system matches it, else what a glob says.

    Raises:
        UsageError: no glob matches a folder of that name.
    """
    globs = [PurePosixPath(glob).parts for glob in system.manifest.system.spaces]
    usual = PurePosixPath("spaces", name)
    for folder in (usual, *(_before_wildcards(glob) / name for glob in globs)):
        if any(_matches(folder.parts, glob) for glob in globs):
            return system.root / folder
    make = "" if (system.root / usual.parent).is_dir() else f", and make the folder {usual.parent}"
    raise UsageError(
        f"no glob of [system] spaces in system.toml matches a folder for {name}: "
        + ", ".join(system.manifest.system.spaces),
        hint=f'add "{usual.parent}/*" to it{make}',
    )


def _before_wildcards(glob: tuple[str, ...]) -> PurePosixPath:
    return PurePosixPath(*takewhile(lambda part: not set("*?[") & set(part), glob))


def _matches(parts: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    """Whether a glob as pathlib reads it matches a relative path: `**` stands for any number of folders."""
    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_matches(parts[count:], glob[1:]) for count in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])
