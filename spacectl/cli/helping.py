"""How `--help` is laid out: commands in groups, examples as they are to be typed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand, TyperGroup


class Groups(TyperGroup):
    """Lists the commands under the heading of their group, in the order in which they were added."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        groups: dict[str, list[TyperCommand]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if isinstance(command, TyperCommand):
                groups.setdefault(str(command.rich_help_panel), []).append(command)
        width = max(len(str(command.name)) for commands in groups.values() for command in commands)
        for heading, commands in groups.items():
            with formatter.section(heading):
                rows = [(str(command.name).ljust(width), command.short_help or "") for command in commands]
                formatter.write_dl(rows)


def help_of(command: Callable[..., Any]) -> str:
    """The docstring of a command, its example on a line of its own: a backspace keeps a paragraph from being filled."""
    text = inspect.getdoc(command) or ""
    return text.replace("\n\nExample: ", "\n\n\b\nExample:\n  ")
