"""What ``auto`` does with what real series are like: sentinels, gaps, counters, silence, two values, shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tidewatch.detectors.ensemble.auto import THRESHOLD, Stream
from tidewatch.detectors.ensemble.auto.stored import restore, store

HOUR = 3_600
TIMES = 1_700_000_000 + HOUR * np.arange(3_000, dtype=np.int64)


def daily(size=3_000, seed=0, noise=0.5):
    return 20 + 5 * np.sin(2 * np.pi * np.arange(size) / 24) + np.random.default_rng(seed).normal(0, noise, size)


def judge(values, times=TIMES):
    return Stream().extend(times[: values.size], values)


WITHOUT = daily()
WITHOUT[2_600] += 50.0


@pytest.mark.slow
@settings(max_examples=25, derandomize=True)
@given(
    at=st.integers(0, 2_500),
    size=st.sampled_from([65_535.0, -65_535.0, 1e9, -1e15]) | st.floats(200.0, 1e300) | st.floats(-1e300, -200.0),
)
def test_one_sentinel_of_any_size_changes_nothing(at, size):
    values = WITHOUT.copy()
    values[at] = size
    found, plain = judge(values), judge(WITHOUT)
    assert found.anomaly[2_600]
    assert found.evidence[2_600] > 5.0
    after = slice(max(at + 2, 32), None)
    assert (found.anomaly[after] != plain.anomaly[after]).sum() <= 2
    assert found.anomaly[at] or at < 32


@pytest.mark.parametrize("at", [5, 100, 1_500])
def test_how_large_a_sentinel_is_does_not_matter(at):
    small, large = WITHOUT.copy(), WITHOUT.copy()
    small[at], large[at] = 1e4, 1e13
    small, large = judge(small), judge(large)
    for name in ("anomaly", "evidence", "incident", "expected"):
        np.testing.assert_allclose(
            getattr(small, name)[at + 2 :].astype(float),
            getattr(large, name)[at + 2 :].astype(float),
            rtol=0.05,
            atol=0.05,
        )


@pytest.mark.parametrize("missing", [1, 7, 100, 1_000])
def test_a_gap_does_not_move_the_season(missing):
    values = daily(noise=0.2)
    kept = np.delete(np.arange(3_000), np.arange(1_500, 1_500 + missing))
    found = Stream().extend(TIMES[kept], values[kept])
    after = kept >= 1_500
    np.testing.assert_allclose(found.expected[after], daily(noise=0.0)[kept][after], atol=0.8)
    assert found.anomaly[after].mean() < 0.005


def test_points_that_are_often_missing():
    kept = np.random.default_rng(0).random(3_000) > 0.05
    found = Stream().extend(TIMES[kept], daily(noise=0.2)[kept])
    assert np.abs(found.expected - daily(noise=0.0)[kept])[500:].max() < 1.5
    assert found.anomaly[500:].mean() < 0.005


def test_more_gaps_than_points_are_closed():
    """A day is missing after every tenth point: filling all of that in would be most of the work."""
    times = TIMES + HOUR * 23 * (np.arange(3_000) // 10)
    stream = Stream()
    stream.extend(times, daily())
    assert stream.marks.count < 2 * 3_000 + 6_144


def test_resets_of_a_counter_are_no_anomalies_once_they_are_known():
    random = np.random.default_rng(0)
    steps = random.uniform(5, 15, 3_000)
    values, total = np.zeros(3_000), 0.0
    for place, step in enumerate(steps):
        total = 0.0 if random.random() < 0.01 else total + step
        values[place] = total
    assert judge(values).anomaly[500:].mean() < 0.003


def test_a_counter_that_jumps_is_flagged_where_it_does():
    values = np.cumsum(np.random.default_rng(1).uniform(5, 15, 3_000))
    values[2_000] += 30_000.0
    assert np.flatnonzero(judge(values).anomaly[1_990:2_010]).tolist() == [10]


def test_a_change_after_silence_is_flagged_at_once_and_is_soon_usual():
    values = np.append(np.zeros(1_000), 7.0 + np.random.default_rng(0).normal(0, 1, 2_000))
    found = judge(values)
    assert not found.anomaly[:1_000].any()
    assert found.anomaly[1_000]
    assert found.incident[1_000:1_030].max() >= THRESHOLD
    assert found.anomaly[1_001:].sum() < 60
    assert found.anomaly[1_300:].mean() < 0.01


def test_a_single_change_in_silence_is_one_anomaly():
    values = np.zeros(2_000)
    values[1_500] = 3.0
    assert np.flatnonzero(judge(values).anomaly).tolist() == [1_500]


def test_a_stretch_that_is_stuck_opens_an_incident_and_flags_little():
    values = daily()
    values[2_000:2_060] = values[2_000]
    found = judge(values)
    assert found.incident[2_000:2_060].max() >= THRESHOLD
    assert found.anomaly[2_060:].mean() < 0.005


@pytest.mark.parametrize("share", [0.5, 0.05, 0.01])
def test_a_series_of_two_values_is_not_flagged_for_having_two(share):
    values = (np.random.default_rng(0).random(3_000) < share).astype(float)
    assert judge(values).anomaly[1_000:].mean() < 0.003


def test_a_third_value_is_flagged():
    values = (np.random.default_rng(0).random(3_000) < 0.05).astype(float)
    values[2_500] = 40.0
    assert judge(values).anomaly[2_500]


BEATS = {
    "saw": lambda u: np.where(u < 0.7, u / 0.7, (1 - u) / 0.3),
    "humps": lambda u: np.sin(np.pi * u) ** 2 + 0.5 * np.exp(-(((u - 0.25) / 0.08) ** 2)),
    "work": lambda u: 1 / (1 + np.exp(-(u - 0.3) * 40)) - 1 / (1 + np.exp(-(u - 0.75) * 15)),
}
BENT = {
    "missing": lambda u, beat: np.full_like(u, beat(u)[0]),
    "reversed": lambda u, beat: beat(u)[::-1],
    "warped": lambda u, beat: beat(u**2),
}


@pytest.mark.slow
@pytest.mark.parametrize("bend", BENT)
def test_a_bent_beat_is_found_within_one_period(bend):
    """Of 15 series at least 12 are flagged, and an incident opens in 14."""
    flagged = opened = 0
    for beat in BEATS.values():
        for period in (24, 60, 100, 168, 288):
            u, begin = np.arange(period) / period, 25 * period
            values = np.tile(beat(u), 30)
            values[begin : begin + period] = BENT[bend](u, beat)
            values += np.random.default_rng(period).normal(0, 0.05, values.size)
            found = Stream().extend(1_700_000_000 + 300 * np.arange(values.size), values)
            flagged += bool(found.anomaly[begin : begin + period].any())
            opened += bool((found.incident[begin : begin + period] >= THRESHOLD).any())
    assert flagged >= 12
    assert opened >= 14


def test_beats_bent_alike_are_found_again_and_again():
    """The first is no reason to take the second for usual; and a stream judges as a batch does, to the bit."""
    beat, period = BEATS["saw"](np.arange(40) / 40), 40
    values = np.tile(10.0 * beat, 150)
    begins = period * np.array([60, 69, 80, 93, 101, 111, 123, 134])
    for begin in begins:
        values[begin : begin + period] = 10.0 * beat[::-1]
    values += np.random.default_rng(3).normal(0, 0.5, values.size)
    times = 1_700_000_000 + 600 * np.arange(values.size)
    found = Stream().extend(times, values)
    places = np.flatnonzero(found.anomaly)
    assert all(((begin <= places) & (places <= begin + period)).any() for begin in begins)
    assert all(((begins <= place) & (place <= begins + period)).any() for place in places[places > 500])
    stream = Stream()
    for begin in range(0, values.size, 1_237):
        part = slice(begin, begin + 1_237)
        np.testing.assert_array_equal(stream.extend(times[part], values[part]).anomaly, found.anomaly[part])
        stream = restore(store(stream))


def test_a_spike_is_no_stretch():
    values = np.tile(10.0 * BEATS["saw"](np.arange(40) / 40), 100)
    values += np.random.default_rng(4).normal(0, 0.5, values.size)
    values[3_000] += 1_000.0
    found = Stream().extend(1_700_000_000 + 600 * np.arange(values.size), values)
    assert np.flatnonzero(found.anomaly[2_000:]).tolist()[:1] == [1_000]
