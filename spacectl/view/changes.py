"""What a running system changes, in lines for people."""

from __future__ import annotations

from spacectl.model.report import ChangesReport, SpaceChange

_VERBS = {
    "start": "starts", "restart": "restarts", "update": "takes on what is new",
    "add": "is added", "stop": "stops and is removed",
}  # fmt: skip


def change_lines(report: ChangesReport) -> list[str]:
    """A line for each change, and one for what has to wait; `nothing changed` where there is neither."""
    lines = [_line(change) for change in report.changes]
    if report.held:
        lines.append(f"counts at the next `up` after a `down`: {', '.join(report.held)} in system.toml")
    return lines or ["nothing changed"]


def _line(change: SpaceChange) -> str:
    if change.kind == "scale":
        return f"{change.space} scales {change.why}"
    return f"{change.space} {_VERBS[change.kind]}: {change.why}"
