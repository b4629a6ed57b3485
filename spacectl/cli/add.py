"""`spacectl add`: adds a space to the system here."""

from __future__ import annotations

from typing import Annotated

import typer

from spacectl.cli import completing, output
from spacectl.cli.options import JsonOption, SystemOption

Several = list[str] | None


def add(
    space: Annotated[str, typer.Argument(metavar="SPACE", help="Name of the new space.")],
    *,
    lang: Annotated[
        str, typer.Option("--lang", help="Language of the space.", autocompletion=completing.languages)
    ] = "python",
    summary: Annotated[str, typer.Option("--summary", help="What the space does, in a sentence.")] = "",
    publishes: Annotated[
        Several,
        typer.Option("--publishes", metavar="SUBJECT", help="Subjects it publishes; repeatable, or with commas."),
    ] = None,
    subscribes: Annotated[
        Several,
        typer.Option(
            "--subscribes",
            metavar="SUBJECT",
            help="Subjects of other spaces it receives.",
            autocompletion=completing.subscribed,
        ),
    ] = None,
    calls: Annotated[
        Several,
        typer.Option("--calls", metavar="SPACE", help="Spaces whose API it calls.", autocompletion=completing.called),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files of the same name; leave all others alone.")
    ] = False,
    system: SystemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a space to the system here.

    Example: spacectl add shipping --subscribes orders.confirmed --publishes shipping.sent --calls catalog
    """
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.manifests import load
    from spacectl.scaffold.names import listed
    from spacectl.scaffold.report import AddedSpace
    from spacectl.scaffold.space import NewSpace, add_space

    layout = find_system(system)
    folder = add_space(
        NewSpace(
            layout,
            space,
            language=lang,
            summary=summary,
            publishes=listed(publishes or ()),
            subscribes=listed(subscribes or ()),
            calls=listed(calls or ()),
            force=force,
        )
    )
    if as_json:
        name = load(layout.root).name
        output.out_json(AddedSpace(space=space, system=name, path=str(folder), language=lang))
    output.say(f"added {space} in {folder.relative_to(layout.root)}")
    output.say("next: spacectl up")
