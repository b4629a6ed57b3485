"""`spacectl graph`: the architecture as a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spacectl.cli.options import SystemOption

if TYPE_CHECKING:
    from spacectl.model.graph import Graph

_LEAST_WIDTH = 40
_MOST_WIDTH = 100
"""A drawing that goes to a file, or to a very wide terminal, is still one that people can follow."""


def graph(
    *,
    form: Annotated[
        Literal["text", "mermaid", "dot", "json"], typer.Option("--format", help="What to draw with.")
    ] = "text",
    live: Annotated[bool, typer.Option("--live", help="Of the running system, with how much moves.")] = False,
    system: SystemOption = None,
) -> None:
    """Draw the spaces and what leads from one to another: events drawn through, calls dashed.

    Example: spacectl graph --format mermaid --live
    """
    from spacectl.cli import output

    drawn = _live(system) if live else _declared(system)
    if form == "json":
        output.out_json(drawn)
    else:
        output.out(_text(drawn, form))


def _declared(system: Path | None) -> Graph:
    from spacectl.adapters.folders import find_system
    from spacectl.adapters.manifests import load
    from spacectl.core.flow import declared_flow
    from spacectl.core.graph import declared_graph

    return declared_graph(declared_flow(load(find_system(system).root)))


def _live(system: Path | None) -> Graph:
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli.endings import not_running
    from spacectl.core.graph import live_graph
    from spacectl.errors import NotRunningError

    layout = find_system(system)
    try:
        return live_graph(ControlClient(layout.control_socket).flow())
    except NotRunningError:
        raise not_running(layout) from None


def _text(drawn: Graph, form: str) -> str:
    import codecs
    import sys

    from spacectl.cli import output
    from spacectl.view.graph_languages import dot, mermaid
    from spacectl.view.graph_text import draw

    if form == "text":
        plain = codecs.lookup(sys.stdout.encoding).name != "utf-8"
        return draw(drawn, width=max(_LEAST_WIDTH, min(output.console().width, _MOST_WIDTH)), ascii_only=plain)
    return mermaid(drawn) if form == "mermaid" else dot(drawn)
