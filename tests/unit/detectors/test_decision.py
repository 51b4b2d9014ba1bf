"""The decision where the options name no threshold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, fit_model, restore_model
from tidewatch.detectors.decision import Decision, Past
from tidewatch.detectors.learned.local_outlier_factor import LocalOutlierFactorOptions
from tidewatch.detectors.statistical.mad import MadOptions
from tidewatch.series import TimeSeries

from tests.checks.invariants import stored_and_loaded

random = np.random.default_rng(5)
EXPLICIT = {
    "mad": {"threshold": 3.5},
    "iqr": {"k": 1.5},
    "evt": {"risk": 1e-4},
    "ewma": {"sigmas": 3.0},
    "moving_average": {"sigmas": 3.0},
    "holt_winters": {"sigmas": 3.0},
    "seasonal_decomposition": {"sigmas": 3.0, "period": 24},
    "dbscan": {"noise": 0.01},
    "kmeans": {"sigmas": 3.0},
    "local_outlier_factor": {"score_threshold": 1.5},
    "one_class_svm": {"nu": 0.01},
    "sub_pca": {"sigmas": 3.0},
}


def hourly(values, start=0):
    return TimeSeries(3600 * (start + np.arange(len(values), dtype=np.int64)), np.asarray(values, dtype=np.float64))


def by_definition(scores, limit, recent, events, length):
    """The limits, one point and one chain of events at a time."""
    limits = []
    for place in range(len(scores)):
        past = scores[max(place - recent, 0) : place]
        best = limit
        for level in sorted({s for s in past if s > limit}):
            last, count = -np.inf, 0
            for at, score in enumerate(past):
                if score >= level and at - last >= length:
                    last, count = at, count + 1
            best = level if count >= events else best
        limits.append(best)
    return limits


@pytest.mark.parametrize(("recent", "events", "length"), [(20, 1, 1), (20, 2, 3), (30, 3, 5), (200, 3, 10)])
def test_a_score_that_several_recent_events_reached_is_usual(recent, events, length):
    scores = np.round(random.exponential(1.0, 400), 1)
    scores[:7] = np.nan
    decision = Decision(1.0, recent, events, length)
    expected = by_definition(np.nan_to_num(scores, nan=-1.0).tolist(), 1.0, recent, events, length)
    assert decision.limits(Past.none(), scores).tolist() == expected
    # A point's limit does not depend on how many are asked about, nor on how its past came about.
    past = Past.none()
    for begin, end in pairwise([0, 5, 6, 7, 90, 300, 350, 351, 400]):
        assert decision.limits(past, scores[begin:end]).tolist() == expected[begin:end]
        past = Past.from_json(decision.after(past, scores[begin:end]).to_json())
    assert decision.limits(past, scores[:0]).size == 0


def test_an_infinite_score_is_stored_as_null():
    past = Decision(1.0, 200).after(Past.none(), np.array([np.nan, np.inf, 0.5, 2.0]))
    assert past.to_json() == {"ago": [3, 1], "scores": [None, 2.0]}
    assert Past.from_json(past.to_json()).scores.tolist() == [np.inf, 2.0]


@pytest.mark.parametrize("name", EXPLICIT)
def test_a_threshold_that_is_given_decides_alone(name):
    """And the default raises fewer alarms, never others, on noise with a heavy tail whose level moves on."""
    detector = CATALOGUE[name]
    usual = random.standard_t(3, 900)
    history, later = hourly(usual[:500]), hourly(usual[500:] + np.repeat([0.0, 12.0], 200), 500)
    given = fit_model(history, detector.options_type(**EXPLICIT[name])).score(later)
    season = {"period": 24} if "period" in EXPLICIT[name] else {}
    default = fit_model(history, detector.options_type(**season)).score(later)
    assert default.p_value.tolist() == given.p_value.tolist()
    assert not (default.anomaly & ~given.anomaly).any()
    assert default.anomaly[200:220].any(), "the change is found"
    assert default.anomaly.sum() <= given.anomaly.sum()


@pytest.mark.parametrize("name", EXPLICIT)
def test_one_by_one_as_all_at_once(name):
    """Whatever is known of the past: the stored model's own, or what a client sends; the band with it."""
    values = np.sin(np.arange(900) / 4.0) * 5.0 + random.standard_t(3, 900)
    values[[420, 450, 480]] += 9.0
    values[650:] += 60.0
    series = hourly(values)
    season = {"period": 24} if "period" in EXPLICIT[name] else {}
    model = stored_and_loaded(fit_model(series.part(0, 500), CATALOGUE[name].options_type(**season)))
    together = model.score(series.part(500))
    assert together.anomaly.any()
    again = model.score(series.part(500), series.part(0, 500))
    for field in ("anomaly", "lower", "upper"):
        np.testing.assert_array_equal(getattr(again, field), getattr(together, field))
    for place in (500, 520, 649, 650, 655, 690, 899):
        alone = model.score(series.part(place, place + 1), series.part(0, place))
        assert alone.anomaly[0] == together.anomaly[place - 500]
        np.testing.assert_allclose(alone.upper, together.upper[place - 500 : place - 499], rtol=1e-12)
    first = model.score(series.part(500, 501))
    np.testing.assert_array_equal(first.upper, together.upper[:1])


