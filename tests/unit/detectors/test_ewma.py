"""Exponential smoothing by example, and beside sums of weights worked out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.statistical.ewma import EwmaOptions
from tidewatch.series import TimeSeries


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(6)


def series(values) -> TimeSeries:
    values = np.array(values, dtype=np.float64)
    return TimeSeries(np.arange(values.size, dtype=np.int64), values)


@pytest.mark.parametrize(("alpha", "memory"), [(0.2, 31), (0.014, 490), (0.5, 10), (0.99, 2)])
def test_forecasts_by_weights_that_fall_to_a_thousandth(alpha, memory, random):
    values = random.normal(50, 4, 800).cumsum()
    model = fit_model(series(values), EwmaOptions(alpha=alpha))
    scores = model.review(series(values))
    weights = (1 - alpha) ** np.arange(memory)
    assert (1 - alpha) ** memory <= 1e-3 < (1 - alpha) ** (memory - 1)
    forecast = np.convolve(values, weights / weights.sum(), "valid")[:-1]
    errors = values[memory:] - forecast
    half, most = np.quantile(np.abs(errors), (0.5, 0.9))
    scale = max(half / 0.6745, most / 1.6449)
    assert scores.warming_up.tolist() == [True] * memory + [False] * (800 - memory)
    assert scores.expected[memory:] == pytest.approx(forecast, rel=1e-12)
    assert model.learned() == pytest.approx({"scale": scale}, rel=1e-9)
    assert scores.score[memory:] == pytest.approx(errors / scale, rel=1e-9, abs=1e-9)
    assert scores.anomaly[memory:].tolist() == (np.abs(errors) > 3 * scale).tolist()


def test_the_forecast_is_that_of_the_recursion_but_for_a_thousandth(random):
    values = random.normal(0, 1, 300)
    level = values[0]
    for value in values:
        level += 0.2 * (value - level)
    model = fit_model(series(values), EwmaOptions(alpha=0.2))
    assert model.score(series([0.0])).expected[0] == pytest.approx(level, abs=2e-3 * np.abs(values).max())


def test_an_alpha_of_1_expects_the_value_before(random):
    values = random.normal(0, 1, 50)
    scores = fit_model(series(values), EwmaOptions(alpha=1)).review(series(values))
    assert scores.expected[1:] == pytest.approx(values[:-1], rel=1e-12)
    assert scores.warming_up.sum() == 1


def test_follows_a_change_of_level(random):
    model = fit_model(series(random.uniform(-1, 1, 300)), EwmaOptions())
    scores = model.score(series(random.uniform(49, 51, 60)))
    assert scores.anomaly[:3].all()
    assert not scores.anomaly[31:].any()


def test_a_trend_that_the_forecast_lags_behind_is_usual(random):
    values = 3.0 * np.arange(400) + random.normal(0, 0.5, 400)
    scores = fit_model(series(values[:300]), EwmaOptions()).score(series(values[300:]))
    assert not scores.anomaly.any()


def test_a_wild_value_in_training_does_not_widen_the_band(random):
    values = random.normal(0, 1, 250)
    usual = fit_model(series(values), EwmaOptions()).learned()["scale"]
    values[100] = 1e300
    assert fit_model(series(values), EwmaOptions()).learned()["scale"] == pytest.approx(usual, rel=0.1)


def test_a_gauge_that_moves_in_rare_steps_alarms_at_its_steps_only():
    """Most errors are what is left of the step before, some thousandths of one."""
    values = np.round(np.sin(np.arange(2_000) / 200) * 5) / 10
    scores = fit_model(series(values), EwmaOptions()).review(series(values))
    steps = np.count_nonzero(np.diff(values))
    assert steps == 33
    assert scores.anomaly.sum() <= 4 * steps


def test_equal_values_are_no_anomalies_by_their_rounding():
    """Two levels without noise: all errors but those after a step are exactly 0."""
    values = np.repeat([0.1, 0.7, 0.1, 0.3], 100)
    scores = fit_model(series(values), EwmaOptions()).review(series(values))
    still = np.concatenate([[True], np.diff(values) == 0])
    for back in range(1, 32):
        still[back:] &= np.diff(values, prepend=values[0])[:-back] == 0
    assert (scores.score[still & ~scores.warming_up] == 0.0).all()
    assert scores.anomaly[100]


def test_a_series_shorter_than_its_memory_names_the_option_to_change(random):
    with pytest.raises(
        CannotTrain, match=r"needs at least 34 points for an alpha of 0\.2, which looks back at 31, got 33"
    ) as caught:
        fit_model(series(random.normal(0, 1, 33)), EwmaOptions())
    assert caught.value.option == "alpha"
    fit_model(series(random.normal(0, 1, 33)), EwmaOptions(alpha=0.21))
