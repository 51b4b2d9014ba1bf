"""The three-sigma rule by example; tests/property holds it to exact arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from tidewatch.detectors import Model
from tidewatch.detectors.statistical.three_sigma import DETECTOR, ThreeSigmaOptions
from tidewatch.series import TimeSeries

MAX = np.finfo(np.float64).max
# Mean 5 and population standard deviation 2, both exact.
VALUES = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]


def fitted(values: list[float] = VALUES, **options: object) -> Model:
    series = TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values))
    return DETECTOR.fit(series, ThreeSigmaOptions(**options))


def judged(model: Model, *values: float) -> list[bool]:
    points = TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.float64))
    return model.score(points).anomaly.tolist()


def test_learns_mean_population_standard_deviation_and_upper_limit():
    assert fitted().learned() == {"mean": 5.0, "std": 2.0, "lower": None, "upper": 11.0}


def test_the_limit_itself_is_no_anomaly():
    assert judged(fitted(), 11.0, math.nextafter(11.0, 12.0), 10.9, -1e9) == [False, True, False, False]


def test_the_lower_side():
    model = fitted(side="lower")
    assert model.learned() == {"mean": 5.0, "std": 2.0, "lower": -1.0, "upper": None}
    assert judged(model, -1.0, math.nextafter(-1.0, -2.0), 1e9) == [False, True, False]


def test_both_sides():
    model = fitted(side="both")
    assert model.learned() == {"mean": 5.0, "std": 2.0, "lower": -1.0, "upper": 11.0}
    assert judged(model, -1.1, -1.0, 11.0, 11.1) == [True, False, False, True]


def test_sigmas_widen_the_band():
    assert fitted(sigmas=1.5, side="both").learned() == {"mean": 5.0, "std": 2.0, "lower": 2.0, "upper": 8.0}


def test_the_score_is_the_z_score():
    model = fitted()
    scores = model.score(TimeSeries(np.array([0, 1, 2]), np.array([5.0, 9.0, -1.0])))
    assert scores.score.tolist() == [0.0, 2.0, -3.0]
    assert scores.expected.tolist() == [5.0, 5.0, 5.0]
    assert scores.upper.tolist() == [11.0, 11.0, 11.0]
    assert np.isnan(scores.lower).all()


def test_the_time_of_a_point_does_not_matter():
    scores = [fitted().score(TimeSeries.of_point(at, 12.0)) for at in (0, 4_000_000_000)]
    assert scores[0].score == scores[1].score


def test_one_value_apart_in_ten_lies_exactly_at_the_limit():
    """mean + 3 std of nine -20 and one -6 is -18.6 + 12.6 = -6: as strict as the rule is, no anomaly."""
    model = fitted([-20.0] * 9 + [-6.0])
    assert model.learned()["upper"] == -6.0
    assert judged(model, -6.0, math.nextafter(-6.0, 0.0)) == [False, True]


def test_a_tie_at_zero():
    model = fitted([-1.0] * 9 + [0.0])
    assert model.learned()["upper"] == 0.0
    assert judged(model, 0.0, 5e-324) == [False, True]


def test_a_large_mean_with_a_tiny_spread_keeps_all_digits():
    learned = fitted([1e15, 1e15 + 2, 1e15 + 1, 1e15 + 1, 1e15 + 1]).learned()
    assert learned["mean"] == 1e15 + 1
    assert learned["std"] == pytest.approx(math.sqrt(0.4), rel=1e-15)


def test_values_near_the_largest_double_do_not_overflow():
    model = fitted([MAX, -MAX, MAX, -MAX, MAX, -MAX])
    assert model.learned() == {"mean": 0.0, "std": MAX, "lower": None, "upper": None}
    assert judged(model, MAX, -MAX) == [False, False]


def test_values_near_the_smallest_double_do_not_vanish():
    model = fitted([value * 5e-324 for value in VALUES])
    assert model.learned() == {"mean": 5 * 5e-324, "std": 2 * 5e-324, "lower": None, "upper": 11 * 5e-324}
    assert judged(model, 11 * 5e-324, 12 * 5e-324) == [False, True]


def test_a_standard_deviation_below_the_smallest_double_still_decides():
    """The std is 0.4 of the smallest double: it rounds to 0 when told, but the limit and the score know it."""
    model = fitted([0.0, 0.0, 0.0, 0.0, 5e-324])
    assert model.learned()["std"] in (0.0, 5e-324)
    assert judged(model, 5e-324, 10e-324) == [False, True]


def test_a_score_beyond_the_range_of_a_double_is_held_to_it():
    model = fitted([value * 5e-324 for value in VALUES], side="both")
    scores = model.score(TimeSeries(np.array([0, 1]), np.array([MAX, -MAX])))
    assert scores.score.tolist() == [MAX, -MAX]
    assert scores.anomaly.tolist() == [True, True]


@pytest.mark.parametrize("limit", ["upper", "lower"])
def test_a_limit_beyond_the_range_of_a_double_is_null_and_never_crossed(limit):
    sign = 1.0 if limit == "upper" else -1.0
    model = fitted([sign * value for value in (1e308, 1.1e308, 1.2e308, 1.3e308, 0.0)], side="both")
    assert model.learned()[limit] is None
    assert judged(model, MAX, -MAX) == [limit == "lower", limit == "upper"]
    assert np.isnan(getattr(model.score(TimeSeries.of_point(0, 1.0)), limit)).all()


def test_integers_are_sigmas_too():
    assert ThreeSigmaOptions(sigmas=2).sigmas == 2.0


@pytest.mark.parametrize(
    "options",
    [
        {"sigmas": 0},
        {"sigmas": -1},
        {"sigmas": 1000.1},
        {"sigmas": float("nan")},
        {"sigmas": float("inf")},
        {"sigmas": "3"},
        {"sigmas": True},
        {"sigmas": None},
        {"side": "left"},
        {"side": "UPPER"},
        {"side": None},
        {"name": "four_sigma"},
        {"window": 3},
    ],
)
def test_options_are_checked(options):
    with pytest.raises(ValidationError):
        ThreeSigmaOptions(**options)


def test_options_cannot_be_changed():
    with pytest.raises(ValidationError):
        ThreeSigmaOptions().sigmas = 2.0
