"""The median of the points before each."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors.windows import median_before


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
