"""The report on contracts as text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from spacectl.model.report_contracts import ContractCheck, ContractFinding, ContractsReport, Outcome, Spot
from spacectl.model.wording import counted

_GLYPHS: dict[Outcome, str] = {"compatible": "✔", "unproven": "?", "breaking": "✖", "differs": "✖", "skipped": "-"}
_STYLES = {"compatible": "green", "unproven": "yellow", "breaking": "bold red", "differs": "bold red", "skipped": "dim"}
_WIDEST = 300
"""Characters of an example; `--json` has all of it."""


def report_lines(report: ContractsReport) -> Iterator[Text]:
    """Every check with its findings, what was skipped, and how many of each there are."""
    for check in report.checks:
        if check.verdict != "skipped":
            yield from check_lines(check)
    yield from _skipped(report)
    yield _sum(report)


def check_lines(check: ContractCheck) -> Iterator[Text]:
    """One check with its findings."""
    yield _headline(check)
    for finding in check.findings:
        yield from _finding(finding)


def stale_lines(report: ContractsReport) -> Iterator[str]:
    """The entries of the ignore file that no longer do anything."""
    for each in report.stale_ignores:
        said = f'{each.via} ("{each.reason}")'
        if each.until is None:
            yield f"contract-ignore.toml: {said} matches nothing: take it out"
        else:
            yield f"contract-ignore.toml: {said} expired on {each.until} and is not ignored any more"


def _headline(check: ContractCheck) -> Text:
    style = _STYLES[check.verdict]
    spaces = check.sender if check.sender == check.receiver else f"{check.sender} → {check.receiver}"
    line = Text.assemble((f"{_GLYPHS[check.verdict]} {check.verdict:<10}", style), f"  {spaces}  {check.via}")
    if check.kind in {"request", "response"}:
        line.append(f"  {check.kind}")
    if check.check in {"change", "drift"}:
        line.append(f"  {check.check}" + (f": {check.reason}" if check.reason else ""), style="dim")
    return line


def _finding(finding: ContractFinding) -> Iterator[Text]:
    where = f" (at {finding.at})" if finding.at else ""
    mark = f"ignored ({finding.ignored}): " if finding.ignored is not None else ""
    yield Text(f"    {mark}{finding.message}{where}", style="dim" if mark else "")
    if mark:
        return
    for name, spot in (("sender", finding.sender), ("receiver", finding.receiver)):
        if spot is not None:
            yield Text(f"      {name:<8}  {_place(spot)}", style="dim")
    if finding.verdict == "breaking":
        text = json.dumps(finding.example, ensure_ascii=False)
        yield Text(f"      example   {text if len(text) <= _WIDEST else text[:_WIDEST] + '…'}")


def _place(spot: Spot) -> str:
    return f"{spot.file}#{spot.pointer}"


def _skipped(report: ContractsReport) -> Iterator[Text]:
    """What was not checked: each reason once, with how often it stood in the way."""
    reasons = Counter((check.check, check.reason or "") for check in report.checks if check.verdict == "skipped")
    for (name, reason), count in reasons.items():
        yield Text(f"- skipped     {name}: {reason}" + (f" ({count} times)" if count > 1 else ""), style="dim")


def _sum(report: ContractsReport) -> Text:
    count = Counter(check.verdict for check in report.checks)
    told = ", ".join(f"{count[verdict]} {verdict}" for verdict in _GLYPHS if count[verdict])
    against = f", against {report.against}" if report.against is not None else ""
    return Text(f"{report.system}: {counted(len(report.checks), 'check')}{against}: {told or 'nothing to check'}")
