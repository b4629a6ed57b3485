"""Rates over the time that really passed between readings, over a window long enough not to jump."""

from __future__ import annotations

WINDOW_S = 5.0
"""A rate looks back this far, or as far as there are readings."""

Samples = tuple[tuple[float, tuple[int, ...]], ...]
"""Totals that only grow, each with the time of the reading at which they were first seen, oldest first."""


def sampled(samples: Samples, at: float, totals: tuple[int, ...]) -> Samples:
    """The samples with one more, without those that no window needs any more."""
    if samples and samples[-1][1] == totals:
        return samples
    begin = at - WINDOW_S
    older = sum(1 for sample in samples if sample[0] <= begin)
    return (*samples[max(0, older - 1) :], (at, totals))


def rates(samples: Samples, at: float) -> tuple[float, ...]:
    """The growth of each total per second until the reading at this time; zero while there is only one reading."""
    if not samples:
        return ()
    begin = at - WINDOW_S
    since, before = samples[0]
    for sample in samples[1:]:
        if sample[0] > begin:
            break
        since, before = sample
    passed = at - max(begin, since)
    if passed <= 0:
        return (0.0,) * len(before)
    return tuple(max(0.0, (now - then) / passed) for now, then in zip(samples[-1][1], before, strict=True))
