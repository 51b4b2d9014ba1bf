"""What a method that expects a value makes of the distance to it: score, strangeness and band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidewatch.detectors.base import Floats, Side
from tidewatch.detectors.detector import Nonconformity, one_sided
from tidewatch.detectors.robust import robust_scale
from tidewatch.detectors.sides import watched


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The scale of errors.

    Attributes:
        scale: their standard deviation, at least the floor.
        floor: what is less is rounding and counts as no error: a series that was forecast exactly in training would
            make an anomaly of its last digit.
    """

    scale: float
    floor: float

    @classmethod
    def of(cls, errors: Floats, floor: float) -> Yardstick:
        """By errors as on new points, shape (n,)."""
        return cls(robust_scale(errors, floor), floor)

    def score(self, errors: Floats) -> Floats:
        """Errors in scales, shape (n,)."""
        with np.errstate(over="ignore"):
            return np.where(np.abs(errors) <= self.floor, 0.0, errors / self.scale)

    def measure(self, values: Floats, expected: Floats, threshold: float, side: Side) -> Nonconformity:
        """Values by what was expected of each, both of shape (n,); NaN where nothing was."""
        score = self.score(values - expected)
        reach = threshold * self.scale
        reach = reach if abs(reach) > self.floor else self.floor
        limits = watched(expected - reach, expected + reach, side)
        return Nonconformity(score, one_sided(score, side), expected, *limits)