def test_chunks_remember_the_chunks_before():
    """As far as the 800 points that most learners compare with."""
    usual = random.normal(0.0, 1.0, 6_000)
    usual[[4_500, 4_590, 4_800, 5_700]] = 30.0
    model = fit_model(hourly(usual[:400]), LocalOutlierFactorOptions())
    later = hourly(usual[400:], 400)
    whole = model.score(later).anomaly
    for cut in (4_050, 4_150, 4_500):
        part = model.score(later.part(cut), hourly(usual[: 400 + cut])).anomaly
        assert part.tolist() == whole[cut:].tolist()


@pytest.mark.parametrize("options", [MadOptions(), LocalOutlierFactorOptions()])
def test_another_level_is_unusual_for_a_while_only(options):
    usual = random.normal(0.0, 1.0, 1_500)
    model = fit_model(hourly(usual[:1_000]), options)
    found = model.score(hourly(usual[1_000:] + 20.0, 1_000)).anomaly
    assert found[:10].all()
    assert found[60:].mean() < 0.05


def test_an_incident_of_ten_points_is_found_whole():
    usual = random.normal(0.0, 1.0, 1_200)
    usual[[900, 1_050]] = 50.0, -50.0
    usual[1_100:1_110] += 15.0
    model = fit_model(hourly(usual[:1_000]), MadOptions())
    assert np.flatnonzero(model.score(hourly(usual[1_000:], 1_000)).anomaly).tolist() == [50, *range(100, 110)]


def test_a_stored_model_remembers_the_points_that_it_compares_with():
    usual = random.normal(0.0, 1.0, 700)
    usual[[450, 470, 490]] = 30.0
    series = hourly(usual)
    model = fit_model(series.part(0, 500), MadOptions())
    after = hourly([0.0, 25.0, 40.0], 500)
    for one in (model, stored_and_loaded(model)):
        assert one.score(after).anomaly.tolist() == [False, False, True]
        assert one.score(after, series.part(0, 500)).anomaly.tolist() == [False, False, True]
        assert one.score(after, series.part(0, 440)).anomaly.tolist() == [False, True, True]


def test_a_model_that_was_stored_with_the_points_themselves_is_read():
    usual = random.normal(0.0, 1.0, 700)
    usual[[450, 470, 490]] = 30.0
    model = fit_model(hourly(usual[:500]), MadOptions())
    assert not model.arrays(), "a few high scores are all that is stored"
    parameters = dict(model.parameters())
    assert parameters.pop("past")["ago"] == [50, 30, 10]
    tail = {"tail_timestamps": 3600 * np.arange(300, 500), "tail_values": usual[300:500]}
    before = restore_model("mad", model.options.model_dump(), parameters, tail)
    after = hourly([25.0, 40.0], 500)
    assert before.score(after).anomaly.tolist() == model.score(after).anomaly.tolist() == [False, True]
    assert before.parameters() == model.parameters()
