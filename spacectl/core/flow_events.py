"""Follows one consumer from reading to reading: what it was given of each subject, what waits, what is under way."""

from __future__ import annotations

from dataclasses import dataclass

from spacectl.core.flow_rates import Samples, sampled
from spacectl.core.flow_tally import Tally, shared
from spacectl.model.flow_readings import ConsumerReading

Counts = tuple[int, ...]
"""One number for each subject of a consumer, in their order."""


@dataclass(frozen=True, slots=True)
class ConsumerFlow:
    """What a consumer was given.

    Attributes:
        reading: its counters.
        tally: that of its stream, at the same time.
        counts: messages of its stream until the last one that was delivered.
        offset: those of them that it was not given, because they came before it.
        base: what earlier consumers of the same name were given.
        surplus: deliveries beyond one for each of the messages given, as far as known; below zero where the engine
            forgot deliveries, or dropped messages before they were delivered.
        redelivered: deliveries beyond the first.
        lag: messages not delivered yet.
        in_flight: messages delivered and not settled.
        oldest_at: when the oldest message came that is not settled; None when there is none.
        moved_at: when it was last given something.
    """

    subjects: tuple[str, ...]
    reading: ConsumerReading
    tally: Tally
    counts: Counts
    offset: Counts
    base: Counts
    surplus: int
    redelivered: Counts
    lag: Counts
    in_flight: Counts
    oldest_at: tuple[float | None, ...]
    moved_at: float
    samples: Samples

    @property
    def totals(self) -> Counts:
        """Messages given to it for the first time."""
        return tuple(b + c - o for b, c, o in zip(self.base, self.counts, self.offset, strict=True))


@dataclass(frozen=True, slots=True)
class _Past:
    """Where a consumer stood before; for one that is new, as if its counters had just begun."""

    surplus: int
    counts: Counts
    offset: Counts
    base: Counts
    redelivered: Counts
    in_flight: Counts
    samples: Samples
    moved_at: float


def follow(
    before: ConsumerFlow | None, reading: ConsumerReading, tally: Tally, subjects: tuple[str, ...],
    *, seen_seq: int, at: float,
) -> ConsumerFlow:  # fmt: skip
    """The consumer after another reading.

    Args:
        before: as it was; None when it is seen for the first time.
        reading: its counters now.
        tally: of its stream, now.
        subjects: what it is given, by name of subject and without wildcards.
        seen_seq: the newest message of the stream a moment before the counters were read.
        at: the monotonic clock in seconds.
    """
    if before is not None and before.reading == reading and before.tally is tally and before.subjects == subjects:
        return before
    past = _past(before, reading, tally, subjects, seen_seq=seen_seq, at=at)
    at_least, at_most = _bounds(tally, subjects, reading, seen_seq)
    counts = _split(tally, subjects, reading, at_least, past.counts)
    in_flight = _in_flight(tally, subjects, counts, reading)
    surplus = reading.deliveries - (max(at_most, sum(counts)) - sum(past.offset))
    if tally.last.seq < max(seen_seq, reading.delivered_seq):
        surplus = past.surplus  # the tally is the older one: what seems to come again may be new
    again = max(0, surplus - past.surplus)
    redelivered = _plus(past.redelivered, spread(again, _plus(in_flight, past.in_flight)))
    lag = spread(reading.pending, [tally.total(s) - count for s, count in zip(subjects, counts, strict=True)])
    totals = tuple(b + c - o for b, c, o in zip(past.base, counts, past.offset, strict=True))
    return ConsumerFlow(
        subjects=subjects,
        reading=reading,
        tally=tally,
        counts=counts,
        offset=past.offset,
        base=past.base,
        surplus=surplus if at_least == at_most else past.surplus + again,
        redelivered=redelivered,
        lag=lag,
        in_flight=in_flight,
        oldest_at=_oldest(tally, subjects, reading, lag, in_flight),
        moved_at=at if before is None or reading.deliveries != before.reading.deliveries else past.moved_at,
        samples=sampled(past.samples, at, totals),
    )


def spread(total: int, weights: list[int] | Counts) -> Counts:
    """Whole numbers that add up to the total, in proportion to the weights; evenly when all weights are zero."""
    if len(weights) == 1:
        return (total,)
    whole = sum(max(0, weight) for weight in weights)
    if not total or not weights:
        return (0,) * len(weights)
    parts = [total * max(0, weight) / whole if whole else total / len(weights) for weight in weights]
    return shared(total, parts, (0,) * len(weights))


