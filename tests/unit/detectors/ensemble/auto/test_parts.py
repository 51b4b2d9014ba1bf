"""The parts of ``auto``, each against a plain account of what it should do."""

import numpy as np
import pytest
from tidewatch.calibration.pareto import fit_pareto
from tidewatch.detectors.ensemble.auto.codes import from_codes, rounded, to_codes
from tidewatch.detectors.ensemble.auto.gaps import Pace
from tidewatch.detectors.ensemble.auto.incident import Shapes, roughness, running_means
from tidewatch.detectors.ensemble.auto.order import WinsorLimits, deviation_of, middle_of, scale_of
from tidewatch.detectors.ensemble.auto.past import EVERY, MEASURED, Deviations
from tidewatch.detectors.ensemble.auto.point import ECHO, echoed
from tidewatch.detectors.ensemble.auto.ring import Ring
from tidewatch.detectors.ensemble.auto.season import earlier_residuals, earlier_rows, nearest_other, trimmed_mean
from tidewatch.detectors.ensemble.auto.tails import Tail, tamed
from tidewatch.detectors.ensemble.auto.unit import Unit
from tidewatch.detectors.events import Alerts, alert_once
from tidewatch.detectors.seasonal.period import find_period


def normal(size, seed=0):
    return np.random.default_rng(seed).normal(size=size)


