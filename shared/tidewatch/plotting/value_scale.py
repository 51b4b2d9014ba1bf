"""The value axis of any series of doubles: near 1e308, near 1e-308, a large mean with a tiny spread.

matplotlib computes in doubles and overflows at the ends of their range, so it is given small numbers of ours, and the
label of the axis says how to read them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.plotting.numbers import MINUS, decade, power_of_ten, written

_PLAIN: Final = (Fraction(1, 100), Fraction(10**6))
"""Magnitudes that are drawn as they are."""

_OFFSET_BELOW: Final = Fraction(1, 10**5)
"""Spread over magnitude below which tick labels would be too long without an offset."""


@dataclass(frozen=True, slots=True)
class ValueScale:
    """An exact map from values to the numbers on the axis, ``(value - offset) / 10**exponent``.

    Attributes:
        offset: what is taken off every value, a short decimal number; 0 for nearly all series.
        exponent: the power of ten of the axis, a multiple of 3; 0 for values of ordinary size.
        binary_exponent: the power of two above all values, in whose unit the arithmetic is done.
    """

    offset: Fraction
    exponent: int
    binary_exponent: int

    @classmethod
    def over(cls, low: float, high: float) -> ValueScale:
        """The scale for values from low to high, both finite."""
        largest = max(abs(low), abs(high))
        if largest == 0.0:
            return cls(Fraction(0), 0, 0)
        spread = Fraction(high) - Fraction(low)
        offset = Fraction(0)
        if 0 < spread < Fraction(largest) * _OFFSET_BELOW:
            step = Fraction(10) ** (decade(spread) + 1)
            offset = round((Fraction(low) + Fraction(high)) / 2 / step) * step
        reach = max(abs(Fraction(low) - offset), abs(Fraction(high) - offset))
        plain = _PLAIN[0] <= reach < _PLAIN[1]
        exponent = 0 if plain else 3 * (decade(reach) // 3)
        return cls(offset, exponent, math.frexp(largest)[1])

    def on_axis(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The numbers to draw, shape as given; NaN stays NaN, what is far beyond the picture may become infinite."""
        unit = Fraction(2) ** self.binary_exponent
        exact = self.offset / unit
        high = float(exact)
        low = float(exact - Fraction(high))
        factor = float(unit / Fraction(10) ** self.exponent)
        with np.errstate(over="ignore", under="ignore"):
            # Exact by a power of two; then the offset in two parts, so that a tiny spread keeps its digits.
            drawn: NDArray[np.float64] = ((np.ldexp(values, -self.binary_exponent) - high) - low) * factor
        return drawn

    @property
    def label(self) -> str:
        """What the numbers on the axis are, in words."""
        words = "value"
        if self.offset:
            words += f" {MINUS if self.offset > 0 else '+'} {written(abs(self.offset))}"
        if self.exponent:
            words += f", in units of {power_of_ten(self.exponent)}"
        return words
