"""The band that the model learned, as the picture needs it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import Scores
from tidewatch.plotting.numbers import resolution, written

_Floats = NDArray[np.float64]

_REACH: Final = Fraction(2)
"""How far from the data, in heights of the data, a limit that stays where it is may lie and still be in the picture."""

_REACH_OF_ALL: Final = Fraction(1, 2)
_REACH_OF_MOST: Final = Fraction(1)
_MOST: Final = 0.98
"""One that moves is in the picture whole if it is this near, or else so much of it; a spike of it is not."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedBand:
    """Limits and expectation of n points, in the unit of the series, with the range of values to show.

    Attributes:
        lower, upper: float64, shape (n,), NaN where the band is open on that side; None if it is open everywhere.
        expected: float64, shape (n,); None if the model expects no finite value anywhere.
        low, high: the values between which the picture lies, without margins.
    """

    lower: _Floats | None
    upper: _Floats | None
    expected: _Floats | None
    low: float
    high: float

    @classmethod
    def of(cls, values: _Floats, scores: Scores) -> LearnedBand:
        """The band of a series' values, shape (n,), n at least 1, and their scores."""
        lower, upper, expected = (_known(limit) for limit in (scores.lower, scores.upper, scores.expected))
        low, high = float(values.min()), float(values.max())
        limits = [limit for limit in (lower, upper, expected) if limit is not None]
        shown_low = min(low, *(_least_shown(limit, low, high) for limit in limits), low)
        # Upside down, what is high is low.
        shown_high = -min(-high, *(_least_shown(-limit, -high, -low) for limit in limits), -high)
        return cls(lower, upper, expected, shown_low, shown_high)

    @property
    def label(self) -> str:
        """The normal range in words; with its limits if they are the same at all times."""
        lower, upper = self._level(self.lower), self._level(self.upper)
        if lower and upper:
            return f"normal: {lower} to {upper}"
        if upper and self.lower is None:
            return f"normal: up to {upper}"
        if lower and self.upper is None:
            return f"normal: from {lower} up"
        return "normal range"

    @property
    def expected_label(self) -> str:
        """The expectation in words; with its value if it is the same at all times."""
        level = self._level(self.expected)
        return f"expected: {level}" if level else "expected"

    def _level(self, limit: _Floats | None) -> str | None:
        """The one value of a limit as text; None if it moves."""
        if limit is None or moves(limit):
            return None
        level = float(np.nanmin(limit))
        words = written(level, resolution(self.low, self.high))
        return words if self.low <= level <= self.high else f"{words} (not in view)"


def moves(limit: _Floats) -> bool:
    """Whether a limit, shape (n,), not all NaN, has several values; where it is NaN it has none."""
    return bool(np.nanmin(limit) != np.nanmax(limit))


def _known(limit: _Floats) -> _Floats | None:
    finite = np.isfinite(limit)
    if not finite.any():
        return None
    return limit if finite.all() else np.where(finite, limit, np.nan)


def _least_shown(limit: _Floats, low: float, high: float) -> float:
    """The lowest value of a limit that the picture is to show below data from low to high; low if there is none."""

    def within(place: float, reach: Fraction) -> bool:
        # Fractions, since the height of the data may be beyond the range of a double.
        return Fraction(low) - Fraction(place) <= reach * (Fraction(high) - Fraction(low))

    lowest = float(np.nanmin(limit))
    if within(lowest, _REACH_OF_ALL if moves(limit) else _REACH):
        return min(lowest, low)
    if moves(limit):
        # No interpolation, which could overflow.
        lowest = float(np.nanquantile(limit, 1.0 - _MOST, method="lower"))
        if within(lowest, _REACH_OF_MOST):
            return min(lowest, low)
    return low
