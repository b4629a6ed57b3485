"""What `top --json` tells: a published model, whose keys are a promise."""

from __future__ import annotations

from spacectl.model.flow import FlowReport
from spacectl.model.report import Noted, PsReport
from spacectl.model.strict import Strict


class TopReport(Strict):
    """How everything stands and what moves; with `--follow` one of the three at a time, the others null."""

    ps: PsReport | None = None
    flow: FlowReport | None = None
    note: Noted | None = None
