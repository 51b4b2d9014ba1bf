"""Trailing windows, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.lib.stride_tricks import sliding_window_view
from tidewatch.detectors.windows import trailing_moments

values = arrays(np.float64, st.integers(1, 70), elements=st.floats(-1e6, 1e6))
# Squares of smaller ones have too few digits for two ways of adding them up to agree; the other laws hold for them too.
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
