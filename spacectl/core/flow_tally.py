"""Counts the messages of each subject of a stream from what the stream keeps, although it drops the old ones.

A stream numbers its messages without gaps, and tells how many it keeps of each subject. What it dropped is told by
marks: the sequence that the stream had reached at a reading, and how many of each subject there had been until then.
So `count = kept + count until the oldest kept`. The sum over all subjects is always exact. The split between them is
exact as long as nothing was dropped, or what was dropped ends at a mark; else it is off by at most the share of a
subject in the messages between two marks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from spacectl.model.flow_readings import StreamReading

_MOST_MARKS = 240
_OLD_MARKS = 121
"""Beyond the most, every other one of the oldest goes, the first and the last of them not: what is old is known less
finely."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment in the life of a stream.

    Attributes:
        seq: the newest message then.
        counts: how many there had been of each subject since the tally began, in the order of `Tally.subjects`.
        since: the messages after the mark before came between this time,
        at: and this one.
    """

    seq: int
    counts: tuple[int, ...]
    since: float
    at: float

    def count(self, column: int) -> int:
        """How many there had been of one subject; none of one that the stream never held."""
        return self.counts[column] if column >= 0 else 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The messages of one stream, by subject, since the oldest one that it kept when it was first seen.

    Attributes:
        created: which stream of that name.
        marks: oldest first; at least one.
        cuts: how often the stream came back with fewer messages than it had taken, after its engine was cut off.
    """

    created: str
    subjects: tuple[str, ...]
    marks: tuple[Mark, ...]
    cuts: int = 0

    @property
    def last(self) -> Mark:
        return self.marks[-1]

    def total(self, subject: str) -> int:
        """How many there have been."""
        return self.last.counts[self.subjects.index(subject)] if subject in self.subjects else 0

    def columns(self, subjects: tuple[str, ...]) -> tuple[int, ...]:
        """Where the counts of these subjects stand; -1 for one that the stream never held."""
        return tuple(self.subjects.index(each) if each in self.subjects else -1 for each in subjects)

    def until(self, seq: int, columns: tuple[int, ...]) -> list[float]:
        """How many of each subject there had been when the stream reached a sequence; a guess between two marks."""
        if seq >= self.last.seq:
            return [self.last.count(column) for column in columns]
        before, after, part = self._around(seq)
        return [before.count(column) + part * (after.count(column) - before.count(column)) for column in columns]

    def bounds(self, seq: int, columns: tuple[int, ...]) -> tuple[int, int]:
        """What the sum over these subjects is at least and at most at a sequence."""
        if seq >= self.last.seq:
            total = sum(self.last.count(column) for column in columns)
            return total, total
        before, after, _ = self._around(seq)
        low, high = (sum(mark.count(column) for column in columns) for mark in (before, after))
        return low, min(high, low + max(0, seq - before.seq))

    def came_after(self, seq: int, column: int) -> float | None:
        """When the first message of a subject after this sequence came; None when there is none."""
        place = bisect_right(self.marks, seq, key=_seq)
        for number in range(max(1, place), len(self.marks)):
            mark, before = self.marks[number], self.marks[number - 1]
            if mark.count(column) > before.count(column):
                part = max(0, seq + 1 - before.seq) / (mark.seq - before.seq) if number == place else 0.0
                return mark.since + part * (mark.at - mark.since)
        return None

    def _around(self, seq: int) -> tuple[Mark, Mark, float]:
        place = max(1, bisect_right(self.marks, seq, key=_seq))
        before, after = self.marks[place - 1], self.marks[place]
        part = max(0, seq - before.seq) / (after.seq - before.seq)
        return before, after, part


def _seq(mark: Mark) -> int:
    return mark.seq


def begin(reading: StreamReading, kept: Mapping[str, int], at: float) -> Tally:
    """The tally of a stream that is seen for the first time."""
    subjects = tuple(sorted(kept))
    oldest, newest = (at - _age_s(time, reading.read_time) for time in (reading.first_time, reading.last_time))
    first = Mark(reading.first_seq - 1, (0,) * len(subjects), oldest, oldest)
    if reading.last_seq < reading.first_seq:
        return Tally(reading.created, subjects, (first,))
    counts = shared(reading.last_seq - first.seq, [kept[subject] for subject in subjects], first.counts)
    return Tally(reading.created, subjects, (first, Mark(reading.last_seq, counts, oldest, newest)))


def proceed(tally: Tally, reading: StreamReading, kept: Mapping[str, int], before_at: float, at: float) -> Tally:
    """The tally after another reading of the same stream, when `last_seq` is another one.

    Args:
        tally: as it was.
        reading: the stream now.
        kept: how many of each subject it keeps.
        before_at: when it was read the last time; what is new came after.
        at: when it was read now.
    """
    tally = _widened(tally, kept)
    columns = tuple(range(len(tally.subjects)))
    dropped = tally.until(reading.first_seq - 1, columns)
    counted = [kept.get(subject, 0) + gone for subject, gone in zip(tally.subjects, dropped, strict=True)]
    counts = shared(reading.last_seq - tally.marks[0].seq, counted, tally.last.counts)
    mark = Mark(reading.last_seq, counts, before_at, at)
    return replace(tally, marks=_thinned((*tally.marks, mark)))


def _age_s(time: str, now: str) -> float:
    return max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(time)).total_seconds())


def _widened(tally: Tally, kept: Mapping[str, int]) -> Tally:
    new = tuple(sorted(kept.keys() - set(tally.subjects)))
    if not new:
        return tally
    zeros = (0,) * len(new)
    marks = tuple(Mark(mark.seq, mark.counts + zeros, mark.since, mark.at) for mark in tally.marks)
    return replace(tally, subjects=tally.subjects + new, marks=marks)


def shared(total: int, counted: Sequence[float], least: tuple[int, ...]) -> tuple[int, ...]:
    """Whole numbers that add up to the total, none below its least, each as near to what was counted as can be.

    What differs was rounded; or someone deleted single messages, so that a stream keeps fewer than it numbered.
    """
    whole = [max(low, round(each)) for low, each in zip(least, counted, strict=True)]
    missing = total - sum(whole)
    if not missing:
        return tuple(whole)
    for place in sorted(range(len(whole)), key=lambda place: counted[place] - whole[place], reverse=missing > 0):
        step = missing if missing > 0 else max(missing, least[place] - whole[place])
        whole[place] += step
        missing -= step
    return tuple(whole)


def _thinned(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    if len(marks) <= _MOST_MARKS:
        return marks
    old, recent = marks[:_OLD_MARKS], marks[_OLD_MARKS:]
    merged = (replace(old[place], since=old[place - 1].since) for place in range(2, len(old), 2))
    return (old[0], *merged, *recent)