def test_sizes_are_kept_to_three_digits_in_two_bytes():
    sizes = np.append(0.0, 10.0 ** np.random.default_rng(0).uniform(-18, 18, 1_000))
    codes = to_codes(sizes)
    assert codes.dtype == np.uint16
    np.testing.assert_allclose(from_codes(codes), sizes, rtol=1e-3)
    np.testing.assert_array_equal(rounded(rounded(sizes)), rounded(sizes))
    assert (np.diff(rounded(np.sort(sizes))) >= 0).all()
    assert from_codes(to_codes(np.array([0.0, 1e-30]))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("values", [
    np.linspace(-1.0, 1.0, 16) + 1e15, np.zeros(16), np.full(16, -1e308), np.tile([5e-324, 0.0], 8),
    np.tile([1e308, -1e308], 8),
])  # fmt: skip
def test_a_unit_takes_values_there_and_back(values):
    unit = Unit.of(values)
    np.testing.assert_allclose(unit.unscale(unit.scale(values)), values, rtol=1e-6)
    assert np.isfinite(unit.scale(np.array([1.7e308, -1.7e308, 5e-324]))).all()


def test_a_unit_follows_the_series_without_moving_it():
    unit = Unit.of(normal(16))
    move, grow = unit.follow(1e9, 3e7)
    moved = unit.moved(move, grow)
    values = unit.unscale(np.array([1e9, 1.02e9]))
    np.testing.assert_allclose(moved.unscale(moved.scale(values)), values, rtol=1e-9)
    assert unit.follow(3.0, 2.0) == (0.0, 0)


@pytest.mark.parametrize("size", [3, 10, 11])
def test_the_deviation_is_that_of_the_nearer_half(size):
    values = np.sort(normal(size, size))
    centre = middle_of(values)
    assert deviation_of(values, centre) == pytest.approx(np.sort(np.abs(values - centre))[size // 2])


def test_the_scale_of_what_rarely_changes_is_that_of_its_changes():
    sizes = np.append(np.zeros(95), [4.0, 5.0, 6.0, 5.0, 5.0])
    assert scale_of(sizes, 1e-9) == pytest.approx(1.4826 * 5.0, rel=1e-3)
    assert scale_of(np.zeros(9), 1e-9) == 1e-9


def test_values_are_held_to_the_range_of_all_but_the_wildest():
    values = normal(1_000)
    values[500] = 1e6
    reach = WinsorLimits.of(np.sort(values), 3.3)
    assert -5.0 < reach.lowest < -3.0
    assert 3.0 < reach.highest < 5.0
    assert reach.hold(np.array([-1e300, 0.5, 1e300])).tolist() == [reach.lowest, 0.5, reach.highest]


@pytest.mark.parametrize("step", [60, 300, 3_600])
def test_the_period_of_a_day(step):
    period = 86_400 // step
    values = np.sin(2 * np.pi * np.arange(4_000) / period) + 0.1 * normal(4_000)
    assert find_period(np.arange(4_000) * step, values, 8_192) == period


def test_a_period_that_is_none_of_the_calendar():
    values = np.sin(2 * np.pi * np.arange(3_000) / 50) + 0.1 * normal(3_000)
    assert find_period(np.arange(3_000) * 300, values, 8_192) % 50 == 0


def test_rows_are_what_was_there_in_earlier_periods():
    past = np.arange(100.0)
    rows = earlier_rows(past, 4, (3, 2), 10, 5)
    assert rows.shape == (5, 9)
    np.testing.assert_array_equal(rows[0], np.arange(83.0, 92.0))
    np.testing.assert_array_equal(rows[4], np.arange(43.0, 52.0))


def test_a_mean_of_three_or_more_leaves_out_the_highest_and_the_lowest():
    assert trimmed_mean(np.array([[1.0], [9e9], [2.0], [-9e9]])).tolist() == [1.5]
    assert trimmed_mean(np.array([[1.0], [3.0]])).tolist() == [2.0]


def test_distances_from_earlier_and_from_all_periods():
    values = np.tile([1.0, 5.0, 2.0, 8.0, 3.0, 3.0, 9.0, 7.0], 20)
    values[83] += 4.0
    earlier, nearest = earlier_residuals(values, 8, 14), nearest_other(values, 8, 14)
    assert nearest[83] == 4.0
    assert np.count_nonzero(nearest) == 1
    assert earlier.shape == values.shape
    assert earlier[83] - earlier[75] == pytest.approx(4.0)


def test_running_means_and_roughness():
    values = normal(100)
    fast, slow = running_means(values, 60)
    np.testing.assert_allclose(fast, [values[i - 3 : i + 1].mean() for i in range(60, 100)])
    np.testing.assert_allclose(slow, [values[i - 23 : i + 1].mean() for i in range(60, 100)])
    steps = [np.abs(np.diff(values[i - 50 : i + 1])).mean() for i in range(60, 100)]
    np.testing.assert_allclose(roughness(values, 60), steps)


@pytest.mark.parametrize("cut", [1, 17, 90])
def test_the_distance_of_a_period_from_the_nearest_before_it(cut):
    values, period = normal(400), 48
    begin = 300
    plain = [
        min(
            np.sqrt(np.mean((values[i - 47 : i + 1] - values[i - 47 - lag : i + 1 - lag]) ** 2))
            for lag in (k * period + move * 2 for k in (1, 2, 3, 4) for move in (-1, 0, 1))
        )
        for i in range(begin, 400)
    ]
    shapes = Shapes(values[:begin], period)
    found = [
        shapes.measure(values[:end], min(cut, end - begin)) for end in range(begin + cut, 400 + cut, cut) if end <= 400
    ]
    found = np.concatenate(found)
    np.testing.assert_allclose(found, plain[: found.size], rtol=2e-3)


def test_a_score_is_half_of_a_point_and_half_of_the_score_before():
    pairs = np.abs(normal(60))
    plain, score = [], 0.0
    for pair in pairs:
        score = 0.5 * pair + 0.5 * score
        plain.append(score)
    np.testing.assert_allclose(echoed(np.append(np.zeros(ECHO), pairs)), plain, atol=1e-3)


def test_the_two_largest_of_a_past_are_held():
    assert tamed(np.array([1.0, 1e9, 2.0, 1e12, 3.0])).tolist() == [1.0, 6.0, 2.0, 6.0, 3.0]


def test_ranks_up_to_the_largest_and_pareto_beyond():
    past = np.sort(np.abs(normal(2_000)))
    tail = Tail.of(past, 1e-9)
    assert tail.rank_evidence(past[-1:])[0] == pytest.approx(np.log10(2_001 / 2))
    assert tail.rank_evidence(np.array([0.0]))[0] == 0.0
    beyond = tail.rank_evidence(past[-1] + np.array([1e-9, 0.5, 5.0, 1e9]))
    assert (np.diff(beyond) > 0).all()
    assert beyond[0] == pytest.approx(np.log10(2_001), abs=1e-3)
    (scale,), (shape,) = fit_pareto(past[None, -40:] - past[-41])
    assert (tail.scale, tail.shape) == (pytest.approx(scale), pytest.approx(shape))
    slow = Tail.of(past, 1e-9, memory=24.0)
    assert slow.evidence(past[-1:])[0] < tail.evidence(past[-1:])[0]


def test_a_ring_keeps_the_last():
    ring, seen = Ring(10), np.zeros(0)
    random = np.random.default_rng(0)
    for size in random.integers(0, 14, 60):
        block = random.normal(size=size)
        ring.push(block)
        seen = np.append(seen, block)
        np.testing.assert_array_equal(ring.view(), seen[-10:])
        np.testing.assert_array_equal(ring.copy().view(), seen[-10:])


def test_what_was_measured_is_remembered_as_often_as_it_changes():
    deviations, sizes = Deviations(), np.arange(1_001.0)
    for begin in range(0, 1_001, 7):
        deviations.push(dict.fromkeys(EVERY, sizes[begin : begin + 7]))
    for name, every in EVERY.items():
        np.testing.assert_array_equal(deviations.of(name, 1_001), sizes[::every])
        np.testing.assert_array_equal(deviations.of(name, 900), sizes[:900:every])
        deviations.replace(name, 2.0 * sizes[-500:])
        anew = 2.0 * sizes[501:]
        np.testing.assert_array_equal(deviations.of(name, 1_001), anew[sizes[501:] % every == 0])
    assert MEASURED > 1_001


def test_missing_points_are_counted_where_steps_are_even():
    pace = Pace.of(np.arange(60) * 300)
    assert pace.missing(np.array([300, 310, 600, 300 * 51, 300 * 101]), 50).tolist() == [0, 0, 1, 50, 0]
    assert not pace.missing(np.array([9_000]), 0).any()
    uneven = np.cumsum(np.random.default_rng(0).integers(1, 1_000, 60))
    assert not Pace.of(uneven).missing(np.array([100_000]), 50).any()


def test_one_alert_for_one_incident():
    scores = np.zeros(40)
    scores[[5, 6, 9, 14, 25, 30]] = [6, 7, 6, 6, 6, 30]
    assert np.flatnonzero(alert_once(scores, 5.0, recovery=5)).tolist() == [5, 25]
    assert np.flatnonzero(alert_once(scores, 5.0, recovery=4)).tolist() == [5, 14, 25, 30]
    assert np.flatnonzero(alert_once(scores, 5.0, recovery=10, worse=4.0)).tolist() == [5, 25, 30]
    assert np.flatnonzero(alert_once(scores, 8.0, recovery=10)).tolist() == [30]


def test_alerts_go_on_from_call_to_call():
    scores = np.random.default_rng(0).exponential(2.0, 500)
    whole = alert_once(scores, 5.0, recovery=7, worse=1.25)
    state, parts = Alerts(), []
    for begin in range(0, 500, 9):
        parts.append(alert_once(scores[begin : begin + 9], 5.0, recovery=7, worse=1.25, state=state))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
