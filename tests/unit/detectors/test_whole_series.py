"""Looking back over a whole series: what was expected, the last point, and where the trend changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tidewatch.detectors.retrospective.change_points import find_changes
from tidewatch.detectors.retrospective.whole_series import judge_last, judge_whole

from tests.support.strategies import MAX, doubles, extreme_doubles

random = np.random.default_rng(5)
HOURS = np.arange(24 * 14)
DAILY = 100 + 10 * np.sin(2 * np.pi * HOURS / 24) + random.normal(0, 0.5, HOURS.size)

any_values = st.lists(doubles | extreme_doubles | st.integers(-3, 3).map(float), min_size=12, max_size=60).map(np.array)


def test_a_season_is_found_and_expected():
    found = judge_whole(DAILY)
    assert found.period == 24
    assert np.abs(found.expected - DAILY).max() < 2.5
    assert found.spread == pytest.approx(0.5, rel=0.3)


def test_a_spike_is_severe_and_does_not_move_what_is_expected():
    spiked = DAILY.copy()
    spiked[100] += 30
    found = judge_whole(spiked)
    assert found.severity[100] > 0.5
    assert found.severity.argmax() == 100
    assert found.expected[100] == pytest.approx(judge_whole(DAILY).expected[100], abs=1)


def test_a_season_that_is_sent_is_taken_and_none_is_none():
    assert judge_whole(DAILY, 12).period == 12
    assert judge_whole(DAILY, 0).period is None


def test_a_level_that_moves_is_followed_without_a_season():
    steps = np.where(np.arange(200) < 100, 5.0, 50.0) + random.normal(0, 1, 200)
    found = judge_whole(steps)
    assert found.period is None
    assert np.abs(found.expected - steps)[[*range(80), *range(120, 200)]].max() < 5


@pytest.mark.parametrize("size", [12, 40, 400])
@pytest.mark.parametrize("wild", [MAX, 1e308, -1e200, 1e20])
def test_one_wild_value_makes_no_band_for_the_others(size, wild):
    values = np.random.default_rng(size).uniform(0.0, 2.0, size)
    place = size // 2
    values[place] = wild
    found = judge_whole(values)
    assert 0.1 < found.spread < 2.0
    assert (np.abs(found.expected) <= 4.0).all()
    assert found.severity.argmax() == place
    assert judge_last(values).spread < 4.0


def test_a_constant_series_is_as_expected():
    found = judge_whole(np.full(20, 7.5))
    assert (found.expected.tolist(), found.spread, found.severity.tolist()) == ([7.5] * 20, 0.0, [0.0] * 20)


# Its residuals differ by less than a slope between them can be told by.
DENORMAL = np.array(
    [0.0] * 12
    + [1e307, 0.0, 1e307, 1e307, 0.0, 1e307, 2.0, 0.0, 0.0, 1e307, 8.0]
    + [0.0] * 5
    + [1.0, 1e307, 1.0, -1e307, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.225073858507e-311, 2.535e-321]
    + [0.0] * 6
    + [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 2.0, 1.0]
)


@example(values=DENORMAL)
@given(values=any_values)
def test_any_series_is_judged(values):
    found = judge_whole(values)
    assert ((found.severity >= 0) & (found.severity <= 1)).all()
    assert not np.isnan(found.expected).any()
    last = judge_last(values)
    assert 0 <= last.severity <= 1
    assert not np.isnan(last.expected)
    changes = find_changes(values, period=None, window=10, least_confidence=0.91)
    assert ((changes.confidence >= 0) & (changes.confidence <= 1)).all()
    assert (changes.confidence[changes.is_change] >= 0.91).all()


def test_a_usual_last_point_is_near_what_is_expected():
    found = judge_last(DAILY)
    assert found.period == 24
    assert found.window == 97
    assert abs(found.expected - DAILY[-1]) < 5 * found.spread


@pytest.mark.parametrize("away", [-20.0, 20.0])
def test_an_unusual_last_point_is_severe(away):
    values = DAILY.copy()
    values[-1] += away
    found = judge_last(values)
    assert found.severity > 0.5
    assert found.expected == pytest.approx(judge_last(DAILY).expected)


def test_a_trend_is_drawn_on():
    line = 3.0 * np.arange(60) + random.normal(0, 0.1, 60)
    assert judge_last(line).expected == pytest.approx(3.0 * 59, abs=1)


def test_a_last_point_after_nothing_but_equal_ones():
    assert judge_last(np.full(20, 3.0)).severity == 0
    assert judge_last(np.array([3.0] * 19 + [3.5])).severity == 1


@pytest.mark.parametrize("place", [60, 150])
def test_a_change_of_level_is_found_where_it_is(place):
    away = []
    for _ in range(20):
        values = np.where(np.arange(200) < place, 10.0, 16.0) + random.normal(0, 1, 200)
        (at,) = np.flatnonzero(find_changes(values, period=None, window=20, least_confidence=0.91).is_change)
        away.append(abs(at - place))
    # Noise at the ends of the lines moves some.
    assert sorted(away)[15] <= 1


def test_a_change_of_slope_is_found_where_it_is():
    steps = np.arange(200)
    values = np.where(steps < 100, 0.0, (steps - 100) * 1.0) + random.normal(0, 1, 200)
    found = find_changes(values, period=0, window=40, least_confidence=0.91)
    (at,) = np.flatnonzero(found.is_change)
    assert abs(at - 100) <= 10


def test_a_season_is_no_change():
    assert not find_changes(DAILY, period=None, window=24, least_confidence=0.91).is_change.any()


def test_noise_has_a_change_no_oftener_than_said():
    found = [
        find_changes(random.normal(0, 1, 120), period=0, window=10, least_confidence=0.91).is_change.any()
        for _ in range(200)
    ]
    # Bonferroni holds the rate under 9 %; neighbouring places are much the same test, so it is well under.
    assert np.mean(found) < 0.09


def test_a_constant_series_has_no_change():
    found = find_changes(np.full(30, 5.0), period=None, window=10, least_confidence=0.91)
    assert (found.period, found.is_change.any(), found.confidence.max()) == (None, False, 0.0)


@pytest.mark.parametrize(
    "values", [[MAX, -MAX] * 10, [1e-320, 0.0] * 10, [0.0] * 19 + [MAX]], ids=["large", "small", "one"]
)
def test_extremes_are_no_trouble(values):
    judge_whole(np.array(values))
    judge_last(np.array(values))
    find_changes(np.array(values), period=None, window=5, least_confidence=0.5)


def test_one_wild_value_blinds_no_search_for_changes():
    values = np.random.default_rng(1).normal(0.0, 1.0, 200) + np.repeat([0.0, 20.0], 100)
    values[30] = 1e308
    found = find_changes(values, period=0, window=20, least_confidence=0.9)
    assert np.abs(np.flatnonzero(found.is_change) - 100).min() <= 1
