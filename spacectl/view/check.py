"""A run of checks for people: its lines, its table, and what GitHub shows beside the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from spacectl.model.report_check import CheckReport, CheckResult, Group
from spacectl.model.wording import escaped

GROUPS: dict[Group, str] = {
    "system": "the system",
    "contracts": "contracts",
    "smoke": "smoke checks of the manifests",
    "checks": "checks",
    "end": "the end",
}
_GLYPHS = {"passed": "✔", "failed": "✖", "skipped": "-"}
_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}
_MOST_OF_A_LINE = 300


def result_line(result: CheckResult) -> Text:
    """One check in one line."""
    line = Text.assemble((f"{_GLYPHS[result.outcome]} ", _STYLES[result.outcome]), escaped(result.name, at_most=200))
    if result.message:
        line.append(f": {escaped(result.message, at_most=_MOST_OF_A_LINE)}")
    line.append(f"  {result.seconds:.2f} s", style="dim")
    return line


def failure_lines(result: CheckResult) -> Iterator[str]:
    """All there is to say of a check that failed."""
    place = f" ({result.file}{f':{result.line}' if result.line else ''})" if result.file else ""
    yield f"✖ {escaped(result.name, at_most=200)}{place}"
    for line in (result.detail or result.message or "").splitlines():
        yield f"    {escaped(line, at_most=1000)}"


def table(report: CheckReport) -> Table:
    """How many of each group passed, failed and were skipped."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("CHECKS", "PASSED", "FAILED", "SKIPPED", "SECONDS"):
        made.add_column(name, justify="left" if name == "CHECKS" else "right")
    for group, words in GROUPS.items():
        results = [each for each in report.results if each.group == group]
        if results:
            made.add_row(words, *_counts(results), f"{sum(each.seconds for each in results):.1f}")
    return made


def headline(report: CheckReport) -> Text:
    """The whole run in one line."""
    passed, failed, skipped = _counts(report.results)
    style = "bold green" if report.outcome == "passed" else "bold red"
    return Text.assemble(
        f"{report.system}  ", (report.outcome, style), f"  {passed} passed, {failed} failed, {skipped} skipped"
        f" in {report.seconds:.1f} s",
    )  # fmt: skip


def _counts(results: Sequence[CheckResult]) -> tuple[str, str, str]:
    outcomes = [each.outcome for each in results]
    return str(outcomes.count("passed")), str(outcomes.count("failed")), str(outcomes.count("skipped"))


def annotation(result: CheckResult, base: str) -> str:
    """The workflow command by which GitHub shows a failure beside the code.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions

    Args:
        result: what failed.
        base: how the system's folder is written from the folder of the repository.
    """
    where = ""
    if result.file is not None:
        path = result.file if base in {"", "."} else f"{base.rstrip('/')}/{result.file}"
        where = f"file={_property(path)}," + (f"line={result.line}," if result.line else "")
    return f"::error {where}title={_property(result.name)}::{_data(result.detail or result.message or 'failed')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
