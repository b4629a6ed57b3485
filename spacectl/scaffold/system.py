"""`new`: makes a system from a template, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacectl.errors import UsageError
from spacectl.scaffold.names import near_or_all, python_package, system_name
from spacectl.scaffold.rendering import Rendering, questions, render
from spacectl.scaffold.staging import nearest_folder, placed, refuse_occupied, staging
from spacectl.scaffold.templates import Foreign, PlannedSpace, Template, find_template

LEFTOVERS = (
    *("copier.yml", "copier.yaml", "template.toml", ".git", ".DS_Store", "*.py[co]", "__pycache__"),
    *(".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".spacectl"),
)
"""What describes a template, or what working on one leaves in its folder: no system gets it."""


@dataclass(frozen=True, slots=True)
class NewSystem:
    """What to make.

    Attributes:
        target: the system's folder; its last part is the system's name.
        template: what to make it from.
        answers: to the template's questions, as text.
        force: write over files of the same name in a folder that is not empty.
        ask: ask on the terminal for answers that are missing.
        trust: allow a template that is not bundled to run code.
        languages: folder with the templates of spaces; None is this installation's.
    """

    target: Path
    template: Template | Foreign
    answers: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    ask: bool = False
    trust: bool = False
    languages: Path | None = None


def _silent(_text: str) -> None:
    """Nobody wants to hear how far it is."""


def make_system(request: NewSystem, tell: Callable[[str], None] = _silent) -> Path:
    """Make the system and return its folder, absolute.

    Args:
        request: what to make.
        tell: is told, before it takes time, what begins.

    Raises:
        UsageError: a bad name, something in the way, or an answer the template does not take.
        MachineError: the disk refuses, or git is missing.
        SpacectlError: the template cannot be fetched or is broken.
    """
    target = absolute(request.target)
    name = system_name(target.name)
    refuse_occupied(target, force=request.force)
    _refuse_inside(target, request.template)
    _refuse_answers(request)
    tell(f"making {name} from the template {title(request.template)}")
    with staging(nearest_folder(target)) as stage:
        # The name of the folder is something a template may ask for, so it is right from the start.
        tree = stage / name
        tree.mkdir()
        _fill(tree, name, request)
        with placed(tree, target, force=request.force):
            pass
    return target


def absolute(path: Path) -> Path:
    """The path without `.` and `..`, but with its links as they are.

    Raises:
        UsageError: no path can be written so.
    """
    if "\0" in str(path):
        raise UsageError("a path cannot contain a NUL character")
    return Path(os.path.abspath(path))  # noqa: PTH100  (resolve would follow the links)


def render_space(template: Template, into: Path, space: PlannedSpace) -> None:
    """Render a space from the template of its language into its folder.

    Raises:
        UsageError: the language has no room for that name.
    """
    answers: dict[str, Any] = {
        "space": space.name,
        "package": package_name(template, space.name),
        "publishes": list(space.publishes),
        "subscribes": list(space.subscribes),
        "calls": list(space.calls),
    }
    if space.summary:
        answers["summary"] = space.summary
    render(
        Rendering(
            source=str(template.folder),
            into=into,
            answers=answers,
            exclude=(*LEFTOVERS, *space.exclude),
            bundled=True,
        )
    )


def title(template: Template | Foreign) -> str:
    """What a template is called in messages."""
    return template.name if isinstance(template, Template) else template.address


def package_name(template: Template, space: str) -> str:
    """The name of a space's package in its language: `order-history` is `order_history`.

    Raises:
        UsageError: the name is taken by the language or by something in its template.
    """
    package = python_package(space) if template.name == "python" else space.replace("-", "_")
    if package in template.reserved:
        raise UsageError(
            f'a {template.name} space cannot be called "{space}": it would hide a library or folder it needs',
            hint=f'choose another name, such as "{space}-space"',
        )
    return package


def _fill(tree: Path, name: str, request: NewSystem) -> None:
    match request.template:
        case Template() as template:
            _fill_from_ours(tree, name, template, request)
        case Foreign(address=address):
            answers = {"system": name, **request.answers}
            render(Rendering(address, tree, answers, ask=request.ask, trust=request.trust))


def _fill_from_ours(tree: Path, name: str, template: Template, request: NewSystem) -> None:
    for space in template.spaces:
        language = find_template("space", space.template, folder=request.languages)
        render_space(language, tree / "spaces" / space.name, space)
    render(
        Rendering(
            source=str(template.folder),
            into=tree,
            answers={"system": name, **request.answers},
            exclude=LEFTOVERS,
            ask=request.ask,
            trust=request.trust,
            bundled=template.bundled,
        )
    )


def _refuse_answers(request: NewSystem) -> None:
    """Refuse `--data` that the template does not ask for, where we know what it asks."""
    if isinstance(request.template, Foreign):
        return
    if "system" in request.answers:
        raise UsageError('the answer to "system" is the name of the system', hint="leave it out of --data")
    asked = set(questions(request.template.folder)) - {"system"}
    for key in request.answers:
        if key not in asked:
            raise UsageError(
                f'the template {request.template.name} does not ask for "{key}"', hint=near_or_all(key, asked)
            )


def _refuse_inside(target: Path, template: Template | Foreign) -> None:
    """A template must not be copied into itself."""
    folder = template.folder
    if folder is not None and target.resolve().is_relative_to(folder):
        raise UsageError(f"{target} is inside the template {folder}", hint="make the system somewhere else")
