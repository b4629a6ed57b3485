"""The checks that need no Python file, as items of pytest: those of every system, and those of its manifests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from spacectl.checks.builtin import written_checks
from spacectl.checks.fixtures import running_in
from spacectl.checks.written import CheckFailedError, CheckSkippedError, Written
from spacectl.errors import SpacectlError
from spacectl.model.report_check import Group


class SystemChecks(pytest.File):
    """Collects the checks of a system from its manifests."""

    def collect(self) -> Iterable[pytest.Item]:
        """Every check that is not left out."""
        left_out = self.config.getoption("--spacectl-leave-out")
        against = self.config.getoption("--spacectl-against")
        for each in written_checks(running_in(self.config), against):
            if each.kind not in left_out:
                yield SystemItem.from_parent(self, name=each.name, written=each)


class SystemItem(pytest.Item):
    """One check."""

    def __init__(self, *, written: Written, **more: Any) -> None:
        super().__init__(**more)
        self._written = written

    @property
    def group(self) -> Group:
        return self._written.group

    def runtest(self) -> None:
        """Do it."""
        try:
            self._written.run(running_in(self.config))
        except CheckSkippedError as reason:
            pytest.skip(str(reason))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """What it found; a traceback only where it is a bug of the check."""
        if isinstance(excinfo.value, (CheckFailedError, SpacectlError, AssertionError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is written; lines from 0."""
        file = self.config.rootpath / (self._written.file or "system.toml")
        return file, self._written.line - 1 if self._written.line else None, self.name
