"""Bets against uniform p-values: how rarely they are wrong, and how soon they see a change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.lifecycle.drift_martingale import bet_on, tolerance_of

SEEDS = range(5)
POINTS = 20_000
RARELY = 500


def alarms(p_values_of, *, tolerance=0.0):
    """Alarms over all seeds, and how many are allowed: one in :data:`RARELY` points."""
    paths = [bet_on(p_values_of(np.random.default_rng(seed)), RARELY, tolerance=tolerance) for seed in SEEDS]
    return sum(len(path.alarms) for path in paths), len(SEEDS) * POINTS / RARELY


def test_under_uniform_p_values_there_is_at_most_one_alarm_in_so_many_points():
    found, allowed = alarms(lambda random: random.random(POINTS))
    assert 0.1 * allowed < found <= allowed


@given(st.integers(0, 2**32), st.sampled_from([50, 200, 1_000]), st.sampled_from([0.0, 0.01, 0.05]))
def test_no_alarm_comes_before_its_time_on_average(seed, points_per_false_alarm, tolerance):
    """The statistic less the number of points is a martingale, so that one stream in five, at the most, of a fifth of N
    points has an alarm.
    """
    random = np.random.default_rng(seed)
    streams = [random.random(points_per_false_alarm // 5) for _ in range(30)]
    raised = sum(bool(bet_on(each, points_per_false_alarm, tolerance=tolerance).alarms) for each in streams)
    # 6 of 30 are expected at the most; 15 by chance once in ten thousand times.
    assert raised < 15


@pytest.mark.parametrize("distinct", [1, 2, 5, 20])
def test_tied_p_values_are_no_drift(distinct):
    """Conservative p-values of so many equally frequent scores: 1, or 0.5 and 1, …"""
    found, allowed = alarms(lambda random: (1 + random.integers(0, distinct, POINTS)) / distinct)
    assert found <= allowed


@pytest.mark.parametrize("correlation", [0.3, 0.6, 0.9])
def test_neighbours_that_rise_and_fall_together_are_no_drift(correlation):
    def p_values(random):
        noise = random.normal(size=POINTS) * np.sqrt(1 - correlation**2)
        level = noise.copy()
        for place in range(1, POINTS):
            level[place] = correlation * level[place - 1] + noise[place]
        # Its rank is uniform, whatever the distribution.
        return (1 + np.argsort(np.argsort(level))) / POINTS

    found, allowed = alarms(p_values)
    assert found <= allowed


def test_points_of_which_many_say_a_little_of_the_same_are_no_drift():
    """Zeros and ones less the mean of the last ones: neighbours say little of each other, but many of them do."""
    rarely, found = 10_000, 0
    for seed in SEEDS:
        value = (np.random.default_rng(seed).random(POINTS + 20) < 0.3).astype(np.float64)
        mean = np.convolve(value, np.ones(20), "valid")[:POINTS] / 20
        scores = np.abs(value[20:] - mean).round(9)
        p_values = 1 - np.searchsorted(np.sort(scores), scores) / POINTS
        found += len(bet_on(p_values, rarely).alarms)
    assert found <= len(SEEDS) * POINTS / rarely


@pytest.mark.parametrize("calibrated_by", [50, 200, 1_000])
def test_the_error_of_a_calibration_is_no_drift(calibrated_by):
    def p_values(random):
        calibration = np.sort(random.random(calibrated_by))
        scores = random.random(POINTS)
        return (1 + calibrated_by - np.searchsorted(calibration, scores)) / (1 + calibrated_by)

    found, allowed = alarms(p_values, tolerance=tolerance_of(calibrated_by))
    assert found <= allowed


def test_single_anomalies_raise_no_alarm_however_strange_they_are():
    def p_values(random):
        usual = random.random(POINTS)
        return np.where(random.random(POINTS) < 0.01, 1e-300, usual)

    found, allowed = alarms(p_values, tolerance=tolerance_of(10_000))
    assert found <= allowed
    usual = np.random.default_rng(0).random(500)
    before, after = (bet_on(each, 10_000).statistic for each in (usual, np.append(usual, 0.0)))
    assert after <= 1.5 * (before + 1)


@pytest.mark.parametrize(
    ("p_values_after", "delay"),
    [
        pytest.param(lambda random, size: 0.01 * random.random(size), 40, id="every point is strange"),
        pytest.param(lambda random, size: random.random(size) ** 3, 100, id="scores are larger"),
        pytest.param(lambda random, size: random.random(size) ** (1 / 3), 100, id="scores are smaller"),
    ],
)
def test_a_change_is_found_soon_and_is_over_when_it_ends(p_values_after, delay):
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        usual = random.random(2_000), random.random(1_000)
        path = bet_on(
            np.concatenate([usual[0], p_values_after(random, 500), usual[1]]), 10_000, tolerance=tolerance_of(1_000)
        )
        (alarm,) = path.alarms
        assert 2_000 < alarm.raised <= 2_000 + delay
        assert alarm.over is not None
        assert 2_500 < alarm.over < 3_000
        assert path.alarm is None


def test_an_alarm_lasts_as_long_as_the_change():
    path = bet_on(np.random.default_rng(0).random(5_000) ** 2, 10_000, tolerance=tolerance_of(200))
    assert path.alarm is not None
    assert (path.alarms, path.maximum) == ((path.alarm,), 100_000)


def test_a_smaller_number_of_points_per_false_alarm_finds_a_change_sooner():
    changed = np.random.default_rng(0).random(500) ** 2
    raised = [bet_on(changed, points).alarms[0].raised for points in (100, 10_000, 1_000_000)]
    assert raised == sorted(raised)
    assert raised[0] < raised[2]


def test_of_no_points_nothing_is_told():
    path = bet_on(np.zeros(0), 10_000)
    assert (path.points, path.statistic, path.alarms, path.alarm) == (0, 0.0, (), None)


def test_a_series_that_stands_still_is_no_drift_from_its_first_point_on():
    assert not bet_on(np.ones(200), 10_000).alarms
