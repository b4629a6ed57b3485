"""Writes the man pages in `docs/man` from the commands. Run it with `make docs` after one of them changed."""

# ruff: noqa: INP001 - a script

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from spacectl import __version__
from spacectl.cli.app import app
from spacectl.errors import Exit

TARGET = Path(__file__).parent.parent / "docs" / "man"
NAME = "spacectl"
MEANINGS = {
    Exit.OK: "It worked.",
    Exit.FAILED: "It failed, or a check did.",
    Exit.USAGE: "The command was not given as it must be.",
    Exit.MANIFEST: "A manifest is wrong.",
    Exit.NOT_RUNNING: "The system does not run.",
    Exit.NOT_READY: "A space did not become ready.",
    Exit.MACHINE: "This machine lacks something; see spacectl-doctor(1).",
    Exit.BUG: "A bug in spacectl.",
    Exit.INTERRUPTED: "Interrupted.",
}


def main() -> None:
    """Write the pages, and remove those of commands that are gone."""
    made = pages()
    TARGET.mkdir(parents=True, exist_ok=True)
    for file in TARGET.glob("*.1"):
        if file.name not in made:
            file.unlink()
    for name, text in made.items():
        (TARGET / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    whole = get_command(app)
    if not isinstance(whole, TyperGroup):
        raise TypeError(whole)
    root = whole.context_class(whole, info_name=NAME, **whole.context_settings)
    commands = {name: each for name, each in whole.commands.items() if isinstance(each, TyperCommand)}
    made = {f"{NAME}.1": "\n".join(_overview(whole, root, commands)) + "\n"}
    for name, command in commands.items():
        context = command.context_class(command, info_name=name, parent=root)
        made[f"{NAME}-{name}.1"] = "\n".join(_page(name, command, context)) + "\n"
    return made


def _overview(whole: TyperGroup, root: Any, commands: dict[str, TyperCommand]) -> Iterator[str]:
    does = whole.help or ""
    yield from _head(NAME, does[:1].lower() + does[1:].rstrip("."))
    yield from [".SH SYNOPSIS", rf"\fB{NAME}\fR [\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...", ".SH DESCRIPTION"]
    yield _text(does)
    group = None
    for name, command in commands.items():
        if command.rich_help_panel != group:
            group = command.rich_help_panel
            yield f".SH {_text(str(group)).upper()}"
        yield from [".TP", rf"\fB{NAME}\-{_text(name)}\fR(1)", _text(command.short_help or "")]
    yield from _parameters(whole, root)
    yield ".SH EXIT STATUS"
    for code in Exit:
        yield from [".TP", str(code.value), _text(MEANINGS[code])]
    yield from [".SH SEE ALSO", ", ".join(rf"\fB{NAME}\-{_text(name)}\fR(1)" for name in sorted(commands))]


def _page(name: str, command: TyperCommand, context: Any) -> Iterator[str]:
    yield from _head(f"{NAME}-{name}", command.short_help or "")
    usage = " ".join(command.collect_usage_pieces(context))
    yield from [".SH SYNOPSIS", rf"\fB{NAME} {_text(name)}\fR {_text(usage)}", ".SH DESCRIPTION"]
    said, _, example = (command.help or "").partition("\n\n\b\nExample:\n  ")
    yield _text(said).replace("\n\n", "\n.PP\n")
    yield from _parameters(command, context)
    yield from [".SH EXAMPLE", ".EX", _text(example), ".EE"]
    yield from [".SH SEE ALSO", rf"\fB{NAME}\fR(1)"]


def _head(title: str, does: str) -> list[str]:
    heading = f'.TH "{_text(title.upper())}" "1" "" "{NAME} {__version__}" "{NAME}"'
    return [heading, ".SH NAME", rf"{_text(title)} \- {_text(does)}"]


def _parameters(command: TyperCommand | TyperGroup, context: Any) -> Iterator[str]:
    """Arguments and options, each as `--help` has it."""
    listed = command.get_params(context)
    for kind, heading in (("argument", "ARGUMENTS"), ("option", "OPTIONS")):
        records = [each.get_help_record(context) for each in listed if each.param_type_name == kind]
        shown = [record for record in records if record is not None]
        if shown:
            yield f".SH {heading}"
        for names, does in shown:
            yield from [".TP", rf"\fB{_text(names)}\fR", _text(re.sub(r"\s+", " ", does))]


def _text(text: str) -> str:
    """Text as roff wants it: some signs have names of their own (groff_char(7)), and a dot may not begin a line."""
    safe = text.replace("\\", r"\e").replace("-", r"\-").replace("^", r"\(ha").replace("~", r"\(ti")
    safe = safe.replace("`", r"\(ga").replace('"', r"\(dq")
    safe = re.sub(r"[^\x00-\x7f]", lambda found: rf"\[u{ord(found[0]):04X}]", safe)
    return re.sub(r"^(?=[.'])", r"\\&", safe, flags=re.MULTILINE)


if __name__ == "__main__":
    main()
