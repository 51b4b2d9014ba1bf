"""The modified z-score by example, and beside scipy's median absolute deviation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation
from tidewatch.detectors import fit_model
from tidewatch.detectors.statistical.mad import MadOptions
from tidewatch.series import TimeSeries


def series(*values: float) -> TimeSeries:
    return TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.float64))


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_the_definition(seed):
    values = np.random.default_rng(seed).standard_t(2, 200 + seed) * 10.0**seed
    scores = fit_model(series(*values), MadOptions(threshold=3.5)).review(series(*values))
    expected = 0.6745 * (values - np.median(values)) / median_abs_deviation(values)
    assert scores.score == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert scores.anomaly.tolist() == (np.abs(expected) > 3.5).tolist()


def test_learns_median_scale_and_limits():
    """Median 4 and MAD 1: the limits are 3.5 / 0.6745 = 5.189 away."""
    model = fit_model(series(3.0, 4.0, 5.0, 4.5, 2.0), MadOptions(threshold=0.6745))
    assert model.learned() == pytest.approx({"median": 4.0, "scale": 1 / 0.6745, "lower": 3.0, "upper": 5.0})


def test_half_of_the_values_may_be_wild():
    usual = [9.0, 10.0, 11.0, 10.5, 9.5, 10.2]
    model = fit_model(series(*usual, 1e6, 1e6, 1e6, -1e6, 1e300), MadOptions())
    scores = model.score(series(*usual, 1e6))
    assert scores.anomaly.tolist() == [False] * 6 + [True]


def test_where_most_values_are_equal_the_mean_deviation_takes_the_place_of_the_mad():
    """The median is 5 and the MAD 0; the mean absolute deviation of ten values is (1 + 4) / 10."""
    model = fit_model(series(*[5.0] * 8, 6.0, 1.0), MadOptions())
    scores = model.score(series(5.0, 6.0, 1.0))
    assert scores.score == pytest.approx([0.0, 1 / (1.253314 * 0.5), -4 / (1.253314 * 0.5)])
    assert scores.anomaly.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("side", "found"), [("upper", [True, False]), ("lower", [False, True]), ("both", [True, True])]
)
def test_watches_its_side(side, found):
    model = fit_model(series(*np.random.default_rng(1).normal(0, 1, 500)), MadOptions(side=side))
    scores = model.score(series(9.0, -9.0))
    assert scores.anomaly.tolist() == found
    assert np.isnan(scores.lower[0]) == (side == "upper")
    assert np.isnan(scores.upper[0]) == (side == "lower")
    assert scores.direction.tolist() == [1, -1]
