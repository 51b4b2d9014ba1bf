"""Mean and standard deviation without rounding, over the whole range of doubles.

A double is a whole number times a power of two, so sums of doubles and of their squares are whole numbers too. They
are added up as such; only the results are rounded, once. Nothing overflows near 1e308, vanishes near 1e-308, or cancels
where a tiny spread lies on a large mean, and a limit is the exact one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MANTISSA_BITS: Final = 53
_HALF_BITS: Final = 26
# Sums of this many products of halves stay within an int64.
_RUN: Final = 256
# Bits of a root after its point, beyond as many as before it. Where mean and root cancel, what is left of a limit can
# be as small as the inverse of both and of the sigmas; with too few bits the search for the next double has no end.
_ROOT_BITS: Final = 2200


@dataclass(frozen=True, slots=True)
class ExactMoments:
    """The sums of n values, as whole numbers.

    Attributes:
        count: n.
        total: the sum of the values, in units of ``2**unit``.
        spread: ``n**2`` times the population variance (ddof 0), in units of ``2**(2 * unit)``.
        unit: the power of two that all values are multiples of.
    """

    count: int
    total: int
    spread: int
    unit: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> ExactMoments:
        """The sums of finite values, shape (n,), n at least 1."""
        fractions, exponents = np.frexp(values)
        order = np.argsort(exponents, kind="stable")
        exponents = exponents[order].astype(np.int64)
        mantissas = np.ldexp(fractions[order], _MANTISSA_BITS).astype(np.int64)
        high, low = mantissas >> _HALF_BITS, mantissas & ((1 << _HALF_BITS) - 1)
        # A run has one exponent, and is short enough for its sums of products to fit.
        new_run = np.arange(len(values)) % _RUN == 0
        new_run[1:] |= exponents[1:] != exponents[:-1]
        starts = np.flatnonzero(new_run)
        sums = (np.add.reduceat(terms, starts).tolist() for terms in (mantissas, high * high, high * low, low * low))
        least = int(exponents[0])
        total = squares = 0
        for shift, plain, hh, hl, ll in zip((exponents[starts] - least).tolist(), *sums, strict=True):
            total += plain << shift
            squares += ((hh << 2 * _HALF_BITS) + (hl << _HALF_BITS + 1) + ll) << 2 * shift
        count = len(values)
        return cls(count, total, count * squares - total * total, least - _MANTISSA_BITS)

    @property
    def mean(self) -> Fraction:
        """The mean, exactly."""
        return self._in_units(Fraction(self.total, self.count))

    @property
    def std(self) -> Fraction:
        """The standard deviation, to far more digits than a double has."""
        return self._in_units(Fraction(_root(self.spread), self.count))

    def highest_within(self, sigmas: float) -> float:
        """The largest double that is not above ``mean + sigmas * std``; infinite where every double is below that."""
        limit = self.mean + Fraction(sigmas) * self.std
        try:
            highest = float(limit)
        except OverflowError:
            return math.inf if limit > 0 else -math.inf
        while self._is_above(highest, sigmas):
            highest = math.nextafter(highest, -math.inf)
        while (following := math.nextafter(highest, math.inf)) < math.inf and not self._is_above(following, sigmas):
            highest = following
        return highest

    def mirrored(self) -> ExactMoments:
        """The moments of the negated values."""
        return ExactMoments(self.count, -self.total, self.spread, self.unit)

    def _is_above(self, value: float, sigmas: float) -> bool:
        """``value > mean + sigmas * std`` for positive ``sigmas``, by comparing squares: no root is taken."""
        deviation = self.count * Fraction(value) / self._in_units(Fraction(1)) - self.total
        return deviation > 0 and deviation**2 > Fraction(sigmas) ** 2 * self.spread

    def _in_units(self, number: Fraction) -> Fraction:
        return number * (1 << self.unit) if self.unit >= 0 else number / (1 << -self.unit)


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation as doubles, for what needs no more than their precision.

    Kept in units of ``2**exponent``, so that they neither overflow nor vanish; scaling by a power of two is exact. The
    mean is the unevaluated sum ``high + low`` (T. J. Dekker, A floating-point technique for extending the available
    precision, 1971), since one double cannot hold a large mean to the precision of a tiny spread.
    """

    exponent: int
    mean_high: float
    mean_low: float
    std_scaled: float

    @classmethod
    def of(cls, exact: ExactMoments) -> Moments:
        """The exact moments, each rounded once."""
        mean, std = exact.mean, exact.std
        exponent = max(_magnitude(mean), _magnitude(std))
        unit = Fraction(2) ** exponent
        high = float(mean / unit)
        return cls(exponent, high, float(mean / unit - Fraction(high)), float(std / unit))

    @property
    def mean(self) -> float:
        """The mean, in the unit of the values."""
        return float(np.ldexp(self.mean_high, self.exponent))

    @property
    def std(self) -> float:
        """The standard deviation, in the unit of the values; 0 where it is below the smallest double."""
        return float(np.ldexp(self.std_scaled, self.exponent))

    def at(self, sigmas: float) -> float:
        """``mean + sigmas * std``, in the unit of the values; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            return float(np.ldexp(self.mean_high + (sigmas * self.std_scaled + self.mean_low), self.exponent))

    def standardise(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(values - mean) / std``, shape (n,); infinite where that is beyond the range of a double."""
        with np.errstate(over="ignore", under="ignore"):
            deviations = (np.ldexp(values, -self.exponent) - self.mean_high) - self.mean_low
            standardised: NDArray[np.float64] = deviations / self.std_scaled
        return standardised

    def to_json(self) -> dict[str, Any]:
        """The four numbers; doubles survive JSON to the last bit."""
        return {
            "exponent": self.exponent,
            "mean_high": self.mean_high,
            "mean_low": self.mean_low,
            "std_scaled": self.std_scaled,
        }

    @classmethod
    def from_json(cls, parameters: Mapping[str, Any]) -> Moments:
        """The moments that gave this JSON."""
        return cls(
            int(parameters["exponent"]),
            float(parameters["mean_high"]),
            float(parameters["mean_low"]),
            float(parameters["std_scaled"]),
        )


def _root(square: int) -> Fraction:
    """The square root, rounded down, with ``_ROOT_BITS`` bits after the point and as many again as it has before it."""
    half = square.bit_length() // 2 + _ROOT_BITS
    return Fraction(math.isqrt(square << 2 * half), 1 << half)


def _magnitude(number: Fraction) -> int:
    """A power of two at or just above the number's magnitude."""
    return number.numerator.bit_length() - number.denominator.bit_length() + 1 if number else -(2**11)
