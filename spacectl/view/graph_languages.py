"""The graph in the languages that other programs draw: Mermaid and DOT.

https://mermaid.js.org/syntax/flowchart.html and https://graphviz.org/doc/info/lang.html
"""

from __future__ import annotations

from collections.abc import Iterator

from spacectl.model.graph import Graph
from spacectl.view.graph_links import bundles


def mermaid(graph: Graph) -> str:
    """A flowchart; calls are dotted. Spaces get made-up names, since Mermaid reserves words such as `end`."""
    return "\n".join(_mermaid(graph))


def dot(graph: Graph) -> str:
    """A directed graph with a rank for each layer; calls are dashed."""
    return "\n".join(_dot(graph))


def _mermaid(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    ids = {name: f"s{number}" for number, name in enumerate(name for layer in graph.layers for name in layer)}
    for name, number in ids.items():
        yield f'    {number}["{name}"]'
    for bundle in bundles(graph):
        arrow = "-->" if bundle.kind == "event" else "-.->"
        yield f'    {ids[bundle.source]} {arrow}|"{bundle.label}"| {ids[bundle.target]}'


def _dot(graph: Graph) -> Iterator[str]:
    yield f'digraph "{graph.system}" {{'
    yield "    rankdir=LR;"
    yield "    node [shape=box];"
    for layer in graph.layers:
        yield f"    {{ rank=same; {' '.join(f'{chr(34)}{name}{chr(34)};' for name in layer)} }}"
    for bundle in bundles(graph):
        style = "solid" if bundle.kind == "event" else "dashed"
        yield f'    "{bundle.source}" -> "{bundle.target}" [label="{bundle.label}", style={style}];'
    yield "}"
