"""Mean, standard deviation and limits in exact arithmetic: slow, obvious, and right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.support.strategies import MAX

_ROOT_BITS = 300


@dataclass(frozen=True)
class ExactMoments:
    """Mean and population variance of doubles, without any rounding."""

    mean: Fraction
    variance: Fraction

    @classmethod
    def of(cls, values: Sequence[float]) -> ExactMoments:
        exact = [Fraction(value) for value in values]
        mean = sum(exact, Fraction(0)) / len(exact)
        return cls(mean, sum(((value - mean) ** 2 for value in exact), Fraction(0)) / len(exact))

    @property
    def std(self) -> Fraction:
        """The square root of the variance, to ``2**-300`` of itself."""
        shift = 2 * _ROOT_BITS + max(0, self.variance.denominator.bit_length() - self.variance.numerator.bit_length())
        shift += shift % 2
        scaled = (self.variance.numerator << shift) // self.variance.denominator
        return Fraction(math.isqrt(scaled), 1 << (shift // 2))

    def is_above(self, value: float, sigmas: float) -> bool:
        """``value > mean + sigmas * std``, by comparing squares: no root is taken."""
        deviation = Fraction(value) - self.mean
        return deviation > 0 and deviation**2 > Fraction(sigmas) ** 2 * self.variance

    def is_below(self, value: float, sigmas: float) -> bool:
        """``value < mean - sigmas * std``."""
        deviation = Fraction(value) - self.mean
        return deviation < 0 and deviation**2 > Fraction(sigmas) ** 2 * self.variance

    def limit(self, sigmas: float) -> Fraction:
        """``mean + sigmas * std``, to ``2**-300`` of its terms."""
        return self.mean + Fraction(sigmas) * self.std


def nearest_double(exact: Fraction) -> float:
    """The double nearest to a number; the largest one for all beyond it."""
    if is_out_of_range(exact):
        return MAX if exact > 0 else -MAX
    return float(exact)


def is_out_of_range(exact: Fraction) -> bool:
    """Whether a number rounds to no double."""
    try:
        float(exact)
    except OverflowError:
        return True
    return False


def ulps_between(found: float, exact: Fraction) -> Fraction:
    """How far a double is from a number, in units of the last place there."""
    return abs(Fraction(found) - exact) / Fraction(math.ulp(nearest_double(exact)))


def neighbours(exact: Fraction, steps: int) -> list[float]:
    """The doubles around a number, nearest first outwards, ``steps`` to each side."""
    centre = nearest_double(exact)
    around = [centre]
    down = up = centre
    for _ in range(steps):
        down, up = math.nextafter(down, -math.inf), math.nextafter(up, math.inf)
        around += [value for value in (down, up) if math.isfinite(value)]
    return around
