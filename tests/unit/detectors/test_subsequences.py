"""Stretches of a series."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tidewatch.detectors import CannotTrain
from tidewatch.detectors.learned.cross_fitting import CrossFit
from tidewatch.detectors.learned.subsequences import Subsequences, log_threshold
from tidewatch.series import TimeSeries

random = np.random.default_rng(4)
PLAN = CrossFit(name="some", most=1_000, fewest=16, seed=0, length_option="window", cost_option="windows")


def series(values, step=60):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(values.size, dtype=np.int64), values)


def wave(points, period):
    return series(np.sin(np.arange(points) * 2 * np.pi / period) + random.normal(0, 0.1, points))


@pytest.mark.parametrize(("points", "length", "season"), [
    (wave(2_000, 24), 24, 24),
    (wave(2_000, 100), 100, 100),
    (wave(4_000, 300), 32, 300),
    (series(random.normal(size=2_000)), 32, None),
    (series(random.normal(size=80)), 16, None),
    (series(random.normal(size=50)), 8, None),
])  # fmt: skip
def test_a_window_is_a_season_or_else_what_the_series_is_long_enough_for(points, length, season):
    subsequences, plan = Subsequences.of(points, None, PLAN)
    assert (subsequences.length, subsequences.season) == (length, season)
    assert (plan.lookback, plan.stride) == (length - 1, length * 3 // 4)


def test_a_window_that_is_given_is_taken():
    assert Subsequences.of(wave(2_000, 24), 50, PLAN)[0].length == 50


@pytest.mark.parametrize(("size", "window"), [(30, None), (200, 300)])
def test_a_series_that_is_too_short(size, window):
    with pytest.raises(CannotTrain, match="some needs at least") as problem:
        Subsequences.of(series(random.normal(size=size)), window, PLAN)
    assert problem.value.option == "window"


def test_points_at_uneven_distances_have_no_season():
    values = wave(2_000, 24).values
    times = np.cumsum(random.integers(1, 1_000, 2_000)).astype(np.int64)
    assert Subsequences.of(TimeSeries(times, values), None, PLAN)[0].season is None


def test_rows_are_the_values_up_to_each_point_in_spreads():
    points = series(random.normal(50, 3, 2_000))
    subsequences, _ = Subsequences.of(points, 10, PLAN)
    rows, side = subsequences.rows(points)
    assert rows.shape == (1_991, 10)
    assert rows[7] * subsequences.spread + subsequences.centre == pytest.approx(points.values[7:17])
    assert side[7] == np.sign(points.values[16] - points.values[7:17].mean())
    assert rows.std() == pytest.approx(1.0, rel=0.1)
    assert subsequences.rows(series([1e300] * 10))[0].tolist() == [[1e6] * 10]


def test_come_back_from_json():
    points = wave(500, 24)
    subsequences, _ = Subsequences.of(points, None, PLAN)
    assert Subsequences.from_json(json.loads(json.dumps(subsequences.to_json()))) == subsequences


def test_the_threshold_is_taken_in_logarithms():
    logs = random.normal(2.0, 0.5, 10_000)
    assert math.log(log_threshold(np.exp(logs), 3.0)) == pytest.approx(3.5, abs=0.05)
    # What is the same but for rounding is no ground for alarms.
    assert log_threshold(np.full(50, 0.3), 3.0) > 0.3 * 1.02
