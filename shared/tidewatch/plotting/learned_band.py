"""The band that the model learned, as the picture needs it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import Scores
from tidewatch.plotting.numbers import resolution, written

_MOST_REACH: Final = 2
"""How far from the data, in heights of the data, a limit may lie and still be in the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedBand:
    """Limits and expectation of n points, in the unit of the series, with the range of values to show.

    Attributes:
        lower, upper: float64, shape (n,), NaN where the band is open on that side; None if it is open everywhere.
        expected: float64, shape (n,); None if the model expects no finite value anywhere.
        low, high: the values between which the picture lies, without margins.
    """

    lower: NDArray[np.float64] | None
    upper: NDArray[np.float64] | None
    expected: NDArray[np.float64] | None
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64], scores: Scores) -> LearnedBand:
        """The band of a series' values, shape (n,), n at least 1, and their scores."""
        lower, upper, expected = (_known(limit) for limit in (scores.lower, scores.upper, scores.expected))
        low, high = float(values.min()), float(values.max())
        # Fractions, since the height of the data may be beyond the range of a double.
        reach = _MOST_REACH * (Fraction(high) - Fraction(low))
        shown_low, shown_high = low, high
        for limit in (lower, upper, expected):
            if limit is None:
                continue
            lowest, highest = float(np.nanmin(limit)), float(np.nanmax(limit))
            if Fraction(low) - Fraction(lowest) <= reach:
                shown_low = min(shown_low, lowest)
            if Fraction(highest) - Fraction(high) <= reach:
                shown_high = max(shown_high, highest)
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

    def _level(self, limit: NDArray[np.float64] | None) -> str | None:
        """The one value of a limit as text; None if it moves."""
        if limit is None or not np.all(limit == limit[0]):
            return None
        words = written(float(limit[0]), resolution(self.low, self.high))
        return words if self.low <= limit[0] <= self.high else f"{words} (not in view)"


def _known(limit: NDArray[np.float64]) -> NDArray[np.float64] | None:
    finite = np.isfinite(limit)
    if not finite.any():
        return None
    return limit if finite.all() else np.where(finite, limit, np.nan)
