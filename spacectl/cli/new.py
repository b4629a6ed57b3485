"""`spacectl new`: makes a system from a template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import JsonOption
from spacectl.errors import UsageError

if TYPE_CHECKING:
    from spacectl.scaffold.templates import Foreign, Template

DEFAULT_TEMPLATE = "blank"


def new(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name of the system, or a path that ends with it.", show_default=False),
    ] = None,
    *,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            "-t",
            metavar="TEMPLATE",
            autocompletion=completing.templates,
            help=f"A bundled template, a folder or a git address; default: {DEFAULT_TEMPLATE}.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="KEY=VALUE", help="Answer a question of the template; repeatable."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files of the same name; leave all others alone.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Allow the template to run code of its own, such as tasks.")
    ] = False,
    list_templates: Annotated[bool, typer.Option("--list", help="Describe the bundled templates.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a system from a bundled template, a folder, or a git address.

    Example: spacectl new shop -t ecommerce
    """
    if list_templates:
        _list(as_json=as_json)
        return
    from spacectl.scaffold.templates import resolve_template

    if name is None:
        raise UsageError("new needs the name of the system", hint="spacectl new shop -t ecommerce")
    answers = _answers(data or [])
    ask = not as_json and _on_terminal()
    source = resolve_template(template if template is not None else _chosen(ask=ask))
    _make(name, source, answers, force=force, ask=ask, trust=trust, as_json=as_json)


def _make(
    name: str,
    source: Template | Foreign,
    answers: dict[str, str],
    *,
    force: bool,
    ask: bool,
    trust: bool,
    as_json: bool,
) -> None:
    from spacectl.scaffold.report import MadeSystem
    from spacectl.scaffold.system import NewSystem, make_system, title

    request = NewSystem(Path(name), source, answers, force=force, ask=ask, trust=trust)
    target = make_system(request, output.say)
    runnable = (target / "system.toml").is_file()
    if as_json:
        output.out_json(MadeSystem(system=target.name, path=str(target), template=title(source), runnable=runnable))
    output.say(f"made {target}")
    if runnable:
        output.say(f"next: {_next_steps(target)}")
    else:
        output.say("the template made no system.toml, so `spacectl up` cannot run this")


def _next_steps(target: Path) -> str:
    import shlex

    here = Path.cwd()
    shown = target.relative_to(here) if target.is_relative_to(here) else target
    return "spacectl up" if target == here else f"cd {shlex.quote(str(shown))} && spacectl up"


def _answers(data: list[str]) -> dict[str, str]:
    answers = {}
    for pair in data:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f'--data takes key=value, not "{pair}"')
        answers[key] = value
    return answers


def _on_terminal() -> bool:
    """Whether somebody is there to answer: all three streams are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _chosen(*, ask: bool) -> str:
    """The template that nobody named: asked for on a terminal, else the default."""
    if not ask:
        return DEFAULT_TEMPLATE
    import questionary

    from spacectl.scaffold.templates import bundled

    choices = [
        questionary.Choice(f"{template.name}: {template.summary}", value=template.name) for template in bundled()
    ]
    answer = questionary.select("Which template?", choices=choices, default=DEFAULT_TEMPLATE).unsafe_ask()
    return str(answer)


def _list(*, as_json: bool) -> None:
    from spacectl.scaffold.report import template_list
    from spacectl.scaffold.templates import bundled

    systems, languages = bundled("system"), bundled("space")
    if as_json:
        output.out_json(template_list(systems, languages))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("TEMPLATE", "SPACES", "SUMMARY"):
        table.add_column(column, overflow="fold")
    for template in systems:
        spaces = ", ".join(space.name for space in template.spaces) or "-"
        table.add_row(template.name, spaces, template.summary)
    output.show(table)
