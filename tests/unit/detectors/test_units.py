"""Units in which training values are moderate."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.detectors.units import Units

from tests.support.strategies import MAX, SMALLEST, doubles, training_values


def exact(units: Units, value: float) -> Fraction:
    """In units, without rounding."""
    return (Fraction(value) / Fraction(2) ** units.magnitude - Fraction(units.centre)) / Fraction(2) ** units.spread


@given(training_values())
def test_training_values_are_moderate_around_their_median(values):
    units = Units.of(np.array(values))
    scaled = units.scale(np.array(values))
    assert (np.abs(scaled) <= 2).all()
    assert np.abs(scaled).max() >= 0.25
    assert 0.0 in scaled
    assert np.count_nonzero(scaled <= 0) * 2 >= len(values)
    assert np.count_nonzero(scaled >= 0) * 2 >= len(values)


@given(training_values(), st.lists(doubles, max_size=10))
def test_scaling_is_right_to_rounding(values, others):
    units = Units.of(np.array(values))
    for value in [*values, *others]:
        wanted = exact(units, value)
        found = Fraction(float(units.scale(np.array([value]))[0]))
        if abs(wanted) > Fraction(10) ** 99:
            assert abs(found) > Fraction(10) ** 98
            assert (found > 0) == (wanted > 0)
            continue
        # One rounding of the difference, and what vanishes below the smallest double of the larger unit.
        lost = Fraction(math.ulp(max(abs(units.centre), 2.0**-1022))) / Fraction(2) ** units.spread
        assert abs(found - wanted) <= abs(wanted) * Fraction(2) ** -52 + lost


@given(training_values())
def test_what_is_scaled_comes_back(values):
    units = Units.of(np.array(values))
    back = units.unscale(units.scale(np.array(values)))
    # Next to the largest double, rounding up leads beyond.
    for value, returned in zip(values, np.clip(back, -MAX, MAX).tolist(), strict=True):
        assert abs(Fraction(returned) - Fraction(value)) <= Fraction(math.ulp(max(map(abs, values))))


@given(training_values(), st.integers(-40, 40))
def test_a_scale_of_two_to_some_power_changes_nothing(values, power):
    values = np.array(values)
    with np.errstate(over="ignore"):
        other = np.ldexp(values, power)
    # Only where the scaled series still has all digits.
    if np.isfinite(other).all() and (np.ldexp(other, -power) == values).all() and other.min() < other.max():
        assert Units.of(other).scale(other).tobytes() == Units.of(values).scale(values).tobytes()


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30, unique=True), st.integers(-(2**30), 2**30))
def test_a_shift_changes_nothing(values, shift):
    one, other = (np.array(values, dtype=np.float64) + by for by in (0.0, float(shift)))
    assert Units.of(one).scale(one).tolist() == Units.of(other).scale(other).tolist()


@pytest.mark.parametrize(
    "values",
    [
        [MAX, -MAX, 0.0],
        [MAX, math.nextafter(MAX, 0.0)],
        [SMALLEST, 0.0],
        [SMALLEST, -SMALLEST, MAX],
        [1e15, 1e15 + 0.125],
    ],
)
def test_extremes_never_overflow(values):
    units = Units.of(np.array(values))
    scaled = units.scale(np.array([*values, MAX, -MAX, SMALLEST, 0.0]))
    assert (np.abs(scaled) <= 1e100).all()
    assert np.isfinite(scaled**2).all()
    assert len(set(scaled[: len(values)].tolist())) >= 2


def test_what_is_far_away_is_held():
    units = Units.of(np.array([1e-300, 2e-300, 3e-300]))
    assert units.scale(np.array([MAX, -MAX, 1.0])).tolist() == [1e100, -1e100, 1e100]


def test_a_limit_beyond_the_range_of_a_double_is_infinite():
    units = Units.of(np.array([MAX, -MAX, 0.0]))
    assert units.unscale(np.array([3.0, -3.0])).tolist() == [math.inf, -math.inf]
    assert units.unscale_length(3.0) == math.inf


def test_a_length_is_a_difference_of_two_values():
    units = Units.of(np.array([100.0, 103.0, 108.0]))
    one, other = units.scale(np.array([101.0, 107.0]))
    assert units.unscale_length(float(other - one)) == 6.0


@given(training_values())
def test_come_back_from_json(values):
    units = Units.of(np.array(values))
    assert Units.from_json(json.loads(json.dumps(units.to_json()))) == units


def test_one_wild_value_is_no_unit_for_the_others():
    usual = np.random.default_rng(1).normal(3.0, 0.01, 200)
    units = Units.of_usual(np.append(usual, 1e308))
    assert 1e-6 < np.ptp(units.scale(usual)) < 1.0
    assert units.scale(np.array([1e308]))[0] == 1e100
