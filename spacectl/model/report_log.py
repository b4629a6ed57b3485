"""What `logs --json` tells: a published model, whose keys are a promise."""

from __future__ import annotations

from spacectl.model.log_line import LevelWord
from spacectl.model.strict import Strict


class LogLineReport(Strict):
    """One line of a log.

    `time` is RFC 3339 and right to 50 ms, unless it is `approximate`: nobody watched the log while it was written.
    `source` is the name of the log; `space` and `replica` are whose it is, null for engines and the supervisor, and
    `replica` for builds. `level` is null where neither the line nor one before it names one. Bytes that are no UTF-8
    are replaced in `line`. Where `truncated`, the line goes on in the source's next record.
    """

    time: str
    source: str
    space: str | None
    replica: str | None
    level: LevelWord | None
    line: str
    truncated: bool
    approximate: bool
