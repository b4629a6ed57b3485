"""`spacectl config`: the resolved system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from spacectl.cli import completing
from spacectl.cli.options import JsonOption, SystemOption
from spacectl.cli.output import out, out_json
from spacectl.errors import UsageError

if TYPE_CHECKING:
    from spacectl.model.system import Space, System


def config(
    spaces: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SPACE", help="Only these spaces; default: the whole system.", autocompletion=completing.spaces
        ),
    ] = None,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the manifests with every default filled in, as TOML or JSON.

    Example: spacectl config orders
    """
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.manifests import load
    from spacectl.view.config import config_report, space_toml, system_toml

    read = load(find_system(system).root)
    chosen = chosen_spaces(read, spaces or ())
    if as_json:
        out_json(config_report(read, chosen))
        return
    parts = [] if spaces else [system_toml(read)]
    out("\n".join([*parts, *map(space_toml, chosen)]).rstrip("\n"))


def chosen_spaces(system: System, names: Sequence[str]) -> tuple[Space, ...]:
    """The spaces of these names, all of them when none is named, in the system's order."""
    from spacectl.core.hints import did_you_mean
    from spacectl.model.wording import one_of, quoted

    known = [space.name for space in system.spaces]
    for name in names:
        if name not in known:
            among = f"its spaces are {one_of(known, joint='and')}" if known else "it has no spaces yet"
            raise UsageError(
                f"there is no space {quoted(name)} in {system.name}", hint=did_you_mean(name, known) or among
            )
    return tuple(space for space in system.spaces if not names or space.name in names)
