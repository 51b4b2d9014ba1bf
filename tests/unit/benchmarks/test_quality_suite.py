"""Made-up series: the anomalies are where they are said to be, and nowhere else."""

import numpy as np
import pytest

from benchmarks.quality import suite
from benchmarks.quality.anomalies import ANOMALIES, SENTINEL
from benchmarks.quality.backgrounds import BACKGROUNDS
from benchmarks.quality.beats import BEATS, CHANGES
from benchmarks.quality.contenders import Contender
from benchmarks.quality.suite import EVENTS, HISTORY, Found, Summary, first_found, make, make_beats

PAIRS = [(kind, background) for kind, anomaly in ANOMALIES.items() for background in anomaly.backgrounds]


@pytest.mark.parametrize(("kind", "background"), PAIRS)
def test_a_series_is_its_background_but_for_its_events(kind, background, monkeypatch):
    drawn = []
    draw = BACKGROUNDS[background]
    monkeypatch.setattr(
        suite, "BACKGROUNDS", {**BACKGROUNDS, background: lambda *given: drawn.append(draw(*given)) or drawn[0].copy()}
    )
    made = make(kind, background, 0)
    changed = np.flatnonzero(made.values != drawn[0])
    events = np.concatenate([np.arange(event.start, event.end + 1) for event in made.events]) + HISTORY
    assert len(made.events) == EVENTS
    assert set(changed.tolist()) <= {*events.tolist(), HISTORY // 2}
    assert (made.values[HISTORY // 2] == SENTINEL) == ANOMALIES[kind].sentinel
    # What is counted may stay as it is: one held at its own value, or rounded to where it was.
    assert len(set(changed.tolist()) & set(events.tolist())) >= 0.7 * events.size
    assert make(kind, background, 0).values.tolist() == made.values.tolist()
    assert make(kind, background, 1).values.tolist() != made.values.tolist()


@pytest.mark.parametrize("beat", BEATS)
@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_beat_can_be_seen_from_its_start_to_its_end(kind, beat):
    made = make_beats(kind, beat, 0)
    shape, noise = BEATS[beat].shape, BEATS[beat].noise
    deviation = np.abs(made.values - np.resize(shape, made.values.size))[HISTORY:]
    assert len(made.events) == EVENTS
    assert np.abs(made.unchanged - np.resize(shape, made.values.size)).max() < 6.0 * noise
    changed = np.flatnonzero(made.unchanged != made.values) - HISTORY
    assert all(any(event.start - shape.size < place <= event.found_until for event in made.events) for place in changed)
    quiet = np.ones(deviation.size, dtype=bool)
    for event in made.events:
        assert event.found_until == event.start + shape.size
        assert deviation[event.start : event.end + 1].mean() > 2.0 * noise
        quiet[event.start - shape.size : event.end + shape.size] = False
    assert deviation[quiet].max() < 6.0 * noise


def test_what_is_found_late_by_chance_or_not_at_all(monkeypatch):
    made = make("level shift", "white", 0)
    flags = np.zeros(made.values.size - HISTORY, dtype=bool)
    first, second = made.events[:2]
    flags[first.start + 7 : first.start + 9] = True
    flags[first.end + 5] = True  # its end is a change as well: neither right nor wrong
    flags[first.end + 6] = True
    flags[second.start - 40] = True
    monkeypatch.setattr(suite, "judge", lambda *_: type("Judged", (), {"flag": flags}))
    found = suite._find(Contender.parse("mad"), made)
    assert found.delays[0] == 7
    assert np.isnan(found.delays[1:]).all()
    assert found.by_chance.tolist() == [False, True, *[False] * 6]
    assert found.false_flags == 2
    assert found.normal_points == flags.size - EVENTS * (60 + 5)


def test_changed_periods_are_seen_beside_the_same_stretches_without_changes(monkeypatch):
    made = make_beats("missing beat", "pulses", 0)
    first, second = made.events[:2]
    flag = np.zeros(made.values.size - HISTORY, dtype=bool)
    flag[first.found_until] = True
    evidence = np.zeros(flag.size)
    evidence[second.start] = 7.0
    nothing = np.full(flag.size, np.nan)
    said = {id(made.values): (np.zeros_like(flag), evidence), id(made.unchanged): (flag, nothing)}
    monkeypatch.setattr(suite, "timed", lambda values: values)
    monkeypatch.setattr(
        suite,
        "judge",
        lambda _, values, __: type("Judged", (), dict(zip(("flag", "incident"), said[id(values)], strict=True))),
    )
    found, seen = suite._find_beats(Contender.parse("auto"), made)
    assert np.isnan(found.delays).all()
    assert seen.evidence.tolist() == [0.0, 7.0, *[0.0] * 6]
    assert seen.usual_flag.tolist() == [True, *[False] * 7]
    assert np.isnan(seen.usual_evidence).all()


def test_the_first_of_each_series():
    delays = ([3.0, np.nan], [np.nan, 1.0], [0.0, 0.0], [np.nan, np.nan])
    series = [Found(np.array(some), np.zeros(2, dtype=bool), false_flags=0, normal_points=9) for some in delays]
    assert first_found(series) == 0.5


def test_a_summary_of_several_series():
    series = [
        Found(np.array([0.0, 4.0]), np.array([False, True]), false_flags=1, normal_points=100),
        Found(np.array([np.nan, 5.0]), np.array([False, False]), false_flags=2, normal_points=200),
    ]
    assert Summary.of(series) == Summary(recall=0.75, by_chance=0.25, delay=4.0, false_per_thousand=10.0)
