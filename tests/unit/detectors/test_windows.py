"""Trailing windows: moments, decayed means and medians."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.lib.stride_tricks import sliding_window_view
from tidewatch.detectors.windows import decayed_mean_before, median_before, moments_before, trailing_moments

values = arrays(np.float64, st.integers(1, 70), elements=st.floats(-1e6, 1e6))
# Squares of smaller ones have too few digits for two ways of adding them up to agree; all else holds for them too.
with_squares = values.map(lambda drawn: np.where(np.abs(drawn) < 1e-100, 0.0, drawn))


@given(with_squares, st.data())
def test_each_window_has_its_own_mean_and_standard_deviation(values, data):
    lengths = data.draw(st.lists(st.integers(1, values.size), min_size=1, max_size=3))
    for length, (mean, std) in zip(lengths, trailing_moments(values, lengths), strict=True):
        windows = sliding_window_view(values, length)
        size = np.abs(values).max()
        assert mean == pytest.approx(windows.mean(axis=1), abs=1e-14 * size)
        assert std == pytest.approx(windows.std(axis=1), abs=1e-9 * size)


@given(values, st.data())
def test_a_window_is_the_same_wherever_it_lies(values, data):
    length = data.draw(st.integers(1, values.size))
    start = data.draw(st.integers(0, values.size - length))
    ((mean, std),) = trailing_moments(values, [length])
    ((alone, alone_std),) = trailing_moments(values[start : start + length], [length])
    assert (mean[start], std[start]) == (alone[0], alone_std[0])


@given(st.floats(-1e150, 1e150), st.integers(1, 40))
def test_a_window_of_equal_values_has_no_spread(value, length):
    ((mean, std),) = trailing_moments(np.full(60, value), [length])
    assert (mean == value).all()
    assert (std == 0.0).all()


def test_a_tiny_spread_on_a_large_mean_keeps_its_digits():
    ((_, std),) = trailing_moments(1e9 + np.array([0.0, 1e-3, 0.0, 1e-3, 0.0, 1e-3]), [6])
    assert std[0] == pytest.approx(5e-4, rel=1e-3)


windows = st.integers(1, 80)
decays = st.floats(0.0, 0.99)


@given(values, windows, decays, st.data())
def test_each_answer_is_of_the_points_before_it_only(values, window, decay, data):
    skip = data.draw(st.integers(0, values.size))
    mean, std = moments_before(values, window, skip)
    decayed = decayed_mean_before(values, window, decay, skip)
    weights = decay ** np.arange(window)[::-1]
    for index in range(skip, values.size):
        answers = mean[index - skip], std[index - skip], decayed[index - skip]
        if index < window:
            assert np.isnan(answers).all()
            continue
        past = values[index - window : index]
        wanted = past.mean(), past.std(), past @ weights / weights.sum()
        assert answers == pytest.approx(wanted, rel=1e-9, abs=1e-9 * max(1.0, float(np.abs(past).max())))


@given(st.floats(-1e150, 1e150), windows, decays)
def test_equal_values_have_themselves_as_their_mean(value, window, decay):
    assert (decayed_mean_before(np.full(100, value), window, decay, window) == value).all()


def test_the_same_past_gives_the_same_answer_in_any_block():
    values = np.random.default_rng(4).standard_t(2, 20_000)
    values[9_000] = 1e100
    mean, std = moments_before(values, 20, 0)
    decayed = decayed_mean_before(values, 31, 0.8, 0)
    for index in (31, 8_191, 8_192, 8_212, 8_223, 9_001, 9_021, 9_032, 16_404, 19_999):
        past = values[index - 31 : index + 1]
        alone = [answer[0] for answer in moments_before(past[-21:], 20, 20)]
        assert [mean[index], std[index]] == alone
        assert decayed[index] == decayed_mean_before(past, 31, 0.8, 31)[0]
    assert abs(mean[9_021]) < 10, "the huge value has left the window"


@pytest.mark.parametrize("window", [1, 2, 3, 24, 99, 100])
@pytest.mark.parametrize("skip", [0, 2, 50, 95, 100])
def test_each_is_that_of_its_own_window(window, skip):
    values = np.random.default_rng(0).choice([*np.arange(9.0), 1e100, -1e100], 100)
    expected = [np.median(values[place - window : place]) if place >= window else np.nan for place in range(100)]
    np.testing.assert_array_equal(median_before(values, window, skip), expected[skip:])


def test_few_and_many_at_once_are_the_same():
    values = np.random.default_rng(1).normal(size=400)
    whole = median_before(values, 30, 0)
    for place in (30, 31, 200, 399):
        assert median_before(values[: place + 1], 30, place)[0] == whole[place]
