"""Centre, spread and scale that a few wild values do not move, and bands made of such a scale.

Source: the median absolute deviation, F. Hampel, The Influence Curve and Its Role in Robust Estimation (1974), Journal
of the American Statistical Association 69(346).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats, Side
from tidewatch.detectors.detector import Nonconformity, one_sided, watched

STD_PER_MAD: Final = 1.482602
"""Of normal values, the standard deviation for a median absolute deviation of 1."""
_STD_PER_MEAN_DEVIATION: Final = 1.253314  # the square root of pi / 2
_REACH: Final = 4.0
_FLOOR_SHARE: Final = 1e-9
_SMALLEST: Final = 1e-300


class RobustScaler:
    """Brings values to 0 and a spread of 1, and winsorises them at 4 spreads: for what learns a season.

    The spread is from the 5th to the 95th percentile; where that is nothing, from the 1st to the 99th, or all.
    """

    def __init__(self, values: Floats) -> None:
        """Takes the centre and the spread of values, shape (n,), not all equal."""
        ordered = np.sort(values)
        size = ordered.size
        self.centre = 0.5 * float(ordered[(size - 1) // 2] + ordered[size // 2])
        spreads = (float(ordered[size - 1 - size // share] - ordered[size // share]) for share in (20, 100, size + 1))
        self.spread = max(next((spread for spread in spreads if spread > 0.0), 0.0), _SMALLEST)

    @property
    def floor(self) -> float:
        """What is smaller is rounding: the least scale of a residual."""
        return max(_FLOOR_SHARE * self.spread, _SMALLEST)

    def transform(self, values: Floats) -> Floats:
        """Values about 0 in spreads, winsorised at -4 and 4."""
        with np.errstate(over="ignore"):
            return np.clip((values - self.centre) / self.spread, -_REACH, _REACH)


def robust_scale(residuals: Floats, floor: float) -> float:
    """The standard deviation as far as usual residuals tell, shape (n,), n at least 1; at least the floor.

    Where more than half of them are equal the median absolute deviation is 0, and the mean one takes its place.
    """
    deviations = np.abs(residuals - np.median(residuals))
    scale = STD_PER_MAD * float(np.median(deviations))
    return max(scale if scale > floor else _STD_PER_MEAN_DEVIATION * float(deviations.mean()), floor)


@dataclass(frozen=True, slots=True)
class ErrorScale:
    """The scale of errors.

    Attributes:
        scale: their standard deviation, at least the floor.
        floor: what is less is rounding and counts as no error: a series that was forecast exactly in training would
            make an anomaly of its last digit.
    """

    scale: float
    floor: float

    @classmethod
    def of(cls, errors: Floats, floor: float) -> ErrorScale:
        """The scale of errors on points that were not learned from, shape (n,)."""
        return cls(robust_scale(errors, floor), floor)

    def score(self, errors: Floats) -> Floats:
        """Errors in scales, shape (n,)."""
        with np.errstate(over="ignore"):
            return np.where(np.abs(errors) <= self.floor, 0.0, errors / self.scale)

    def measure(self, values: Floats, expected: Floats, threshold: float | Floats, side: Side) -> Nonconformity:
        """Scores values by what was expected of each, both of shape (n,); NaN where nothing was expected."""
        score = self.score(values - expected)
        reach = np.asarray(threshold * self.scale)
        reach = np.where(np.abs(reach) > self.floor, reach, self.floor)
        limits = watched(expected - reach, expected + reach, side)
        return Nonconformity(score, one_sided(score, side), expected, *limits)
