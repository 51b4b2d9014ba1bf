"""The two axes: times or indices from left to right, and values of any size."""

from __future__ import annotations

import math
import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.value_axis import ValueScale
from tidewatch.series import LATEST, TimeSeries

from tests.unit.plotting.conftest import judgement


def ticks(times: Any, most: int = 8, *, has_times: bool = True) -> tuple[list[float], list[str]]:
    """Where the ticks of a series are, and their labels, the text at the end of the axis last."""
    series = TimeSeries(np.array(times, dtype=np.int64), np.zeros(len(times)))
    horizontal = HorizontalAxis(judgement(series, has_times=has_times), 1_000)
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(horizontal.low, horizontal.high)
    # A label is 10 pixels wide and has 15 of its own.
    locator, formatter = horizontal.ticks(15.0 * most, lambda _: 10.0)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    places = [float(place) for place in axes.get_xticks() if horizontal.low <= place <= horizontal.high]
    return places, [*formatter.format_ticks(places), formatter.get_offset()]


def labels(start: str, end: str, most: int = 8) -> list[str]:
    return ticks([int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) for text in (start, end)], most)[1]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-01-01T00:00:05", "2024-01-01T00:00:25", ["00:00:05", "00:00:10", "00:00:15", "00:00:20", "00:00:25"]),
        (
            "2024-01-01T03:00",
            "2024-01-01T10:00",
            ["03:00", "04:00", "05:00", "06:00", "07:00", "08:00", "09:00", "10:00"],
        ),
        ("2024-01-01T03:00", "2024-01-02T14:00", ["06:00", "12:00", "18:00", "Jan 02", "06:00", "12:00"]),
        ("2024-01-20", "2024-02-20", ["22", "Feb", "08", "15"]),
        ("2023-11-15", "2024-06-01", ["Dec", "2024", "Feb", "Mar", "Apr", "May", "Jun"]),
        ("1970-01-01", "2070-01-01", ["1980", "2000", "2020", "2040", "2060"]),
    ],
)
def test_ticks_are_round_instants_that_name_what_is_new(start: str, end: str, expected: list[str]) -> None:
    assert labels(start, end)[:-1] == expected


def test_what_all_labels_share_is_said_once() -> None:
    assert labels("2024-01-01T03:00", "2024-01-01T10:00")[-1] == "2024-01-01"
    assert labels("2024-01-01T03:00", "2024-01-02T14:00")[-1] == "2024-01"
    assert labels("2023-12-20", "2024-01-20")[-1] == ""
    assert labels("2024-02-01", "2024-06-01")[-1] == "2024"


@given(st.sets(st.integers(0, LATEST), min_size=2, max_size=2).map(sorted), st.integers(3, 20))
def test_time_ticks_are_in_order_and_fit(times: list[int], most: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places, _ = ticks(times, most)
    assert len(places) <= most + 2
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (1, ["0"]),
        (5, ["0", "1", "2", "3", "4"]),
        (11, ["0", "2", "4", "6", "8", "10"]),
        (250_000, ["0", "50,000", "100,000", "150,000", "200,000", "250,000"]),
    ],
)
def test_points_are_counted_in_round_numbers(points: int, expected: list[str]) -> None:
    assert ticks(range(points), 6, has_times=False)[1][:-1] == expected


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
    assert (high_drawn - low_drawn) * 10.0**scale.exponent == pytest.approx(high - mean, rel=1e-9)


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
