"""What `new` and `add` print with `--json`: published models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from spacectl.model.strict import Strict
from spacectl.scaffold.templates import PlannedSpace, Template

Rows = Annotated[tuple[PlannedSpace, ...], Field(strict=False)]


class ListedTemplate(Strict):
    """A bundled template: a system with the spaces it begins with, or a language that a space can be written in."""

    name: str
    summary: str
    spaces: Rows = ()


class TemplateList(Strict):
    """`new --list --json`."""

    systems: tuple[ListedTemplate, ...]
    languages: tuple[ListedTemplate, ...]


class MadeSystem(Strict):
    """`new --json`. `path` is absolute; `runnable` is false where the template made no `system.toml`."""

    system: str
    path: str
    template: str
    runnable: bool


class AddedSpace(Strict):
    """`add --json`. `path` is absolute."""

    space: str
    system: str
    path: str
    language: str


def template_list(systems: Iterable[Template], languages: Iterable[Template]) -> TemplateList:
    """The bundled templates as they are published."""
    return TemplateList(systems=tuple(map(_listed, systems)), languages=tuple(map(_listed, languages)))


def _listed(template: Template) -> ListedTemplate:
    return ListedTemplate(name=template.name, summary=template.summary, spaces=template.spaces)
