"""The three-sigma rule by example, and beside exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from pydantic import ValidationError
from tidewatch.detectors import Model, fit_model, restore_model
from tidewatch.detectors.statistical.three_sigma import ThreeSigmaOptions
from tidewatch.series import TimeSeries

from tests.support.strategies import MAX, SMALLEST, training_values

# Mean 5 and population standard deviation 2, both exact.
VALUES = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]


def fitted(values: list[float] = VALUES, **options: object) -> Model:
    series = TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values))
    return fit_model(series, ThreeSigmaOptions(**options))


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


@given(training_values())
def test_mean_and_standard_deviation_are_those_of_exact_arithmetic_to_rounding(values):
    learned = fitted(values).learned()
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    largest = max(map(abs, exact))
    assert abs(Fraction(learned["mean"]) - mean) <= largest * Fraction(1e-15) + Fraction(SMALLEST)
    # Squares that are told apart: roots of such fractions are no doubles.
    std = Fraction(learned["std"])
    slack = std * Fraction(1e-13) + 2 * Fraction(SMALLEST)
    assert max(std - slack, Fraction(0)) ** 2 <= variance <= (std + slack) ** 2


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


@pytest.mark.parametrize("rate", [None, 0.01])
def test_a_wild_value_in_training_makes_no_usual_value_strange(rate):
    """Calibration and judgement are by the same score: a value that was there 49 times in 50 is as usual as can be."""
    model = fitted([5.0] * 49 + [6.0], false_alarm_rate=rate)
    scores = model.score(TimeSeries.of_point(50, 5.0))
    assert scores.p_value[0] > 0.9
    assert scores.severity[0] < 0.02
    assert not scores.anomaly[0]


def test_noise_beside_one_wild_training_value_is_usual():
    values = np.random.default_rng(0).normal(100.0, 1.0, 50)
    values[20] = 1e5
    model = fitted(values.tolist(), false_alarm_rate=0.01)
    scores = model.score(TimeSeries(np.arange(7), np.linspace(98.0, 101.0, 7)))
    assert not scores.anomaly.any()
    assert (scores.p_value > 0.05).all()


@pytest.mark.parametrize("limit", ["upper", "lower"])
def test_a_limit_beyond_the_range_of_a_double_is_null_and_never_crossed(limit):
    sign = 1.0 if limit == "upper" else -1.0
    model = fitted([sign * value for value in (1e308, 1.1e308, 1.2e308, 1.3e308, 0.0)], side="both")
    assert model.learned()[limit] is None
    assert judged(model, MAX, -MAX) == [limit == "lower", limit == "upper"]
    assert np.isnan(getattr(model.score(TimeSeries.of_point(0, 1.0)), limit)).all()


@pytest.mark.parametrize(("rate", "upper"), [(None, math.nextafter(11.0, 12.0)), (0.25, 9.0)])
def test_a_version_that_was_stored_with_exact_limits_judges_by_them(rate, upper):
    """Mean 5 and standard deviation 2, in units of 8; the calibration is that of z-scores 0, 1 and 2."""
    moments = {"exponent": 3, "mean_high": 0.625, "mean_low": 0.0, "std_scaled": 0.25}
    limits = {"lower": None, "upper": math.nextafter(11.0, 12.0)}
    calibration = {
        "count": 3,
        "knots": [0.0, 1.0, 2.0],
        "reaching": [4, 3, 2],
        "exceeding": [3, 2, 1],
        "tail": [1.0, 0.0],
    }
    parameters = {"method": moments | limits, "calibration": calibration}
    options = ThreeSigmaOptions(false_alarm_rate=rate).model_dump()
    model = restore_model("three_sigma", options, parameters, {})
    assert model.learned() == {"mean": 5.0, "std": 2.0} | limits
    assert model.parameters() == parameters
    assert judged(model, upper, math.nextafter(upper, 99.0)) == [False, True]
    assert model.score(TimeSeries.of_point(0, 9.0)).score.tolist() == [2.0]


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
