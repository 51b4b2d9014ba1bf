"""Mean and standard deviation by example; tests/property holds them to exact arithmetic."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tidewatch.detectors.statistical.moments import ExactMoments, Moments


def moments(*values: float) -> Moments:
    return Moments.of(ExactMoments.of(np.array(values, dtype=np.float64)))


@pytest.mark.parametrize("value", [0.0, -0.1, 1.7976931348623157e308, 5e-324])
@pytest.mark.parametrize("count", [1, 2, 7, 10])
def test_equal_values_have_no_spread(value, count):
    """Preflight keeps them from detectors, but the arithmetic is right all the same."""
    found = moments(*[value] * count)
    assert (found.mean, found.std) == (value, 0.0)


def test_the_input_may_be_read_only():
    values = np.array([1.0, 2.0, 4.0])
    values.flags.writeable = False
    assert Moments.of(ExactMoments.of(values)).mean == pytest.approx(7 / 3, rel=1e-16)
    assert values.tolist() == [1.0, 2.0, 4.0]


def test_a_thousand_equal_steps():
    """0 to 999: mean 499.5, variance (n² - 1) / 12."""
    found = moments(*range(1000))
    assert (found.mean, found.std) == (499.5, np.sqrt(999_999 / 12))


def test_come_back_from_json():
    found = moments(1e308, 1e-308, 0.1, -1 / 3)
    assert Moments.from_json(json.loads(json.dumps(found.to_json()))) == found
