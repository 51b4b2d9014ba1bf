"""The two axes: round instants, and values of any size."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.plotting.index_axis import index_ticks
from tidewatch.plotting.time_axis import time_ticks
from tidewatch.plotting.value_scale import ValueScale
from tidewatch.series import LATEST


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def labels(start: str, end: str, most: int = 8) -> list[str]:
    return [f"{tick.label} {tick.context}".strip() for tick in time_ticks(at(start), at(end), lambda _: most)]


def test_seconds() -> None:
    assert labels("2024-01-01T00:00:05", "2024-01-01T00:00:15") == [
        "00:00:06 2024-01-01",
        *("00:00:08", "00:00:10", "00:00:12", "00:00:14"),
    ]


def test_hours_name_each_new_day() -> None:
    assert labels("2024-01-01T03:00", "2024-01-02T14:00") == [
        *("06:00 2024-01-01", "12:00", "18:00"),
        *("00:00 2024-01-02", "06:00", "12:00"),
    ]


def test_weeks_start_on_mondays_and_years_are_named() -> None:
    assert labels("2023-12-12", "2024-01-20") == ["Dec 18 2023", "Dec 25", "Jan 1 2024", "Jan 8", "Jan 15"]


def test_months_are_preferred_to_fortnights_over_long_spans() -> None:
    assert labels("2024-01-01", "2024-06-22", 14) == ["Jan 2024", "Feb", "Mar", "Apr", "May", "Jun"]


def test_months_and_years() -> None:
    assert labels("2023-11-15", "2025-02-01") == ["Jan 2024", "Mar", "May", "Jul", "Sep", "Nov", "Jan 2025"]
    assert labels("1970-01-01", "2070-01-01") == ["1980", "2000", "2020", "2040", "2060"]
    assert labels("1970-01-01", "2200-12-31") == ["2000", "2050", "2100", "2150", "2200"]


@given(st.integers(0, LATEST), st.integers(0, LATEST), st.integers(2, 20))
def test_ticks_are_in_order_within_the_span_and_fit(one: int, other: int, most: int) -> None:
    start, end = min(one, other), max(one, other)
    ticks = [tick.at for tick in time_ticks(start, end, lambda _: most)]
    assert len(ticks) <= max(most, 3)
    assert ticks == sorted(set(ticks))
    assert all(start <= tick <= end for tick in ticks)


@pytest.mark.parametrize(
    ("points", "most", "ticks"),
    [
        (1, 2, ["0"]),
        (5, 8, ["0", "1", "2", "3", "4"]),
        (11, 8, ["0", "2", "4", "6", "8", "10"]),
        (250_000, 6, ["0", "50,000", "100,000", "150,000", "200,000"]),
        (250_001, 6, ["0", "50,000", "100,000", "150,000", "200,000", "250,000"]),
    ],
)
def test_points_are_counted_in_round_numbers(points: int, most: int, ticks: list[str]) -> None:
    assert [tick.label for tick in index_ticks(points, lambda _: most)] == ticks


@given(st.integers(1, 10**7), st.integers(2, 20))
def test_counts_are_within_the_series_and_fit(points: int, most: int) -> None:
    ticks = [tick.at for tick in index_ticks(points, lambda _: most)]
    assert 1 <= len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert 0 <= ticks[0] <= ticks[-1] < points


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, finite)
def test_what_is_drawn_is_of_ordinary_size_and_in_order(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    drawn = ValueScale.over(low, high).on_axis(np.array([low, high]))
    assert np.all(np.isfinite(drawn))
    assert np.all(np.abs(drawn) < 1e6)
    assert drawn[0] < drawn[1] or low == high
    assert not drawn.any() or np.abs(drawn).max() >= 0.01


@given(st.floats(1e-300, 1e300), st.integers(1, 1000))
def test_a_tiny_spread_keeps_its_digits(mean: float, ulps: int) -> None:
    high = mean + ulps * math.ulp(mean)
    scale = ValueScale.over(mean, high)
    low_drawn, high_drawn = (float(drawn) for drawn in scale.on_axis(np.array([mean, high])))
    for value, drawn in ((mean, low_drawn), (high, high_drawn)):
        exact = (Fraction(value) - scale.offset) / Fraction(10) ** scale.exponent
        assert drawn == pytest.approx(float(exact), rel=1e-9, abs=1e-6)
    assert low_drawn < high_drawn


@pytest.mark.parametrize(
    ("low", "high", "label"),
    [
        (0.0, 0.0, "value"),
        (-20.0, 80.0, "value"),
        (0.001, 0.002, "value, in units of 10⁻³"),
        (-1.7e308, 1.7e308, "value, in units of 10³⁰⁶"),
        (1e9, 1e9 + 1, "value − 1,000,000,000"),
        (-1e9 - 2e-6, -1e9 + 2e-6, "value + 1,000,000,000, in units of 10⁻⁶"),
    ],
)
def test_the_label_says_how_to_read_the_axis(low: float, high: float, label: str) -> None:
    assert ValueScale.over(low, high).label == label


def test_what_is_beyond_is_infinite_without_a_warning() -> None:
    drawn = ValueScale.over(0.0, 1e-300).on_axis(np.array([1e300, -1e300, np.nan]))
    assert drawn[0] == np.inf
    assert drawn[1] == -np.inf
    assert np.isnan(drawn[2])
