"""From nonconformity scores to p-values and severities."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import expon, genpareto
from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.detectors import fit_model
from tidewatch.detectors.statistical.three_sigma import ThreeSigmaOptions
from tidewatch.series import TimeSeries

KINDS = {
    "ties": lambda random, size: random.integers(-9, 9, size) / 8,
    "usual": lambda random, size: random.standard_t(3, size),
    "all magnitudes": lambda random, size: random.choice([-1.0, 1.0], size) * 10.0 ** random.uniform(-300, 300, size),
    "all the same": lambda random, size: np.full(size, 7.25),
}


def draw(kind: str, size: int, seed: int) -> np.ndarray:
    return np.asarray(KINDS[kind](np.random.default_rng(seed), size), dtype=np.float64)


samples = st.builds(draw, st.sampled_from(sorted(KINDS)), st.integers(1, 400), st.integers(0, 2**32))
probes = st.lists(st.floats(-10, 10) | st.floats(-1e300, 1e300), min_size=2, max_size=30)


def conformal(sample: np.ndarray, probe: float) -> float:
    """The p-value of the definition."""
    return (1 + np.count_nonzero(sample >= probe)) / (1 + sample.size)


def p_values(calibration: Calibration, scores) -> np.ndarray:
    return 10.0 ** -calibration.evidence(np.array(scores, dtype=np.float64))


@given(samples)
def test_at_a_knot_the_rank_is_exact(sample):
    calibration = Calibration.of(sample)
    found = p_values(calibration, calibration.knots)
    assert found == pytest.approx([conformal(sample, knot) for knot in calibration.knots], rel=1e-12)


@given(samples)
def test_the_strangest_ten_and_the_least_strange_are_knots(sample):
    knots = Calibration.of(sample).knots
    assert set(sorted(sample)[-10:]) <= set(knots)
    assert knots[0] == min(sample)
    assert (np.diff(knots) > 0).all()
    assert knots.size <= 74


@given(samples, st.data())
def test_between_knots_the_p_value_is_between_those_of_the_knots(sample, data):
    calibration = Calibration.of(sample)
    probe = data.draw(st.floats(float(calibration.knots[0]), float(calibration.knots[-1])) | st.sampled_from(sample))
    above = calibration.knots[calibration.knots >= probe].min()
    below = calibration.knots[calibration.knots <= probe].max()
    found = p_values(calibration, [probe])[0]
    least, most = (conformal(sample, knot) for knot in (above, below))
    assert least * (1 - 1e-12) <= found <= most * (1 + 1e-12)


def test_a_thousand_distinct_points_are_off_by_an_eighth_at_most():
    sample = np.random.default_rng(1).standard_t(3, 1000)
    found = p_values(Calibration.of(sample), sample)
    exact = np.array([conformal(sample, value) for value in sample])
    assert np.abs(np.log(found / exact)).max() < 0.125


@given(samples, probes)
def test_a_stranger_point_never_has_less_evidence(sample, probes):
    evidence = Calibration.of(sample).evidence(np.array(sorted([*probes, *sample])))
    assert (np.diff(evidence) >= -1e-12).all()
    assert (evidence >= 0).all()
    assert (evidence <= 300).all()


@given(samples)
def test_what_is_less_strange_than_all_has_a_p_value_of_1(sample):
    calibration = Calibration.of(sample)
    assert calibration.evidence(np.array([np.nextafter(min(sample), -np.inf), min(sample)])).tolist() == [0.0, 0.0]


@given(samples)
def test_the_tail_begins_where_the_ranks_end(sample):
    """Just beyond the largest score the p-value is 1 / (n + 1), and falls from there without a jump."""
    calibration = Calibration.of(sample)
    largest = max(sample)
    beyond = np.nextafter(largest, np.inf)
    assert p_values(calibration, [beyond])[0] == pytest.approx(1 / (len(sample) + 1), rel=1e-6)
    if np.isinf(calibration.scale):
        # The largest scores are all equal, and tell nothing of what lies beyond.
        assert p_values(calibration, [2.0 * abs(largest) + 1.0])[0] == pytest.approx(1 / (len(sample) + 1))
        return
    further = largest + calibration.scale
    assert p_values(calibration, [further])[0] < 0.5 / (len(sample) + 1)


@given(samples, st.floats(1e-12, 0.5))
def test_the_limit_is_the_inverse(sample, rate):
    """What is beyond the limit has at most this p-value, what is below it at least this."""
    calibration = Calibration.of(sample)
    limit = calibration.limit(rate)
    if np.isinf(calibration.scale) and rate * (len(sample) + 1) < 1:
        assert limit == max(sample), "the most that can be asked of a point"
        return
    step = 1e-9 * max(calibration.scale if np.isfinite(calibration.scale) else 0.0, abs(limit), 1e-300)
    below, beyond = p_values(calibration, [limit - step, limit + step])
    assert beyond <= rate * (1 + 1e-6)
    assert below >= rate * (1 - 1e-6)


@given(samples)
def test_a_smaller_rate_never_has_a_smaller_limit(sample):
    calibration = Calibration.of(sample)
    limits = [calibration.limit(10.0**-power) for power in np.arange(0.5, 12, 0.25)]
    assert (np.diff(limits) >= 0).all()


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 0.0037])
def test_this_share_of_the_calibration_points_is_beyond_the_limit(rate):
    sample = np.random.default_rng(2).normal(size=1000)
    beyond = (sample > Calibration.of(sample).limit(rate)).mean()
    assert beyond == pytest.approx(rate, rel=0.125, abs=2e-3)


@pytest.mark.parametrize("distribution", [expon(), genpareto(0.3)])
def test_the_tail_goes_on_as_the_sample_began_it(distribution):
    """Of 20,000 points the largest has a p-value of 1 in 10,000; the tail still knows one in ten million."""
    sample = distribution.rvs(20_000, random_state=np.random.default_rng(3))
    evidence = Calibration.of(sample).evidence(distribution.isf([1e-5, 1e-7]))
    assert evidence == pytest.approx([5.0, 7.0], rel=0.15)


@given(samples, probes)
def test_comes_back_from_json_to_the_last_bit(sample, probes):
    calibration = Calibration.of(sample)
    restored = Calibration.from_json(json.loads(json.dumps(calibration.to_json(), allow_nan=False)))
    points = np.array([*probes, *sample])
    assert restored.evidence(points).tobytes() == calibration.evidence(points).tobytes()
    assert [restored.limit(rate) for rate in (0.5, 0.01, 1e-9)] == [
        calibration.limit(rate) for rate in (0.5, 0.01, 1e-9)
    ]
    assert restored.to_json() == calibration.to_json()


def test_is_small_however_many_points_there_are():
    sample = np.random.default_rng(4).normal(size=250_000)
    assert len(json.dumps(Calibration.of(sample).to_json())) < 2_500


def test_nan_stays_nan():
    evidence = Calibration.of(np.arange(10.0)).evidence(np.array([np.nan, 3.0]))
    assert np.isnan(evidence).tolist() == [True, False]


@pytest.mark.parametrize("scores", [np.full(50, 7.0), np.repeat([1.0, 7.0], 25)])
def test_no_p_value_is_smaller_than_equal_scores_support(scores):
    calibration = Calibration.of(scores)
    assert p_values(calibration, [7.0, 0.0]) == pytest.approx([(1 + (scores == 7.0).sum()) / 51, 1.0])
    assert p_values(calibration, [np.nextafter(7.0, 8.0), 7.1, 1e300]) == pytest.approx(1 / 51)
    assert calibration.limit(1e-3) == 7.0


def test_49_equal_values_and_one_that_differs():
    values = np.array([5.0] * 49 + [6.0])
    model = fit_model(TimeSeries(np.arange(50), values), ThreeSigmaOptions())
    scores = model.score(TimeSeries(np.array([50, 51]), np.array([5.0, 6.0])))
    assert scores.p_value == pytest.approx([1.0, 1 / 50])
    assert scores.anomaly.tolist() == [False, True]


@pytest.mark.parametrize(("p_value", "severity"), [(1.0, 0.0), (1e-3, 0.5), (1e-6, 2 / 3), (1e-300, 300 / 303)])
def test_severity(p_value, severity):
    assert severity_of(np.array([-np.log10(p_value)]))[0] == pytest.approx(severity)
