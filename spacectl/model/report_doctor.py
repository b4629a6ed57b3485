"""What `doctor --json` tells."""

from __future__ import annotations

from spacectl.model.strict import Strict


class Finding(Strict):
    """One thing a machine has or lacks.

    Attributes:
        needed: without it spacectl cannot work; otherwise only something is missing.
        found: what was found, in words.
        fix: what to do about it; None when all is well.
    """

    name: str
    ok: bool
    needed: bool
    found: str
    fix: str | None = None


class DoctorReport(Strict):
    """Everything that was looked at."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.findings if each.needed)
