"""What a champion is trained on again."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.lifecycle.observations import Observations
from tidewatch.lifecycle.retraining import gather, hold_out, may_judge
from tidewatch.series import Frame

from tests.support.samples import NOW, a_series

STORED = a_series([1.0, 2.0, 3.0, 4.0], start=0)


def observed(points, anomaly=None):
    alarms = np.zeros(len(points), dtype=np.bool_) if anomaly is None else np.array(anomaly, dtype=np.bool_)
    nothing = np.zeros(0)
    return Observations(NOW, 1, points, np.zeros(len(points)), alarms, None, nothing, nothing.astype(np.bool_))


def gathered(*parts, labels=None, window=100, exclude="labelled", stored=STORED):
    return gather(stored, parts, labels or {}, window=window, exclude=exclude)


def test_what_came_after_the_stored_points_follows_them_each_point_once_as_it_came_first():
    late = observed(a_series([9.0, 10.0], start=120))
    again = observed(a_series([-1.0, 6.0], start=240))
    found = gathered(observed(a_series([5.0], start=240)), again, late)
    assert found.points.timestamps.tolist() == [0, 60, 120, 180, 240, 300]
    assert found.points.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert (found.stored, found.new, found.left_out) == (4, 2, 0)


def test_the_window_keeps_the_last_points():
    found = gathered(observed(a_series([5.0, 6.0], start=240)), window=3)
    assert (found.points.values.tolist(), found.stored, found.new) == ([4, 5, 6], 1, 2)


@pytest.mark.parametrize(
    ("exclude", "values"),
    [("labelled", [1, 3, 4, 5, 6, 7]), ("alarms", [1, 3, 4, 5, 7]), ("none", [1, 2, 3, 4, 5, 6, 7])],
)
def test_anomalies_are_left_out_by_labels_and_by_alarms_that_nobody_called_usual(exclude, values):
    new = observed(a_series([5.0, 6.0, 7.0], start=240), [True, True, False])
    found = gathered(new, labels={60: True, 240: False}, exclude=exclude)
    assert found.points.values.tolist() == values
    assert found.left_out == 7 - len(values)


def test_where_nothing_is_left_there_are_no_points():
    found = gathered(labels=dict.fromkeys((0, 60, 120, 180), True))
    assert (len(found.points), found.new, found.left_out) == (0, 0, 4)


def test_rows_are_joined_by_the_names_of_their_variables():
    stored = Frame(np.array([0, 60]), np.array([[1.0, 2.0], [3.0, 4.0]]), ("x1", "x2"))
    turned = Frame(np.array([120]), np.array([[6.0, np.nan]]), ("x2", "x1"))
    others = Frame(np.array([180]), np.array([[7.0, 8.0]]), ("x1", "x3"))
    found = gathered(observed(turned), observed(others), observed(a_series([1.0], start=240)), stored=stored)
    assert found.points.timestamps.tolist() == [0, 60, 120]
    np.testing.assert_array_equal(found.points.values[-1], [np.nan, 6.0])


def test_the_last_fifth_is_held_out_where_it_is_ten_points():
    parts = hold_out(a_series(range(50)))
    assert parts is not None
    assert [len(part) for part in parts] == [40, 10]
    assert hold_out(a_series(range(49))) is None


def test_a_model_may_judge_that_alarms_as_seldom_as_is_usual_or_as_the_champion():
    assert may_judge(0.1, 0.0)
    assert not may_judge(0.11, 0.0)
    assert may_judge(0.5, 0.5)
