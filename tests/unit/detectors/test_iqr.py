"""Tukey's fences by example, and beside numpy's quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import fit_model
from tidewatch.detectors.statistical.iqr import IqrOptions
from tidewatch.series import TimeSeries


def series(*values: float) -> TimeSeries:
    return TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.float64))


@pytest.mark.parametrize("k", [0.5, 1.5, 3.0])
def test_the_fences_are_those_of_the_definition(k):
    values = np.random.default_rng(2).lognormal(0, 1, 501)
    low, high = np.quantile(values, (0.25, 0.75))
    model = fit_model(series(*values), IqrOptions(k=k))
    found = {
        "q1": low,
        "q3": high,
        "iqr": high - low,
        "lower": low - k * (high - low),
        "upper": high + k * (high - low),
    }
    assert model.learned() == pytest.approx(found, rel=1e-12)
    outside = (values < found["lower"]) | (values > found["upper"])
    assert model.review(series(*values)).anomaly.tolist() == outside.tolist()


def test_the_score_is_how_many_ranges_a_value_lies_beyond_the_box():
    """Quartiles at 2 and 4."""
    model = fit_model(series(1.0, 2.0, 3.0, 4.0, 5.0), IqrOptions())
    scores = model.score(series(3.0, 2.0, 4.0, 5.0, 7.0, 8.0, 0.0, -1.5))
    assert scores.score.tolist() == [0.0, 0.0, 0.0, 0.5, 1.5, 2.0, -1.0, -1.75]
    assert scores.anomaly.tolist() == [False, False, False, False, False, True, False, True]


def test_a_value_nearer_to_an_end_of_the_box_is_no_less_severe():
    model = fit_model(series(*np.random.default_rng(3).normal(0, 1, 500)), IqrOptions())
    middle = model.score(series(0.0)).expected[0]
    severities = model.score(series(*np.linspace(middle, 3, 200))).severity
    assert (np.diff(severities) >= 0).all()
    assert severities[100] > severities[20] > severities[0]


@pytest.mark.parametrize(
    ("ones", "low", "high", "upper"),
    [
        # The eighths are 0 and 1: a normal distribution with these has an IQR of 0.586.
        (200, 0.0, 1.0, 1.0 + 1.5 * 0.6745 / 1.1503),
        # The sixteenths.
        (80, 0.0, 1.0, 1.0 + 1.5 * 0.6745 / 1.5341),
        # Rarer than 1/256: any other value is beyond the fences.
        (2, 0.0, 0.0, 1.5 * 2 * 0.6745 * 1.2533 * 0.002),
    ],
)
def test_where_the_quartiles_are_equal_the_box_is_that_of_the_next_letter_values(ones, low, high, upper):
    model = fit_model(series(*[0.0] * (1000 - ones), *[1.0] * ones), IqrOptions())
    learned = model.learned()
    assert (learned["q1"], learned["q3"]) == (low, high)
    assert learned["upper"] == pytest.approx(upper, rel=1e-3)
    assert model.score(series(0.0, 1.0, 2.0)).anomaly.tolist() == [False, ones == 2, True]


@pytest.mark.parametrize(
    ("side", "found"), [("upper", [True, False]), ("lower", [False, True]), ("both", [True, True])]
)
def test_watches_its_side(side, found):
    model = fit_model(series(*np.random.default_rng(1).normal(0, 1, 500)), IqrOptions(side=side))
    scores = model.score(series(9.0, -9.0))
    assert scores.anomaly.tolist() == found
    assert scores.direction.tolist() == [1, -1]
    assert model.learned()["lower"] is None or side != "upper"
    assert model.learned()["upper"] is None or side != "lower"
