"""Mean and standard deviation that hold over the whole range of doubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and population standard deviation (ddof 0) of a set of values.

    Kept in units of ``2**exponent``, the power of two just above the largest magnitude, so that nothing overflows near
    1e308 nor vanishes near 1e-308; scaling by a power of two is exact. The mean is the unevaluated sum ``high + low``,
    since one double cannot hold a large mean to the precision of a tiny spread.

    Attributes:
        exponent: the power of two of the unit.
        mean_high, mean_low: the mean in that unit, as a sum of two doubles.
        std_scaled: the standard deviation in that unit.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for Computing the Sample Variance (1983), section 3, the
    corrected two-pass algorithm; the split mean is T. J. Dekker's double-length number (1971).
    """

    exponent: int
    mean_high: float
    mean_low: float
    std_scaled: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Moments:
        """The moments of finite values, shape (n,), n at least 1."""
        exponent = int(np.frexp(np.max(np.abs(values)))[1])
        scaled = _scale(values, -exponent)
        guess = float(np.mean(scaled))
        # The first mean is off by its own rounding; what is left of the deviations is that error, to full precision.
        deviations = scaled - guess
        correction = float(np.mean(deviations))
        deviations -= correction
        rest = float(np.mean(deviations))
        high, low = _two_sum(guess, correction + rest)
        variance = float(np.mean(deviations * deviations)) - rest * rest
        return cls(exponent, high, low, float(np.sqrt(max(variance, 0.0))))

    @property
    def mean(self) -> float:
        """The mean, in the unit of the values."""
        return float(_scale(np.float64(self.mean_high + self.mean_low), self.exponent))

    @property
    def std(self) -> float:
        """The standard deviation, in the unit of the values; 0 where it is below the smallest double."""
        return float(_scale(np.float64(self.std_scaled), self.exponent))

    def at(self, sigmas: float) -> float:
        """``mean + sigmas * std``, in the unit of the values; infinite beyond the range of a double."""
        return float(_scale(np.float64(self.mean_high + (self.mean_low + sigmas * self.std_scaled)), self.exponent))

    def standardise(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(values - mean) / std``, shape (n,); infinite where that is beyond the range of a double."""
        with np.errstate(over="ignore", divide="ignore"):
            deviations = (_scale(values, -self.exponent) - self.mean_high) - self.mean_low
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


def _scale(values: Any, exponent: int) -> Any:
    """``values * 2**exponent``, exact but for overflow to infinity and underflow."""
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(values, exponent)


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """The rounded sum and its exact error (Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
