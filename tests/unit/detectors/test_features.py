"""What the learners see of a point."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tidewatch.detectors.learned.features import Features
from tidewatch.series import TimeSeries

MONDAY = 1_704_067_200  # 2024-01-01 00:00 UTC
DAY = 86_400
random = np.random.default_rng(5)


def series(values, step=60, start=MONDAY):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(start + step * np.arange(values.size, dtype=np.int64), values)


def test_value_moments_of_both_windows_and_difference_in_spreads_of_the_training_data():
    points = series(random.normal(size=300))
    features = Features.of(points, 3, 10)
    rows, side = features.rows(points)
    at = 123
    short, long, value = points.values[at - 2 : at + 1], points.values[at - 9 : at + 1], points.values[at]
    expected = [value, short.mean(), short.std(), long.mean(), long.std(), value - points.values[at - 1]]
    row = rows[at - features.lookback]
    assert row * features.spread + features.centre == pytest.approx(expected, abs=1e-12)
    assert side[at - features.lookback] == np.sign(value - long.mean())
    assert np.median(rows, axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    # Normal values have a standard deviation of one.
    assert rows[:, 0].std() == pytest.approx(1.0, rel=0.15)


def test_the_first_points_are_too_few_for_a_row():
    points = series(random.normal(size=50))
    features = Features.of(points, 5, 20)
    assert (features.lookback, features.rows(points)[0].shape) == (19, (31, 6))


def test_one_huge_value_is_held_and_spoils_no_spread():
    points = series([*random.normal(0, 1e-100, 200).tolist(), 2.0])
    rows, _ = Features.of(points, 5, 20).rows(points)
    assert rows[-1, 0] == 1e6
    assert 0.5 < rows[:150, 0].std() < 2.0


@pytest.mark.parametrize(("step", "points", "hours", "weekdays"), [
    (60, 3 * 1_440 - 1, False, False),
    (60, 3 * 1_440, True, False),
    (3_600, 21 * 24 - 1, True, False),
    (3_600, 21 * 24, True, True),
    (DAY, 365, False, True),
    (7 * DAY, 200, False, False),
])  # fmt: skip
def test_the_calendar_counts_where_training_has_seen_enough_of_it(step, points, hours, weekdays):
    features = Features.of(series(random.normal(size=points), step), 5, 20)
    assert (features.hours, features.weekdays) == (hours, weekdays)
    assert features.size == 6 + 2 * hours + 2 * weekdays


def test_hours_and_weekdays_are_places_on_a_circle():
    features = Features.of(series(random.normal(size=24 * 28), 3_600), 2, 3)
    # The last of three points is Thursday the 4th, 06:59:59.
    rows, _ = features.rows(series([0.0, 0.0, 0.0], 1, MONDAY + 3 * DAY + 7 * 3_600 - 3))
    angles = 2 * math.pi * 6 / 24, 2 * math.pi * 3 / 7
    assert rows[0, 6:].tolist() == pytest.approx([f(angle) for angle in angles for f in (math.sin, math.cos)])


def test_what_is_constant_but_for_rounding_is_not_measured_by_its_rounding():
    points = series(np.tile([0.1, 0.2, 0.3, 0.7, 1.1], 60))
    rows, _ = Features.of(points, 5, 20).rows(points)
    assert np.abs(rows[:, 1]).max() < 1e-3


def test_a_series_that_only_changed_while_warming_up():
    points = series([1.0, *[0.0] * 99])
    rows, _ = Features.of(points, 5, 20).rows(points)
    assert np.isfinite(rows).all()


def test_come_back_from_json():
    points = series(random.normal(size=24 * 28), 3_600)
    features = Features.of(points, 5, 20)
    restored = Features.from_json(json.loads(json.dumps(features.to_json())))
    assert restored.rows(points)[0].tobytes() == features.rows(points)[0].tobytes()
