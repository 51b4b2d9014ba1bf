"""Holt's and Winters' recursions beside statsmodels', and the levels that settle in a window."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from tidewatch.detectors.seasonal.smoothing import HoltForecaster, Points, Smoothing, Start, estimate, smooth

NOTHING_GIVEN = {"alpha": None, "beta": None, "gamma": None, "phi": 1.0}


def points(values, period=1) -> Points:
    places = np.arange(len(values))
    return Points(np.asarray(values, dtype=np.float64), places % period, np.ones(len(values), dtype=np.int64))


@pytest.mark.parametrize("phi", [1.0, 0.9])
@pytest.mark.parametrize("period", [4, 12])
@pytest.mark.parametrize("shares", [(0.3, 0.1, 0.2), (0.9, 0.5, 0.1), (0.05, 0.0, 0.0)])
def test_one_step_forecasts_are_those_of_statsmodels(phi, period, shares):
    random = np.random.default_rng(period)
    values = np.tile(random.normal(0, 3, period), 12) + np.cumsum(random.normal(size=12 * period))
    season = random.normal(0, 3, period)
    alpha, beta, gamma = shares
    reference = ExponentialSmoothing(
        values,
        trend="add",
        damped_trend=phi < 1,
        seasonal="add",
        seasonal_periods=period,
        initialization_method="known",
        initial_level=2.0,
        initial_trend=0.5,
        initial_seasonal=season,
    ).fit(
        smoothing_level=alpha,
        smoothing_trend=beta,
        smoothing_seasonal=gamma,
        damping_trend=phi if phi < 1 else None,
        optimized=False,
    )
    forecasts, _, last = smooth(points(values, period), Smoothing(alpha, beta, gamma, phi), Start(2.0, 0.5, season))
    np.testing.assert_allclose(forecasts, reference.fittedvalues, rtol=0, atol=1e-9)
    np.testing.assert_allclose(last, reference.season[-period:], rtol=0, atol=1e-9)


def test_holt_without_a_season_is_that_of_statsmodels():
    values = np.cumsum(np.random.default_rng(0).normal(size=100))
    reference = ExponentialSmoothing(
        values, trend="add", initialization_method="known", initial_level=1.0, initial_trend=0.1
    ).fit(smoothing_level=0.4, smoothing_trend=0.2, optimized=False)
    forecasts, _, _ = smooth(points(values), Smoothing(0.4, 0.2, 0.0, 1.0), Start(1.0, 0.1, np.zeros(1)))
    np.testing.assert_allclose(forecasts, reference.fittedvalues, rtol=0, atol=1e-9)


def test_a_gap_is_crossed_by_the_trend():
    gap = Points(np.array([0.0, 1.0, 5.0]), np.zeros(3, dtype=np.int64), np.array([1, 1, 4]))
    forecasts, _, _ = smooth(gap, Smoothing(0.5, 0.0, 0.0, 1.0), Start(-1.0, 1.0, np.zeros(1)))
    assert forecasts.tolist() == [0.0, 1.0, 5.0]
    damped, _, _ = smooth(gap, Smoothing(0.0, 0.0, 0.0, 0.5), Start(0.0, 8.0, np.zeros(1)))
    assert damped.tolist() == [4.0, 6.0, 7.875 - 0.0]


def test_a_wild_value_teaches_no_more_than_the_clip():
    values = np.zeros(5)
    values[2] = 1e100
    forecasts, _, season = smooth(points(values), Smoothing(0.5, 0.0, 0.1, 1.0), Start(0, 0, np.zeros(1)), clip=2.0)
    assert forecasts[3] == pytest.approx(1.0 + 0.2)
    assert np.abs(season).max() < 0.3


@pytest.mark.parametrize(("alpha", "beta"), [(0.2, 0.0), (0.6, 0.0), (0.9, 0.0), (0.5, 0.3)])
def test_the_parameters_that_made_a_series_are_found(alpha, beta):
    random = np.random.default_rng(8)
    level, trend, values = 0.0, 0.0, []
    for error in random.normal(size=3_000):
        level += trend
        values.append(level + error)
        level += alpha * error
        trend += alpha * beta * error
    found = estimate(points(values), Start(0.0, 0.0, np.zeros(1)), 10.0, NOTHING_GIVEN)
    assert found.alpha == pytest.approx(alpha, rel=0.25)
    assert found.beta == pytest.approx(beta, abs=0.1)
    assert (found.gamma, found.phi) == (0.0, 1.0)


def test_the_best_parameters_err_no_more_than_those_that_statsmodels_finds():
    random = np.random.default_rng(9)
    values = np.tile(5 * np.sin(np.arange(12)), 40) + np.cumsum(random.normal(0, 0.5, 480)) + random.normal(size=480)
    start = Start(float(values[0]), 0.0, 5 * np.sin(np.arange(12)))
    reference = ExponentialSmoothing(
        values,
        trend="add",
        seasonal="add",
        seasonal_periods=12,
        initialization_method="known",
        initial_level=start.level,
        initial_trend=0.0,
        initial_seasonal=start.season,
    ).fit()
    found = estimate(points(values, 12), start, 1e9, NOTHING_GIVEN)
    forecasts, _, _ = smooth(points(values, 12), found, start)
    assert ((values - forecasts) ** 2).sum() <= 1.01 * reference.sse


def test_what_is_given_is_kept():
    values = np.random.default_rng(0).normal(size=200)
    given = {"alpha": 0.33, "beta": 0.0, "gamma": 0.2, "phi": None}
    found = estimate(points(values, 4), Start(0.0, 0.0, np.zeros(4)), 5.0, given)
    assert (found.alpha, found.beta, found.gamma) == (0.33, 0.0, 0.2)
    assert 0.5 <= found.phi <= 1.0


@pytest.mark.parametrize("beta", [0.0, 0.2])
@pytest.mark.parametrize("phi", [1.0, 0.9])
def test_a_window_by_itself_and_among_thousands_forecasts_the_same_to_the_last_bit(beta, phi):
    random = np.random.default_rng(0)
    values = np.cumsum(random.normal(size=5_000))
    values[[300, 301, 2_000]] = [1e100, -1e100, 1e9]
    steps = random.choice([1, 1, 1, 2, 9], 5_000)
    settling = HoltForecaster(Smoothing(0.15, beta, 0.0, phi), -0.3, 2.0, 40, 9)
    whole = settling.forecasts(values, steps, 0)
    assert np.isnan(whole[:40]).all()
    for place in (40, 41, 300, 305, 330, 2_001, 4_136, 4_137, 4_999):
        alone = settling.forecasts(values[: place + 1][-41:], steps[: place + 1][-41:], 40)
        assert alone.tolist() == [whole[place]]


def test_a_settled_level_is_that_of_the_whole_recursion():
    values = np.random.default_rng(0).normal(size=600) + 50
    smoothing = Smoothing(0.2, 0.0, 0.0, 1.0)
    forecasts, _, _ = smooth(points(values), smoothing, Start(50.0, 0.0, np.zeros(1)))
    settled = HoltForecaster(smoothing, 0.0, np.inf, 80, 9).forecasts(values, np.ones(600, dtype=np.int64), 0)
    assert settled[80:] == pytest.approx(forecasts[80:], abs=1e-5)