def _past(
    before: ConsumerFlow | None, reading: ConsumerReading, tally: Tally, subjects: tuple[str, ...],
    *, seen_seq: int, at: float,
) -> _Past:  # fmt: skip
    if before is not None and _continues(before, reading, tally, subjects):
        return _Past(
            before.surplus,
            before.counts,
            before.offset,
            before.base,
            before.redelivered,
            before.in_flight,
            before.samples,
            before.moved_at,
        )
    none = (0,) * len(subjects)
    at_least, _ = _bounds(tally, subjects, reading, seen_seq)
    counts = _split(tally, subjects, reading, at_least, none)
    # One that starts with what is new was not given all there is; and none more than was delivered at all.
    given = min(sum(counts), reading.deliveries)
    offset = tuple(count - share for count, share in zip(counts, spread(given, counts), strict=True))
    base = again = none
    if before is not None:
        base, again = _kept(before, before.totals, subjects), _kept(before, before.redelivered, subjects)
        if _is_same(before, reading, tally):  # an engine that was cut off has lost its last messages, not all
            shares = spread(given, counts)
            base = tuple(max(0, was - share) for was, share in zip(base, shares, strict=True))
    samples = before.samples if before is not None and before.subjects == subjects else ()
    return _Past(0, counts, offset, base, again, none, samples, at)


def _kept(before: ConsumerFlow, counts: Counts, subjects: tuple[str, ...]) -> Counts:
    """What was counted of each of these subjects before."""
    known = dict(zip(before.subjects, counts, strict=True))
    return tuple(known.get(subject, 0) for subject in subjects)


def _continues(before: ConsumerFlow, reading: ConsumerReading, tally: Tally, subjects: tuple[str, ...]) -> bool:
    """Whether the counters go on from the last reading; deliveries that an engine forgot come again and count once."""
    return _is_same(before, reading, tally) and before.tally.cuts == tally.cuts and before.subjects == subjects


def _is_same(before: ConsumerFlow, reading: ConsumerReading, tally: Tally) -> bool:
    return before.reading.created == reading.created and before.tally.created == tally.created


def _bounds(tally: Tally, subjects: tuple[str, ...], reading: ConsumerReading, seen_seq: int) -> tuple[int, int]:
    """What there was of these subjects, at least and at most, until the last message that was delivered.

    The two differ by what came after the consumer's counters were read and before the stream's were.
    """
    low, high = tally.bounds(reading.delivered_seq, tally.columns(subjects))
    left = sum(tally.total(subject) for subject in subjects) - reading.pending
    came = max(0, tally.last.seq - seen_seq)
    return max(low, min(high, left - came)), max(low, min(high, left))


def _split(tally: Tally, subjects: tuple[str, ...], reading: ConsumerReading, delivered: int, least: Counts) -> Counts:
    """The messages delivered, by subject; exact where the last one is at a mark."""
    counted = tally.until(reading.delivered_seq, tally.columns(subjects))
    return shared(max(delivered, sum(least)), counted, least)


def _in_flight(tally: Tally, subjects: tuple[str, ...], counts: Counts, reading: ConsumerReading) -> Counts:
    if not reading.in_flight:
        return (0,) * len(subjects)
    settled = tally.until(reading.acked_seq, tally.columns(subjects))
    open_ = [count - round(done) for count, done in zip(counts, settled, strict=True)]
    return spread(reading.in_flight, open_ if any(open_) else counts)  # what came just now is not in the tally yet


def _oldest(
    tally: Tally, subjects: tuple[str, ...], reading: ConsumerReading, lag: Counts, in_flight: Counts
) -> tuple[float | None, ...]:
    def came(column: int, *, waits: int, under_way: int) -> float | None:
        if under_way:
            return tally.came_after(reading.acked_seq, column)
        return tally.came_after(reading.delivered_seq, column) if waits else None

    places = zip(tally.columns(subjects), lag, in_flight, strict=True)
    return tuple(came(column, waits=waits, under_way=under_way) for column, waits, under_way in places)


def _plus(one: Counts, other: Counts) -> Counts:
    return tuple(a + b for a, b in zip(one, other, strict=True))
