"""Decimation must not lose what a person would see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tidewatch.plotting.decimation import KEPT_PER_COLUMN, columns_of, corners, decimate, gaps, highest

Arrays = tuple[NDArray[np.int64], NDArray[np.float64]]


@st.composite
def samples(draw: st.DrawFn, *, nan: bool = False) -> Arrays:
    steps = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=300))
    values = draw(
        st.lists(
            st.one_of(st.floats(allow_nan=nan, allow_infinity=False), st.sampled_from([0.0, 1.0])),
            min_size=len(steps),
            max_size=len(steps),
        )
    )
    return np.cumsum(np.array(steps, dtype=np.int64)), np.array(values, dtype=np.float64)


@given(samples(), st.integers(1, 60))
def test_each_column_keeps_its_first_last_lowest_and_highest(sample: Arrays, columns: int) -> None:
    times, values = sample
    kept = decimate(times, values, columns)
    column = columns_of(times, columns)
    for each in np.unique(column):
        inside = np.flatnonzero(column == each)
        drawn = kept[column[kept] == each]
        assert drawn[0] == inside[0]
        assert drawn[-1] == inside[-1]
        assert values[drawn].min() == values[inside].min()
        assert values[drawn].max() == values[inside].max()


@given(samples(), st.integers(1, 60))
def test_the_whole_keeps_its_ends_extremes_order_and_bound(sample: Arrays, columns: int) -> None:
    times, values = sample
    kept = decimate(times, values, columns)
    assert kept[0] == 0
    assert kept[-1] == times.size - 1
    assert values[kept].min() == values.min()
    assert values[kept].max() == values.max()
    assert np.all(np.diff(kept) > 0)
    assert kept.size <= KEPT_PER_COLUMN * columns


@given(samples(), st.integers(1, 60))
def test_the_highest_of_each_column_is_kept_once(sample: Arrays, columns: int) -> None:
    times, values = sample
    kept = highest(times, values, columns)
    if times.size <= columns:
        assert kept.tolist() == list(range(times.size))
        return
    column = columns_of(times, columns)
    assert column[kept].tolist() == np.unique(column).tolist()
    assert all(values[index] == values[column == column[index]].max() for index in kept)


@given(samples(), st.integers(1, 300))
def test_few_points_are_all_kept(sample: Arrays, columns: int) -> None:
    times, values = sample
    if times.size <= KEPT_PER_COLUMN * columns:
        assert decimate(times, values, columns).tolist() == list(range(times.size))


@given(samples(nan=True), st.integers(1, 20))
def test_nan_does_not_hide_an_extreme(sample: Arrays, columns: int) -> None:
    times, values = sample
    kept = decimate(times, values, columns)
    numbers = values[~np.isnan(values)]
    if numbers.size:
        assert np.nanmax(values[kept]) == numbers.max()
        assert np.nanmin(values[kept]) == numbers.min()


@given(samples(), st.integers(1, 60))
def test_columns_are_in_range_and_in_order(sample: Arrays, columns: int) -> None:
    column = columns_of(sample[0], columns)
    assert column[0] >= 0
    assert column[-1] < columns
    assert np.all(np.diff(column) >= 0)


def test_a_lone_spike_among_a_quarter_of_a_million_is_kept() -> None:
    values = np.zeros(250_000)
    values[123_457] = 1.0
    assert 123_457 in decimate(np.arange(250_000), values, 1200)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=1, max_size=60))
def test_corners_draw_the_same_line(levels: list[float]) -> None:
    values = np.array(levels)
    kept = corners(values)
    assert np.array_equal(np.interp(np.arange(values.size), kept, values[kept]), values)


def test_a_level_line_needs_only_its_ends() -> None:
    assert corners(np.full(1000, 3.0)).tolist() == [0, 999]


@pytest.mark.parametrize("steps", [[60] * 50, [60] * 20 + [180] + [60] * 20, [1, 10**6], [10**6]])
def test_no_gap_where_sampling_is_regular_or_unknown(steps: list[int]) -> None:
    assert gaps(np.cumsum(np.array([0, *steps])), 1200).size == 0


def test_a_long_pause_is_a_gap_that_begins_at_the_point_after_it() -> None:
    times = np.cumsum(np.array([0, *[60] * 20, 3600, *[60] * 20]))
    assert gaps(times, 1200).tolist() == [21]


def test_a_gap_too_narrow_to_see_is_bridged() -> None:
    times = np.cumsum(np.array([0, *[60] * 50_000, 600, *[60] * 50_000]))
    assert gaps(times, 1200).size == 0


def test_nights_without_samples_are_gaps_but_random_arrivals_have_none() -> None:
    office_hours = np.concatenate([day * 86_400 + 300 * np.arange(96) for day in range(5)])
    assert gaps(office_hours, 1200).tolist() == [96, 192, 288, 384]
    arrivals = np.cumsum(np.random.default_rng(1).exponential(600, 500).astype(np.int64) + 1)
    assert gaps(arrivals, 1200).size <= 2
