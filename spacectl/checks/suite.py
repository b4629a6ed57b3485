"""The pytest plugin of `spacectl check`: adds the checks that every system has, and tells of each as it ends."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from spacectl.checks import fixtures
from spacectl.checks.items import SystemChecks, SystemItem
from spacectl.core.judging import unsettled
from spacectl.errors import SpacectlError
from spacectl.model.report_check import CheckProgress, CheckResult, Group, Outcome, Planned

_RESULTS = "--spacectl-results"
_UNSETTLED = "not settled when the check failed"
_STAGES: tuple[Group, ...] = ("system", "contracts", "smoke", "checks", "end")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options by which `spacectl check` says what to do."""
    group = parser.getgroup("spacectl")
    group.addoption(_RESULTS, type=int, help="open file descriptor that gets a JSON line for each thing that happens")
    group.addoption("--spacectl-leave-out", action="append", default=[], help="kind of built-in check to leave out")
    group.addoption("--spacectl-against", help="git revision to judge the contracts against, too")


def pytest_configure(config: pytest.Config) -> None:
    """Make sure of the fixtures, even where plugins are not loaded by themselves; begin to tell."""
    if not config.pluginmanager.has_plugin("spacectl-fixtures"):
        config.pluginmanager.register(fixtures, "spacectl-fixtures")
    config.pluginmanager.register(Teller(config.getoption(_RESULTS), config.rootpath), "spacectl-teller")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The `system.toml` of the system stands for the checks of every system, and for those in its manifests."""
    if file_path == parent.config.rootpath / "system.toml":
        return SystemChecks.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the checks into the order of their groups."""
    items.sort(key=lambda item: _STAGES.index(_group(item)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the failure of a check of the system's own what its events wait for: it often names who is to blame."""
    report = yield
    if report.failed and call.when == "call" and _group(item) in {"smoke", "checks"}:
        with suppress(SpacectlError):
            if told := unsettled(fixtures.running_in(item.config).client.flow()):
                report.sections.append((_UNSETTLED, "\n".join(told)))
    return report


class Teller:
    """Writes a JSON line for each thing that happens, at once, so that it is told even if a check ends the process.

    Args:
        descriptor: where to.
        root: the folder to which files are relative.
    """

    def __init__(self, descriptor: int, root: Path) -> None:
        os.set_inheritable(descriptor, False)  # whoever a check starts must not keep the reader waiting
        self._descriptor = descriptor
        self._root = root
        self._planned: dict[str, Planned] = {}
        self._reports: dict[str, list[pytest.TestReport]] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Something could not be read."""
        if report.failed:
            name = f"{report.nodeid or 'checks'} can be read"
            told = CheckResult(
                id=report.nodeid, name=name, group="checks", outcome="failed", file=report.nodeid or None
            )
            self._tell(CheckProgress(result=told.model_copy(update=_why(report.longreprtext))))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All that will be run."""
        for item in session.items:
            self._planned[item.nodeid] = Planned(id=item.nodeid, name=_name(item), group=_group(item))
        self._tell(CheckProgress(planned=tuple(self._planned.values())))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A check begins."""
        self._reports[nodeid] = []
        self._tell(CheckProgress(began=nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One of the three phases of a check is over."""
        self._reports[report.nodeid].append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A check is over."""
        reports = self._reports.pop(nodeid)
        if reports:
            self._tell(CheckProgress(result=self._result(self._planned[nodeid], reports)))

    def _result(self, planned: Planned, reports: list[pytest.TestReport]) -> CheckResult:
        decisive = next((each for each in reports if each.failed), None) or next(
            (each for each in reports if each.skipped), reports[0]
        )
        outcome: Outcome = "failed" if decisive.failed else "skipped" if decisive.skipped else "passed"
        file, line = _place(decisive, self._root)
        told = CheckResult(
            id=planned.id, name=planned.name, group=planned.group, outcome=outcome, file=file, line=line,
            seconds=sum(each.duration for each in reports),
        )  # fmt: skip
        if outcome == "skipped":
            return told.model_copy(update={"message": _skip_reason(decisive)})
        return told.model_copy(update=_why(_detail(decisive), _crash(decisive))) if outcome == "failed" else told

    def _tell(self, progress: CheckProgress) -> None:
        data = progress.model_dump_json(exclude_none=True).encode() + b"\n"
        while data:
            data = data[os.write(self._descriptor, data) :]


def _group(item: pytest.Item) -> Group:
    return item.group if isinstance(item, SystemItem) else "checks"


def _name(item: pytest.Item) -> str:
    if isinstance(item, SystemItem):
        return item.name
    return item.nodeid.removeprefix("checks/")


def _why(text: str, first: str | None = None) -> dict[str, str]:
    lines: Iterator[str] = (line for line in (first or text).splitlines() if line.strip())
    return {"message": next(lines, "failed"), "detail": text}


def _detail(report: pytest.TestReport) -> str:
    unsettled = (f"{title}:\n{told}" for title, told in report.sections if title == _UNSETTLED)
    return "\n\n".join([report.longreprtext, *unsettled])


def _crash(report: pytest.TestReport) -> str | None:
    crash = getattr(report.longrepr, "reprcrash", None)
    return None if crash is None else str(crash.message)


def _place(report: pytest.TestReport, root: Path) -> tuple[str | None, int | None]:
    """The line that failed where it is one of the system's, else the check's own; relative to the system's folder."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None and Path(crash.path).is_relative_to(root):
        return str(Path(crash.path).relative_to(root)), crash.lineno
    file, line, _ = report.location
    return file, None if line is None else line + 1


def _skip_reason(report: pytest.TestReport) -> str | None:
    reason = report.longrepr
    return str(reason[2]).removeprefix("Skipped: ") if isinstance(reason, tuple) else None
