"""A history that never changed, learned because somebody asked for it."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.series import TimeSeries

from tests.checks.invariants import check_band, check_learned, check_model_comes_back, check_scores
from tests.support.strategies import MAX


def still(value: float, points: int) -> TimeSeries:
    return TimeSeries(60 * np.arange(points), np.full(points, value))


@pytest.mark.parametrize("name", CATALOGUE)
def test_any_change_is_an_anomaly_whichever_detector_learned_it(name):
    model = fit_model(still(7.0, 99), CATALOGUE[name].options_type(), allow_constant=True)
    points = TimeSeries(np.arange(4), np.array([7.0, 7.5, np.nextafter(7.0, 0), -MAX]))
    scores = model.score(points)
    assert scores.anomaly.tolist() == [False, True, True, True]
    assert scores.p_value == pytest.approx([1.0, 0.01, 0.01, 0.01])
    assert scores.direction.tolist() == [0, 1, -1, -1]
    assert model.learned() == {"value": 7.0}
    check_scores(scores, points)
    check_band(scores, points)
    check_learned(model)
    check_model_comes_back(model, points)


@pytest.mark.parametrize("value", [MAX, -MAX, 5e-324, 0.0, -0.0])
def test_any_value_can_be_the_one(value):
    model = fit_model(still(value, 5), CATALOGUE["mad"].options_type(false_alarm_rate=0.01), allow_constant=True)
    scores = model.review(still(value, 5))
    assert not scores.anomaly.any()
    assert scores.severity.tolist() == [0.0] * 5
    points = TimeSeries(np.arange(2), np.array([MAX, -MAX]))
    check_scores(model.score(points), points)


def test_a_longer_history_supports_a_higher_severity():
    severities = [
        fit_model(still(1.0, points), CATALOGUE["mad"].options_type(), allow_constant=True)
        .score(TimeSeries.of_point(0, 2.0))
        .severity[0]
        for points in (5, 50, 5_000)
    ]
    assert severities == sorted(severities)
    assert severities[2] > severities[0] + 0.2


def test_a_history_that_changed_is_learned_by_the_detector():
    series = TimeSeries(np.arange(6), np.array([1.0, 1.0, 1.0, 1.0, 1.0, 2.0]))
    options = CATALOGUE["mad"].options_type()
    allowed, usual = fit_model(series, options, allow_constant=True), fit_model(series, options)
    assert allowed.parameters() == usual.parameters()
