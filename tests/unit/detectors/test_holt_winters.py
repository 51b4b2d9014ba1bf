"""Holt-Winters by example: season by time, level by the points before, errors as on new points."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.seasonal.holt_winters import HoltWintersOptions
from tidewatch.series import TimeSeries

from tests.support.daily import DAY, days, hourly


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_finds_the_season_and_the_size_of_the_noise(random):
    learned = fit_model(hourly(days(60, random)), HoltWintersOptions()).learned()
    assert learned["period"] == 24.0
    assert learned["scale"] == pytest.approx(1.0, rel=0.1)
    assert learned["trend"] == pytest.approx(0.0, abs=1e-3)
    assert learned["alpha"] < 0.1


def test_expects_the_season_about_the_level_of_late(random):
    model = fit_model(hourly(days(60, random)), HoltWintersOptions(sigmas=3.0))
    usual = hourly(50 + days(12, random), 60 * 24 + np.arange(288))
    scores = model.score(usual)
    assert scores.anomaly[:40].all(), "the level is another"
    settled = slice(model._detector.lookback, None)
    assert scores.anomaly[settled].mean() < 0.02
    assert scores.expected[settled] == pytest.approx(150 + np.tile(DAY, 12)[settled], abs=1.5)
    assert (scores.upper - scores.lower)[settled] == pytest.approx(6 * model.learned()["scale"])


def test_what_is_usual_at_one_hour_is_not_at_another(random):
    model = fit_model(hourly(days(60, random)), HoltWintersOptions())
    evening = int(DAY.argmax())
    later = np.array([60 * 24 + evening, 60 * 24 + evening + 12])
    scores = model.score(hourly([100 + DAY.max()] * 2, later))
    assert scores.anomaly.tolist() == [False, True]
    assert scores.direction[1] == 1


def test_without_a_season_it_is_level_and_trend(random):
    values = 0.5 * np.arange(600) + random.normal(0, 1, 600)
    model = fit_model(hourly(values), HoltWintersOptions())
    learned = model.learned()
    assert (model.period, learned["period"], learned["gamma"]) == (None, None, None)
    assert learned["trend"] == pytest.approx(0.5, abs=0.01)
    assert "season" not in model.arrays()
    assert model.score(hourly([0.0], np.array([600]))).expected[0] == pytest.approx(300, abs=1.5)
    gone_on = model.score(hourly([0.0], np.array([640]))).expected[0]
    assert gone_on == pytest.approx(320, abs=1.5), "the trend crosses a gap"


def test_the_level_follows_a_walk_and_stays_put_in_noise(random):
    walk = fit_model(hourly(np.cumsum(random.normal(size=2_000))), HoltWintersOptions()).learned()
    noise = fit_model(hourly(random.normal(size=2_000)), HoltWintersOptions()).learned()
    assert walk["alpha"] > 0.8
    assert noise["alpha"] < 0.05


def test_wild_values_in_training_teach_little(random):
    values = days(60, random)
    values[random.choice(values.size, 30, replace=False)] += 500
    model = fit_model(hourly(values), HoltWintersOptions())
    assert model.learned()["scale"] == pytest.approx(1.0, rel=0.15)
    later = values.size + np.arange(24)
    assert model.score(hourly(100 + DAY, later)).expected == pytest.approx(100 + DAY, abs=1.5)


def test_a_wild_value_does_not_spoil_what_is_expected_next(random):
    model = fit_model(hourly(days(60, random)), HoltWintersOptions(alpha=0.3))
    later = 60 * 24 + np.arange(24)
    disturbed = 100 + DAY
    disturbed[5] = 1e9
    scores = model.score(hourly(disturbed, later))
    assert np.flatnonzero(scores.anomaly).tolist() == [5]


def test_given_parameters_are_used(random):
    options = HoltWintersOptions(period=48, alpha=0.4, beta=0.1, gamma=0.05, phi=0.9)
    learned = fit_model(hourly(days(20, random)), options).learned()
    names = ("period", "alpha", "beta", "gamma", "phi")
    assert [learned[name] for name in names] == [48.0, 0.4, 0.1, 0.05, 0.9]


@pytest.mark.parametrize(
    ("side", "high", "low"), [("both", True, True), ("upper", True, False), ("lower", False, True)]
)
def test_the_side(side, high, low, random):
    model = fit_model(hourly(days(30, random)), HoltWintersOptions(side=side))
    at = np.array([30 * 24])
    assert [bool(model.score(hourly([value], at)).anomaly[0]) for value in (200, 0)] == [high, low]


@pytest.mark.parametrize("cycles", [3, 8, 40])
def test_the_errors_are_those_on_new_points_however_few_the_cycles(cycles):
    """The season is learned from the points that calibrate it."""
    shares = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        model = fit_model(hourly(random.normal(size=60 * cycles)), HoltWintersOptions(period=60))
        scores = model.score(hourly(random.normal(size=4_000), 60 * cycles + np.arange(4_000)))
        shares.append([(scores.p_value <= 0.1).mean(), scores.anomaly.mean()])
    assert 0.07 < np.mean(shares, axis=0)[0] < 0.13
    assert np.mean(shares, axis=0)[1] < 0.008


def test_a_series_forecast_exactly_makes_no_anomaly_of_rounding():
    values = np.tile(DAY, 30) / 3
    options = HoltWintersOptions(false_alarm_rate=0.01)
    model = fit_model(hourly(values), options)
    assert not model.score(hourly(values, values.size + np.arange(values.size))).anomaly.any()


def test_random_times_are_refused_and_the_reason_is_said(random):
    times = np.cumsum(random.exponential(3_600, 500)).astype(np.int64)
    with pytest.raises(CannotTrain, match="even distances in time"):
        fit_model(TimeSeries(times, random.normal(size=500)), HoltWintersOptions())


@pytest.mark.parametrize(("size", "options", "option"), [(11, {}, None), (100, {"period": 51}, "period")])
def test_too_few_points_are_refused(size, options, option, random):
    with pytest.raises(CannotTrain, match="at least") as refusal:
        fit_model(hourly(random.normal(size=size)), HoltWintersOptions(**options))
    assert refusal.value.option == option


def test_twelve_points_are_enough(random):
    scores = fit_model(hourly(random.normal(size=12)), HoltWintersOptions()).review(hourly(random.normal(size=12)))
    assert scores.warming_up.tolist() == [True] * 6 + [False] * 6
