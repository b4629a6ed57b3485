"""What happened since the last summary, and the one line that says it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import quantiles


class Count(StrEnum):
    """What is counted, in the order of the summary line."""

    CAME = "came"
    TURNED_AWAY = "turned_away"
    LOOKED = "looked"
    ABANDONED = "abandoned"
    CHECKED_OUT = "checked_out"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    UNFINISHED = "unfinished"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    ERRORS = "errors"


@dataclass(slots=True)
class Tally:
    """Counts and response times since the last line. One event loop owns it."""

    counts: Counter[Count] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)

    def add(self, count: Count) -> None:
        """It happened once more."""
        self.counts[count] += 1

    def answered(self, took_s: float) -> None:
        """A request was answered after that many seconds."""
        self.took_s.append(took_s)

    def line(self, inside: int) -> str:
        """The summary of everything since the last one, with the number of customers inside; starts anew."""
        counts = " ".join(f"{count.value}={self.counts[count]}" for count in Count)
        text = f"inside={inside} {counts} requests={len(self.took_s)} {_times(self.took_s)}"
        self.counts.clear()
        self.took_s.clear()
        return text


def _times(took_s: list[float]) -> str:
    if not took_s:
        return "p50_ms=- p95_ms=-"
    cuts = quantiles(took_s * 2, n=20, method="inclusive")  # doubled: it wants two values at least
    return f"p50_ms={cuts[9] * 1000:.0f} p95_ms={cuts[18] * 1000:.0f}"
