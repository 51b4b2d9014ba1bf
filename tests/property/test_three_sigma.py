"""The three-sigma rule against exact arithmetic.

What is held here, for every series that preflight lets through:

- the learned mean and standard deviation are within 1 unit in the last place of the exact ones, or, where values cancel
  to a mean of no more than 1e-301 of the standard deviation, within that of it;
- the decision is the exact one, ``value > mean + sigmas * std``, for every double, at the limit and beside it too;
- the learned upper limit is the largest double that is no anomaly, the lower one the smallest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tidewatch.detectors import Model
from tidewatch.detectors.statistical.three_sigma import DETECTOR, ThreeSigmaOptions
from tidewatch.series import TimeSeries

from tests.support.exact import ExactMoments, is_out_of_range, neighbours, ulps_between
from tests.support.strategies import (
    MAX,
    SMALLEST,
    doubles,
    extreme_doubles,
    scalable_doubles,
    scalable_training_values,
    training_values,
)

sigmas = st.sampled_from([3.0, 1.0, 2.5, 0.1, 1000.0]) | st.floats(1e-3, 1000)
sides = st.sampled_from(["upper", "lower", "both"])

NINE_AND_A_TENTH = [-20.0] * 9 + [-6.0]  # mean + 3 std is -18.6 + 12.6: the tenth value itself
NINE_AND_ZERO = [-0.1] * 9 + [0.0]  # mean and 3 std cancel: the limit is 0
LARGE_MEAN = [1e15, 1e15 + 0.125, 1e15 + 0.25, 1e15, 1e15 + 0.375]
HUGE = [MAX, -MAX, MAX, -MAX, MAX, -MAX]
# With one sigma the limit is 1e-31 of what it is the difference of, and no double: found by continued fractions.
ALL_BUT_CANCELLING = [-85872946233985.0] * 3 + [-1041099929860704.0] * 2
# As many of one magnitude, with as many digits, as would overflow 64 bits if they were added up there.
THOUSANDS_OF_LONG_ONES = [math.nextafter(2.0, 0.0)] * 3000 + [1.0]
TINY = [SMALLEST, 0.0, 2 * SMALLEST, -SMALLEST, 0.0]


def fitted(values: Sequence[float], sigmas: float = 3.0, side: str = "upper") -> Model:
    return DETECTOR.fit(series_of(values), ThreeSigmaOptions(sigmas=sigmas, side=side))


def series_of(values: Sequence[float]) -> TimeSeries:
    return TimeSeries(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.float64))


def anomalies(model: Model, values: Sequence[float]) -> list[bool]:
    return [bool(flag) for flag in model.score(series_of(values)).anomaly]


@given(training_values())
@example(LARGE_MEAN)
@example(HUGE)
@example(TINY)
@example([1.0, -1.0, 1e-200, 0.0, 0.0])
@example([MAX, -MAX, 0.0, 0.0, 1e-308])
@example(THOUSANDS_OF_LONG_ONES)
def test_mean_and_standard_deviation_are_right_to_the_last_place(values):
    exact = ExactMoments.of(values)
    learned = fitted(values).learned()
    negligible = abs(Fraction(learned["mean"]) - exact.mean) < exact.std / 2**1000
    assert ulps_between(learned["mean"], exact.mean) <= 1 or negligible
    assert ulps_between(learned["std"], exact.std) <= 1


@given(training_values(), sigmas, sides, st.lists(doubles | extreme_doubles, max_size=10))
@example(NINE_AND_A_TENTH, 3.0, "both", [])
@example(NINE_AND_ZERO, 3.0, "both", [SMALLEST, -SMALLEST])
@example(LARGE_MEAN, 3.0, "both", [])
@example(ALL_BUT_CANCELLING, 1.0, "both", [])
@example(HUGE, 3.0, "both", [])
@example(TINY, 3.0, "both", [])
def test_the_decision_is_the_exact_one(values, sigmas, side, others):
    exact = ExactMoments.of(values)
    around = [*neighbours(exact.limit(sigmas), 4), *neighbours(exact.limit(-sigmas), 4)]
    probes = [*values, *others, *around, 0.0, SMALLEST, -SMALLEST, MAX, -MAX]
    found = anomalies(fitted(values, sigmas, side), probes)
    for probe, anomaly in zip(probes, found, strict=True):
        above = side != "lower" and exact.is_above(probe, sigmas)
        below = side != "upper" and exact.is_below(probe, sigmas)
        assert anomaly == (above or below), f"{probe!r} is wrongly {anomaly=}"


@given(training_values(), sigmas)
@example(NINE_AND_A_TENTH, 3.0)
@example(NINE_AND_ZERO, 3.0)
@example(LARGE_MEAN, 3.0)
@example(ALL_BUT_CANCELLING, 1.0)
def test_the_learned_limit_is_the_last_double_that_is_no_anomaly(values, sigmas):
    exact = ExactMoments.of(values)
    for side, is_outside, outwards in (("upper", exact.is_above, math.inf), ("lower", exact.is_below, -math.inf)):
        limit = fitted(values, sigmas, side).learned()[side]
        if limit is not None:
            beyond = math.nextafter(limit, outwards)
            assert not is_outside(limit, sigmas)
            assert math.isinf(beyond) or is_outside(beyond, sigmas)


@given(training_values(), sigmas)
def test_a_value_at_the_limit_is_no_anomaly_and_the_next_double_is(values, sigmas):
    for side, outwards in (("upper", math.inf), ("lower", -math.inf)):
        model = fitted(values, sigmas, side)
        limit = model.learned()[side]
        if limit is not None:
            assert anomalies(model, [limit]) == [False]
            if abs(limit) < MAX:
                assert anomalies(model, [math.nextafter(limit, outwards)]) == [True]


@given(st.integers(-10_000, 10_000), st.integers(1, 10_000), st.integers(-1060, 900), st.booleans())
def test_nine_equal_values_and_one_other_have_their_limit_at_the_other(usual, distance, exponent, above):
    """mean + 3 std of nine a and one b is exactly b: a tie, which the strict rule lets pass."""
    other = usual + distance if above else usual - distance
    values = [math.ldexp(value, exponent) for value in [usual] * 9 + [other]]
    model = fitted(values, side="both")
    assert model.learned()["upper" if above else "lower"] == values[-1]
    assert anomalies(model, values) == [False] * 10


@given(training_values(), sigmas)
@example(HUGE, 3.0)
def test_a_limit_is_null_if_and_only_if_it_is_beyond_the_range_of_a_double(values, sigmas):
    exact = ExactMoments.of(values)
    learned = fitted(values, sigmas, "both").learned()
    assert (learned["upper"] is None) == is_out_of_range(exact.limit(sigmas))
    assert (learned["lower"] is None) == is_out_of_range(exact.limit(-sigmas))


@pytest.mark.parametrize(("side", "told"), [("upper", {"upper"}), ("lower", {"lower"}), ("both", {"lower", "upper"})])
def test_a_side_that_is_not_asked_for_has_no_limit(side, told):
    learned = fitted([1.0, 2.0, 3.0, 4.0, 5.0], side=side).learned()
    assert {name for name in ("lower", "upper") if learned[name] is not None} == told


@given(training_values(), sigmas, sides, st.lists(doubles | extreme_doubles, min_size=1, max_size=20))
def test_a_model_restored_from_json_scores_to_the_last_bit(values, sigmas, side, probes):
    model = fitted(values, sigmas, side)
    options = json.loads(json.dumps(model.options.model_dump(), allow_nan=False))
    parameters = json.loads(json.dumps(dict(model.parameters()), allow_nan=False))
    restored = DETECTOR.restore(options, parameters, {})
    assert restored.learned() == model.learned()
    before, after = model.score(series_of(probes)), restored.score(series_of(probes))
    for name in ("anomaly", "score", "expected", "lower", "upper"):
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes()


@given(scalable_training_values(), sides, st.lists(scalable_doubles, min_size=1, max_size=10), st.integers(-40, 40))
def test_a_power_of_two_changes_the_unit_and_nothing_else(values, side, probes, power):
    """Exact as long as nothing leaves the range of normal doubles."""
    scaled_values = [math.ldexp(value, power) for value in values]
    scaled_probes = [math.ldexp(probe, power) for probe in probes]
    here, there = fitted(values, side=side), fitted(scaled_values, side=side)
    before, after = here.score(series_of(probes)), there.score(series_of(scaled_probes))
    assert before.anomaly.tolist() == after.anomaly.tolist()
    assert before.score.tolist() == after.score.tolist()


@given(
    st.lists(st.integers(-1000, 999), min_size=4, max_size=39).map(lambda values: [*values, values[0] + 1]),
    st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=20),
    st.integers(-(2**40), 2**40),
    sides,
)
def test_a_shift_moves_the_band_and_nothing_else(values, probes, shift, side):
    """Whole numbers below 2**53 are shifted without rounding."""
    here = fitted([float(value) for value in values], side=side)
    there = fitted([float(value + shift) for value in values], side=side)
    moved = [float(probe + shift) for probe in probes]
    assert anomalies(here, [float(probe) for probe in probes]) == anomalies(there, moved)
    assert here.learned()["std"] == there.learned()["std"]
    assert there.learned()["mean"] == pytest.approx(here.learned()["mean"] + shift, rel=1e-15, abs=1e-10)


@given(training_values(), st.permutations(range(40)))
def test_the_order_of_the_values_does_not_matter_to_the_decision(values, order):
    shuffled = [values[index] for index in order if index < len(values)]
    assert anomalies(fitted(values, side="both"), values) == anomalies(fitted(shuffled, side="both"), values)


@given(training_values(), sigmas, st.lists(doubles | extreme_doubles, max_size=20))
@example(LARGE_MEAN, 3.0, [])
def test_the_score_is_the_standardised_deviation(values, sigmas, probes):
    """Within 1e-14 of it, or held to the largest double; always finite, and signed as the deviation is."""
    exact = ExactMoments.of(values)
    probes = [*values, *probes]
    scores = fitted(values, sigmas).score(series_of(probes)).score
    for probe, score in zip(probes, scores.tolist(), strict=True):
        deviation = ExactMoments.of([probe]).mean - exact.mean
        assert math.isfinite(score)
        limit = abs(deviation) / exact.std
        if limit > MAX:
            assert score == math.copysign(MAX, deviation)
        else:
            # A probe is at most half a unit off in the unit of the largest training value, where it loses its tail.
            assert abs(abs(score) - limit) <= limit / 10**14 + abs(exact.mean / exact.std) / 10**30 + Fraction(1e-300)
