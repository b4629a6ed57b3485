"""One space whole: its state, replicas, probes, manifest, environment, and edges in and out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spacectl.model.flow import EdgeReport
from spacectl.model.report import ReplicaReport, SpaceReport
from spacectl.view.top_edges import told
from spacectl.view.top_figures import age, since, size
from spacectl.view.top_seen import Seen, edge_is_wrong
from spacectl.view.top_spaces import state_cell
from spacectl.view.top_table import Cell

if TYPE_CHECKING:
    from spacectl.model.manifest import SpaceManifest

MASK = "••••••"
_SECRET = re.compile(r"pass|secret|token|key|credential|auth|private|signature|cookie", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")

Page = list[list[Cell]]
"""Lines, each of cells that follow one another."""


def masked(name: str, value: str) -> str:
    """The value as it may be shown: not at all where its name says secret; a URL without its user and password."""
    return MASK if _SECRET.search(name) else _USER_IN_URL.sub(MASK, value)


def page(name: str, seen: Seen, manifest: SpaceManifest | None, env_file: Mapping[str, str], now: datetime) -> Page:
    """All that is known of one space; its manifest and `env_file` as they stand on disk, None where unreadable."""
    space = seen.space(name)
    if space is None:
        return [[Cell(f"there is no space named {name}", "warn")]]
    lines = _head(space)
    lines += _title("Replicas") + [line for each in space.replicas for line in _replica(each, now)]
    lines += _title("Edges in") + _edges(edge for edge in seen.edges if edge.target == name)
    lines += _title("Edges out") + _edges(edge for edge in seen.edges if edge.source == name)
    if manifest is None:
        return [
            *lines,
            *_title("Manifest"),
            [Cell("  its space.toml cannot be read: `spacectl config` says why", "warn")],
        ]
    lines += _title("Probes") + _probes(space, manifest)
    lines += _title("Environment") + _environment(manifest, env_file)
    return lines + _title("Manifest") + _manifest(manifest)


def _title(text: str) -> Page:
    return [[], [Cell(text, "title")]]


def _head(space: SpaceReport) -> Page:
    ready = f"  {space.ready} of {space.desired} ready" if space.kind == "service" else ""
    lines = [
        [
            Cell(f"{space.name}  ", "name"),
            state_cell(space.state),
            Cell(f"{ready}  {space.kind}, {space.runtime}", "dim"),
        ]
    ]
    if space.url:
        lines.append([Cell("  url  ", "dim"), Cell(space.url, "busy")])
    return lines + [
        [Cell(f"  ! may not {each.kind} {each.subject} ({each.count} times): {each.hint}", "bad")]
        for each in space.violations
    ]


def _replica(replica: ReplicaReport, now: datetime) -> Page:
    up = age(since(replica.started, now))
    facts = f"  {replica.place or 'pid -'}  port {_dash(replica.port)}  up {up}  restarts {replica.restarts}"
    cpu = "-" if replica.cpu_percent is None else f"{replica.cpu_percent:.1f}%"
    usage = f"  cpu {cpu}  memory {size(replica.memory_bytes)}"
    lines = [[Cell(f"  {replica.name}  ", "name"), state_cell(replica.state), Cell(facts + usage)]]
    if replica.reason:
        lines.append([Cell(f"    {replica.reason}", "warn")])
    return lines + [[Cell(f"    │ {line}", "dim")] for line in replica.tail]


def _edges(edges: Iterable[EdgeReport]) -> Page:
    return [[Cell(f"  {told(edge)}", "bad" if edge_is_wrong(edge) else "")] for edge in edges] or [_none()]


def _probes(space: SpaceReport, manifest: SpaceManifest) -> Page:
    lines: Page = []
    for kind, probe in (("ready", manifest.ready), ("alive", manifest.alive)):
        given = {} if probe is None else probe.model_dump(exclude_unset=True, mode="json")
        if given:
            lines.append([Cell(f"  {kind}  ", "dim"), Cell(_pairs(given))])
    for each in space.replicas:
        lines.append([Cell(f"  last answer of {each.name}  ", "dim"), Cell(*_answer(each))])
    return lines


def _answer(replica: ReplicaReport) -> tuple[str, str]:
    if replica.state == "ready":
        return "passed", "good"
    if replica.state in {"unhealthy", "starting"}:
        return replica.reason or "not passed yet", "warn"
    return "not probed now", "dim"


def _environment(manifest: SpaceManifest, env_file: Mapping[str, str]) -> Page:
    given = [(f"  {name} = ", masked(name, value)) for name, value in sorted({**env_file, **manifest.run.env}.items())]
    note = "  and what every space is given: HOST, PORT, NATS_URL, DATA_DIR, …"
    return [*([Cell(name, "dim"), Cell(value)] for name, value in given), [Cell(note, "dim")]]


def _manifest(manifest: SpaceManifest) -> Page:
    lines: Page = []
    for table, content in manifest.model_dump(exclude_unset=True, mode="json", by_alias=True).items():
        if not isinstance(content, dict):
            continue
        lines.append([Cell(f"  [{table}]", "name")])
        for key, value in content.items():
            hidden = (
                {name: masked(name, str(each)) for name, each in value.items()} if isinstance(value, dict) else value
            )
            lines.append([Cell(f"  {key} = ", "dim"), Cell(_written(hidden))])
    return lines


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {_pairs(value)} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {_written(value)}" for key, value in values.items())


def _none() -> list[Cell]:
    return [Cell("  none", "dim")]


def _dash(value: int | None) -> str:
    return "-" if value is None else str(value)
