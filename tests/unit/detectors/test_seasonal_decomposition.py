"""Seasonal decomposition by example: season by time, level by a median, remainder as on new points."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import STL
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.seasonal.seasonal_decomposition import SeasonalDecompositionOptions
from tidewatch.series import TimeSeries

from tests.checks.invariants import stored_and_loaded
from tests.support.daily import DAY, days, hourly


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def fit(values, hours=None, **options):
    return fit_model(hourly(values, hours), SeasonalDecompositionOptions(**options))


@pytest.mark.parametrize("robust", [True, False])
def test_the_season_is_that_of_stl(robust, random):
    values = days(40, random)
    model = fit(values, robust=robust)
    inner, outer = (1, 15) if robust else (2, 0)
    reference = STL(values, 24, 10_000_001, trend=37, seasonal_deg=0, trend_jump=4, low_pass_jump=3, robust=robust)
    season = reference.fit(inner, outer).seasonal.reshape(-1, 24).mean(axis=0)
    learned = model.arrays()["season"] * 2.0 ** model.parameters()["units"][2] * 2.0 ** model.parameters()["units"][0]
    np.testing.assert_allclose(learned, season, atol=1e-9)
    assert model.period == 24
    assert model.learned()["season"] == pytest.approx(np.ptp(season))


def test_a_point_is_judged_by_its_phase_and_the_median_before_it(random):
    values = days(40, random)
    model = fit(values, window=30)
    learned = model.learned()
    units = model.parameters()["units"]
    season = model.arrays()["season"] * 2.0 ** (units[2] + units[0])
    rest = values - season[np.arange(values.size) % 24]
    level = np.array([np.median(rest[place - 30 : place]) for place in range(30, values.size)])
    expected = level + season[np.arange(30, values.size) % 24] + learned["drift"]
    scores = model.review(hourly(values))
    assert scores.warming_up.tolist() == [True] * 30 + [False] * (values.size - 30)
    assert scores.expected[30:] == pytest.approx(expected)
    assert scores.score[30:] == pytest.approx((values[30:] - expected) / learned["scale"], abs=1e-9)
    assert scores.anomaly[30:].tolist() == (np.abs(values[30:] - expected) > 3 * learned["scale"]).tolist()
    assert learned["scale"] == pytest.approx(1.0, rel=0.1)


def test_hours_that_are_never_there_are_gaps(random):
    """Nine to five on working days; noon of a Saturday is asked about all the same."""
    hours = np.arange(24 * 7 * 12)
    kept = (hours // 24 % 7 < 5) & (hours % 24 >= 9) & (hours % 24 < 17)
    values = 100 + DAY[hours % 24] + random.normal(0, 1, hours.size)
    model = fit(values[kept], hours[kept], period=24)
    later = hours.size + np.array([12, 24 * 5 + 12, 3])
    scores = model.score(hourly(100 + DAY[later % 24], later))
    assert scores.anomaly[:2].tolist() == [False, False]
    assert np.isfinite(scores.expected).all()


def test_follows_a_steady_trend_without_lag(random):
    values = days(60, random) + 0.5 * np.arange(24 * 60)
    model = fit(values)
    assert model.learned()["drift"] == pytest.approx(0.5 * 12.5, rel=0.05)
    later = values.size + np.arange(24)
    scores = model.score(hourly(100 + DAY + 0.5 * later, later))
    # The noise of a level's 24 points and of a phase's 60; a level that lagged behind would be off by 6.
    assert scores.expected == pytest.approx(100 + DAY + 0.5 * later, abs=2.5)


def test_wild_values_move_neither_season_nor_level(random):
    values = days(60, random)
    values[random.choice(values.size, 40, replace=False)] += 500
    model = fit(values, sigmas=3.0)
    assert model.learned()["scale"] == pytest.approx(1.0, rel=0.15)
    later = values.size + np.arange(24)
    disturbed = 100 + DAY
    disturbed[5:15] += 50
    assert np.flatnonzero(model.score(hourly(disturbed, later)).anomaly).tolist() == list(range(5, 15))


def test_a_season_in_wild_noise_needs_robustness(random):
    values = days(30, random) + np.where(random.random(720) < 0.05, 60.0, 0.0)
    apart = [np.abs(season(fit(values, period=24, robust=robust)) - DAY + DAY.mean()).max() for robust in (True, False)]
    assert apart[0] < 1.5 < apart[1]


def season(model) -> np.ndarray:
    units = model.parameters()["units"]
    found = model.arrays()["season"] * 2.0 ** (units[2] + units[0])
    return found - found.mean()


@pytest.mark.parametrize("robust", [True, False])
@pytest.mark.parametrize("cycles", [3, 8, 40])
def test_the_remainder_is_that_of_new_points_however_few_the_cycles(cycles, robust):
    shares = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        model = fit(random.normal(size=60 * cycles), period=60, robust=robust)
        scores = model.score(hourly(random.normal(size=4_000), 60 * cycles + np.arange(4_000)))
        shares.append([(scores.p_value <= 0.1).mean(), scores.anomaly.mean()])
    assert 0.07 < np.mean(shares, axis=0)[0] < 0.13
    assert np.mean(shares, axis=0)[1] < 0.008


def test_a_series_that_repeats_exactly_makes_no_anomaly_of_rounding():
    values = np.tile(DAY, 30) / 3
    model = fit(values, false_alarm_rate=0.01)
    assert not model.score(hourly(values, values.size + np.arange(values.size))).anomaly.any()


@pytest.mark.parametrize(("period", "window"), [(24, 24), (7, 28), (12, 24), (288, 288), (2_000, 1_000)])
def test_the_default_level_is_that_of_whole_seasons(period, window, random):
    assert fit(random.normal(size=2 * period + window), period=period)._detector.lookback == window


def test_without_a_season_points_are_judged_by_the_level(random):
    values = random.normal(100.0, 1.0, 800) + np.repeat([0.0, 50.0], 400)
    model = fit(values[:500])
    assert (model.period, model.learned()["period"], model.learned()["season"]) == (None, None, 0.0)
    assert model.learned()["scale"] == pytest.approx(1.0, rel=0.2)
    restored = stored_and_loaded(model)
    values[700] += 9.0
    for one in (model, restored):
        found = one.score(hourly(values[500:], np.arange(500, 800)))
        assert found.anomaly[200]
        assert found.anomaly.mean() < 0.02
        assert found.expected == pytest.approx(150.0, abs=1.5)


def test_random_times_are_refused_and_the_reason_is_said(random):
    times = np.cumsum(random.exponential(3_600, 500)).astype(np.int64)
    with pytest.raises(CannotTrain, match="even distances in time"):
        fit_model(TimeSeries(times, random.normal(size=500)), SeasonalDecompositionOptions(period=24))


@pytest.mark.parametrize(
    ("size", "options", "option"), [(100, {"period": 51}, "period"), (60, {"period": 24, "window": 53}, "window")]
)
def test_too_few_points_are_refused(size, options, option, random):
    with pytest.raises(CannotTrain, match="at least") as refusal:
        fit(random.normal(size=size), **options)
    assert refusal.value.option == option
