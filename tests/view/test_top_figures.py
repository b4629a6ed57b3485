from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from spacectl.view.top_figures import age, count, milliseconds, rate, since, size, sparkline

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (rate, None, "-"), (rate, 0.0, "0"), (rate, 0.04, "0.0"), (rate, 1.25, "1.2"), (rate, 12.1, "12"),
        (rate, 340.4, "340"), (rate, 12_345.0, "12k"),
        (count, None, "-"), (count, 0, "0"), (count, 9999, "9999"), (count, 10_000, "10k"), (count, 3_400_000, "3.4M"),
        (count, 12_000_000_000, "12G"),
        (size, None, "-"), (size, 512, "512B"), (size, 61_000_000, "61MB"), (size, 1_500_000_000, "1.5GB"),
        (milliseconds, None, "-"), (milliseconds, 3.14, "3.1ms"), (milliseconds, 80.0, "80ms"),
        (milliseconds, 1200.0, "1.2s"), (milliseconds, 90_000.0, "2m"),
        (age, None, "-"), (age, -1.0, "0.0s"), (age, 0.42, "0.4s"), (age, 12.0, "12s"), (age, 200.0, "3m"),
        (age, 7300.0, "2h"), (age, 400_000.0, "5d"),
    ],
)  # fmt: skip
def test_figures_are_short(function: Any, value: Any, text: str) -> None:
    assert function(value) == text


def test_since() -> None:
    assert since("2026-11-22T10:00:00Z", NOW) == 300
    assert since(None, NOW) is None


@pytest.mark.parametrize(
    ("values", "bars"),
    [((), "    "), ((0.0, 0.0), "  ▁▁"), ((0.0, 7.0), "  ▁█"), ((1.0, 2.0, 4.0, 8.0, 16.0), "▂▃▅█"), ((5.0,), "   █")],
)
def test_a_sparkline_is_as_high_as_its_highest(values: tuple[float, ...], bars: str) -> None:
    assert sparkline(values, 4) == bars
