from __future__ import annotations

import numpy as np
from tidewatch.series import SeriesProfile, TimeSeries


def profile(values: list[float], places: list[int] | None = None) -> SeriesProfile:
    times = 1_700_000_000 + 60 * np.array(places if places is not None else range(len(values)), dtype=np.int64)
    return SeriesProfile.of(TimeSeries(times, np.array(values, dtype=np.float64)))


def test_the_range_and_the_flat_stretches_are_found():
    found = profile([1, 5, 5, 5, 2, 3, 3])
    assert (found.min, found.max) == (1, 5)
    assert (found.longest_flat_points, found.longest_flat_from, found.flat_tail_points) == (3, 1_700_000_060, 2)


def test_gaps_are_counted_with_what_they_lack():
    found = profile([1, 2, 3, 4, 5, 6], [0, 1, 2, 5, 6, 17])
    assert (found.gaps, found.missing_points) == (2, 12)
    assert (found.longest_gap_seconds, found.longest_gap_from) == (660, 1_700_000_360)


def test_a_regular_series_has_no_gap_and_no_warning():
    found = profile([1.0, 2.0, 3.0] * 20)
    assert (found.gaps, found.longest_gap_from) == (0, None)
    assert found.warnings(60, period=3) == []


def test_few_cycles_of_a_season_and_a_flat_end_are_worth_a_warning():
    found = profile([1.0, 2.0] * 20 + [5.0] * 10)
    flat, cycles = found.warnings(50, period=24)
    assert "last 10 values" in flat
    assert "2.1 cycles of its season of 24 points" in cycles


def test_a_constant_series_has_no_flat_end():
    assert profile([3.0] * 60).warnings(60, period=None) == []
    assert profile([3.0] * 60).warnings(60, period=None, seasonal=True) == []


def test_whoever_asks_for_a_season_is_told_that_there_is_none():
    found = profile(list(range(60)))
    (warning,) = found.warnings(60, period=None, seasonal=True)
    assert warning.startswith("no season was found")
    assert found.warnings(60, period=None) == found.warnings(60, period=24, seasonal=True)[1:] == []
