"""The moving average by example, and beside windows worked out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.statistical.moving_average import MovingAverageOptions
from tidewatch.series import TimeSeries


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def series(values) -> TimeSeries:
    values = np.array(values, dtype=np.float64)
    return TimeSeries(np.arange(values.size, dtype=np.int64), values)


@pytest.mark.parametrize("window", [3, 20, 33])
def test_scores_are_those_of_the_definition(window, random):
    values = random.standard_t(3, 500).cumsum()
    scores = fit_model(series(values), MovingAverageOptions(window=window, sigmas=3.0)).review(series(values))
    past = sliding_window_view(values, window)[:-1]
    z = (values[window:] - past.mean(axis=1)) / past.std(axis=1, ddof=1)
    assert scores.warming_up.tolist() == [True] * window + [False] * (500 - window)
    usual = past.std(axis=1) > 0.1 * np.median(past.std(axis=1))
    assert scores.score[window:][usual] == pytest.approx(z[usual], rel=1e-9, abs=1e-9)
    assert scores.expected[window:] == pytest.approx(past.mean(axis=1), rel=1e-9, abs=1e-9)
    assert scores.anomaly[window:][usual].tolist() == (np.abs(z[usual]) > 3).tolist()


def test_a_calm_past_makes_a_narrow_band_and_a_wild_one_a_wide_band(random):
    calm, wild = random.normal(0, 1, 200), random.normal(0, 10, 200)
    model = fit_model(series([*calm, *wild]), MovingAverageOptions())
    after_calm, after_wild = (model.score(series([8.0]), series(past[-20:])) for past in (calm, wild))
    assert after_calm.anomaly.tolist() == [True]
    assert after_wild.anomaly.tolist() == [False]


def test_follows_a_change_of_level_within_one_window(random):
    model = fit_model(series(random.choice([-1.0, 1.0], 300)), MovingAverageOptions(window=20))
    scores = model.score(series(random.choice([49.0, 51.0], 60)))
    assert scores.anomaly[0]
    assert not scores.anomaly[20:].any()


def test_after_a_perfect_calm_a_small_change_is_no_anomaly(random):
    """The typical standard deviation is near 1, so a window's counts as at least a twentieth of that."""
    model = fit_model(series(random.normal(0, 1, 1000)), MovingAverageOptions())
    still = series([7.0] * 20)
    assert model.score(series([7.05]), still).anomaly.tolist() == [False]
    assert model.score(series([8.0]), still).anomaly.tolist() == [True]


def test_a_huge_value_is_forgotten_after_one_window(random):
    values = random.normal(0, 1, 100)
    values[40] = 1e300
    model = fit_model(series(values), MovingAverageOptions(window=10))
    clean = model.score(series(values[51:]), series(values[41:51]))
    assert model.review(series(values)).score[51:].tolist() == clean.score.tolist()


def test_a_series_shorter_than_its_window_names_the_option_to_change(random):
    with pytest.raises(CannotTrain, match="needs at least 23 points for a window of 20, got 22") as caught:
        fit_model(series(np.arange(22.0)), MovingAverageOptions())
    assert caught.value.option == "window"
    fit_model(series(random.normal(0, 1, 23)), MovingAverageOptions())


def test_a_series_whose_windows_are_all_constant_can_be_learned_from():
    model = fit_model(series([5.0] * 30 + [6.0]), MovingAverageOptions())
    assert model.score(series([5.0, 9.0]), series([5.0] * 20)).anomaly.tolist() == [False, True]
