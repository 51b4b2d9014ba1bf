"""Tails, seasons, stretches, rings and alerts of ``auto``."""

import numpy as np
import pytest
from tidewatch.detectors.ensemble.auto.ring import Ring
from tidewatch.detectors.ensemble.auto.season import leave_one_out, same_phase
from tidewatch.detectors.ensemble.auto.shape import LENGTH, Stretches
from tidewatch.detectors.ensemble.auto.tails import Tails
from tidewatch.detectors.events import Alerts, alert_once
from tidewatch.detectors.seasonal.period import find_period

ONE = np.ones(1)


def test_a_p_value_is_the_rank_in_the_body():
    tails = Tails.of(np.arange(999.0)[None], np.array([1e-9]), ONE)
    evidence = tails.evidence(0, np.array([-1.0, 0.0, 500.0, 900.0]))
    np.testing.assert_allclose(evidence, -np.log10([1.0, 1.0, 500 / 1000, 100 / 1000]))


def test_a_smooth_statistic_counts_its_whole_window():
    ranks = np.arange(990.0)[None]
    (plain,), (smooth,) = (
        Tails.of(ranks, np.array([1e-9]), np.array([memory])).evidence(0, np.array([900.0])) for memory in (1.0, 10.0)
    )
    assert (10**-plain, 10**-smooth) == (pytest.approx(91 / 991), pytest.approx(100 / 1000))


def test_equals_are_not_unusual():
    assert Tails.of(np.zeros((1, 100)), np.array([1e-3]), ONE).evidence(0, np.zeros(3)).tolist() == [0.0] * 3


@pytest.mark.parametrize("draw", [lambda r, n: r.exponential(size=n), lambda r, n: r.pareto(4.0, size=n)])
def test_the_tail_goes_on_as_the_distribution_does(draw):
    random = np.random.default_rng(0)
    tails = Tails.of(np.sort(draw(random, 4096))[None], np.array([1e-9]), ONE)
    fresh = tails.evidence(0, draw(random, 400_000))
    for evidence in (2.0, 3.0, 4.0):
        assert (fresh >= evidence).mean() == pytest.approx(10**-evidence, rel=0.8)


def test_evidence_rises_with_the_value_and_the_limit_inverts_it():
    tails = Tails.of(np.sort(np.random.default_rng(0).normal(size=2000))[None], np.array([1e-9]), ONE)
    assert (np.diff(tails.evidence(0, np.linspace(-5, 50, 500))) >= 0).all()
    assert tails.evidence(0, np.array([tails.limit(0, 1e-5)]))[0] == pytest.approx(5.0)


@pytest.mark.parametrize(("step", "period"), [(300, 288), (3_600, 24), (86_400, 7), (60, 1_440), (1, 3_600)])
def test_without_a_clear_period_the_calendar_s_is_taken(step, period):
    values = np.random.default_rng(0).normal(size=4_000)
    assert find_period(np.arange(4_000) * step, values, 8_192) == period


def test_a_clear_period_beats_the_calendar():
    values = np.sin(2 * np.pi * np.arange(3_000) / 50) + np.random.default_rng(0).normal(0, 0.1, 3_000)
    assert find_period(np.arange(3_000) * 300, values, 8_192) % 50 == 0


def test_same_phase_looks_back_by_whole_periods():
    past = np.arange(40.0)
    assert same_phase(past, 3, 10, 3).tolist() == [[27, 28, 29], [17, 18, 19], [7, 8, 9]]


def test_the_past_is_measured_without_the_point_itself():
    past = np.array([0.0, 10, 20, 1, 10, 24, 5, 10])
    nearest, residual = leave_one_out(past, 3, 2)
    assert nearest.tolist() == [1, 0, 4, 1, 0, 4, 4, 0]
    assert residual.tolist() == [3, 0, 4, 1.5, 0, 4, 4.5, 0]


def test_with_no_other_of_its_phase_a_point_borrows():
    nearest, residual = leave_one_out(np.array([1.0, 5, 7, 9, 2]), 4, 3)
    assert nearest.tolist() == residual.tolist() == [1.0] * 5


def test_a_stretch_of_the_sample_is_at_no_distance():
    past = np.random.default_rng(0).normal(size=300)
    stretches = Stretches.of(past, 0.0, 1.0)
    assert stretches.distance(past[100 : 100 + LENGTH])[0] == pytest.approx(0.0, abs=1e-2)
    distance = stretches.distance(np.full(LENGTH, 3.0))
    nearest = min(float(np.linalg.norm(past[b : b + LENGTH] - 3.0)) for b in range(300 - 2 * LENGTH))
    assert distance[0] == pytest.approx(nearest, rel=1e-3)


def test_a_ring_keeps_the_last():
    ring, seen = Ring(2, 10), np.zeros((2, 0))
    random = np.random.default_rng(0)
    for size in random.integers(0, 11, 60):
        block = random.normal(size=(2, size))
        ring.push(block)
        seen = np.concatenate([seen, block], axis=1)
        np.testing.assert_array_equal(ring.view(), seen[:, -10:])
        np.testing.assert_array_equal(ring.copy().view(), seen[:, -10:])
        if len(ring) > 3:
            np.testing.assert_array_equal(ring.last(3), seen[:, -3:])


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
