"""What holds for the events of any judgement.

- Every anomalous point is in exactly one event; events are in order and do not touch.
- Within an event neighbours are at most ``GAP`` usual points apart, between events more.
- The peak is the strangest point, the first of equals; severity and direction are the peak's.
- An event alerts at its start, and again exactly where the evidence is ``WORSE`` times that of the alert before.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.calibration.conformal import severity_of
from tidewatch.detectors import Scores, find_events
from tidewatch.detectors.events import GAP, WORSE

# In eighths, so that there are equals, and the first below 1 in 10.
evidence = st.integers(1, 400).map(lambda eighths: eighths / 8) | st.just(300.0)
point = st.tuples(st.sampled_from(["usual", "usual", "usual", "anomaly", "warming up"]), evidence, st.integers(-1, 1))
runs = st.lists(st.tuples(point, st.integers(1, 6)), max_size=40)
judgements = runs.map(lambda found: scores_of([each for each, length in found for _ in range(length)]))


def scores_of(points: list[tuple[str, float, int]]) -> Scores:
    kinds = np.array([kind for kind, _, _ in points], dtype=object)
    warming_up = kinds == "warming up"
    known = np.where(warming_up, np.nan, np.array([each for _, each, _ in points], dtype=np.float64))
    nothing = np.full(len(points), np.nan)
    return Scores(
        anomaly=kinds == "anomaly",
        score=known,
        p_value=np.power(10.0, -known),
        severity=severity_of(known),
        expected=nothing,
        lower=nothing,
        upper=nothing,
        direction=np.array([direction for _, _, direction in points], dtype=np.int8),
        warming_up=warming_up,
    )


@given(judgements)
def test_each_anomalous_point_is_in_exactly_one_event(scores: Scores):
    events = find_events(scores)
    covered = [index for event in events for index in range(event.start_index, event.end_index + 1)]
    assert covered == sorted(set(covered))
    assert [index for index in covered if scores.anomaly[index]] == np.flatnonzero(scores.anomaly).tolist()
    for event in events:
        inside = scores.anomaly[event.start_index : event.end_index + 1]
        assert inside[0]
        assert inside[-1]
        assert event.points == np.count_nonzero(inside)


@given(judgements)
def test_a_small_gap_does_not_split_and_a_larger_one_does(scores: Scores):
    events = find_events(scores)
    for event in events:
        places = event.start_index + np.flatnonzero(scores.anomaly[event.start_index : event.end_index + 1])
        assert all(after - before <= GAP + 1 for before, after in pairwise(places))
    assert all(after.start_index - before.end_index > GAP + 1 for before, after in pairwise(events))


@given(judgements)
def test_the_peak_is_the_first_of_the_strangest_points(scores: Scores):
    for event in find_events(scores):
        places = range(event.start_index, event.end_index + 1)
        inside = [index for index in places if scores.anomaly[index]]
        least = min(scores.p_value[index] for index in inside)
        assert event.peak_index == next(index for index in inside if scores.p_value[index] == least)
        assert event.severity == scores.severity[event.peak_index] == max(scores.severity[index] for index in inside)
        assert event.direction == scores.direction[event.peak_index]


@given(judgements)
def test_an_event_alerts_once_and_again_where_it_got_worse(scores: Scores):
    for event in find_events(scores):
        alerts, told = [event.start_index], max(-np.log10(scores.p_value[event.start_index]), 1.0)
        for index in range(event.start_index + 1, event.end_index + 1):
            evidence = -np.log10(scores.p_value[index])
            if scores.anomaly[index] and evidence >= WORSE * told:
                alerts.append(index)
                told = evidence
        assert list(event.alerts) == alerts


@given(judgements)
def test_nothing_is_mutated(scores: Scores):
    before = scores.anomaly.copy(), scores.p_value.copy()
    find_events(scores)
    assert np.array_equal(before[0], scores.anomaly)
    assert np.array_equal(before[1], scores.p_value, equal_nan=True)
