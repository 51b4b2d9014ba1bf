"""What a champion's observations show: drift, and the figures beside it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from tidewatch.lifecycle.drift import drift_of
from tidewatch.lifecycle.drift_psi import stability
from tidewatch.lifecycle.observations import Observations
from tidewatch.series import TimeSeries

from tests.support.samples import NOW, a_version


def observed(p_values, values=None, *, start=0, champion=1, anomaly=None):
    size = len(p_values)
    points = TimeSeries(start + 60 * np.arange(size, dtype=np.int64), np.zeros(size) if values is None else values)
    alarms = np.zeros(size, dtype=np.bool_) if anomaly is None else anomaly
    nothing = np.zeros(0)
    return Observations(
        NOW + timedelta(seconds=start), champion, points, np.array(p_values, dtype=np.float64), alarms, None, nothing,
        nothing.astype(np.bool_),
    )  # fmt: skip


CHAMPION = a_version(points_used=2_000, parameters={}, options={"false_alarm_rate": 0.01})


def test_without_a_point_nothing_drifts_and_nothing_is_known():
    found = drift_of(CHAMPION, [], None)
    assert (found.points, found.start, found.drifting, found.since) == (0, None, False, None)
    assert (found.anomaly_rate.rate, found.anomaly_rate.low) == (None, None)


def test_drift_is_an_alarm_that_lasts_and_its_time_is_told():
    random = np.random.default_rng(1)
    p_values = np.concatenate([random.random(1_000), 0.01 * random.random(100)])
    found = drift_of(CHAMPION, [observed(p_values[:700]), observed(p_values[700:], start=60 * 700)], None)
    assert found.drifting
    assert found.since is not None
    assert 60 * 1_000 < found.since < 60 * 1_040
    assert found.alarms == (found.since,)
    assert not drift_of(CHAMPION, [observed(p_values[:1_000])], None).drifting


def test_points_count_once_those_of_other_champions_and_those_without_a_p_value_do_not():
    late = observed([0.5] * 3, start=-180)
    parts = [observed([np.nan, 0.5]), observed([0.001] * 2), observed([0.001] * 90, champion=2), late]
    found = drift_of(CHAMPION, parts, None)
    assert (found.points, found.start, found.end, found.martingale.points) == (5, -180, 60, 4)


def test_the_tolerance_follows_from_what_calibrated_the_version():
    few = a_version(points_used=2_000, parameters={"calibration": {"count": 100}})
    assert drift_of(few, [], None).calibrated_by == 100
    assert drift_of(few, [], None).martingale.tolerance > drift_of(CHAMPION, [], None).martingale.tolerance


def test_the_anomaly_rate_has_an_interval_and_its_promise():
    random = np.random.default_rng(2)
    rate = drift_of(CHAMPION, [observed(random.random(1_000), anomaly=np.arange(1_000) % 50 == 0)], None).anomaly_rate
    assert (rate.points, rate.anomalies, rate.rate, rate.promised) == (1_000, 20, 0.02, 0.01)
    assert rate.low is not None
    assert rate.high is not None
    assert 0.01 < rate.low < 0.02 < rate.high < 0.035


def test_the_stability_of_a_series_is_that_of_its_values():
    random = np.random.default_rng(3)
    trained_on = TimeSeries(np.arange(2_000, dtype=np.int64), random.normal(size=2_000))
    (found,) = drift_of(CHAMPION, [observed(random.random(500), random.normal(1, 1, 500))], trained_on).stability
    assert (found.variable, found.reading) == ("value", "significant")


@pytest.mark.parametrize(
    ("shift", "size", "reading"),
    [
        (0.0, 1_000, "stable"),
        (0.4, 1_000, "moderate"),
        (1.0, 1_000, "significant"),
        (1.0, 50, "too few points"),
        (0.0, 0, "too few points"),
    ],
)
def test_the_stability_index_reads_as_usual(shift, size, reading):
    random = np.random.default_rng(4)
    found = stability("x1", random.normal(size=5_000), random.normal(shift, 1, size))
    assert found.reading == reading


def test_by_chance_the_index_is_about_what_is_said():
    random = np.random.default_rng(5)
    found = [stability("x1", random.normal(size=500), random.normal(size=300)) for _ in range(40)]
    assert np.mean([each.index for each in found]) == pytest.approx(found[0].by_chance, rel=0.25)


def test_the_index_is_finite_where_a_bin_is_empty_values_tie_or_are_missing():
    empty = stability("x1", np.arange(1_000.0), np.full(1_000, 1e6))
    assert np.isfinite(empty.index)
    assert stability("x1", np.full(1_000, 3.0), np.full(1_000, 3.0)).reading == "stable"
    assert stability("x1", np.full(1_000, 3.0), np.full(1_000, 4.0)).reading == "significant"
    assert stability("x1", np.array([1.0, np.nan]), np.full(3, np.nan)).index is None
