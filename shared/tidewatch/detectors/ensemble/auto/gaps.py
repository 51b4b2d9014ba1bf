"""What stands in for points that are missing, so that a gap does not move the season.

Where a series is sampled evenly, a gap of k steps is filled with what was there one period earlier; of more than a
period, whole periods are left out. What is filled in is neither judged nor ranked among. A stream must have judged at
least as many points as are filled in, or its work would not be bounded by what it is given: else the gap is closed, and
the season is moved until it is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

TIMES: Final = 65
"""Times that are remembered: 64 steps tell whether they are even."""
MOST_CREDIT: Final = 6_144

_EVEN: Final = 0.8
"""Share of steps that are the median step, from which on a series is sampled evenly."""
_SLACK: Final = 0.1
"""Of the step: how far an even one may be off."""
_FEWEST: Final = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """The median step of the last points in seconds; 0 where steps are not even."""

    step: int

    @classmethod
    def of(cls, times: Times) -> Pace:
        """The pace of the last points, times ascending, shape (n,)."""
        steps = np.diff(times)
        if steps.size < _FEWEST:
            return cls(0)
        step = int(np.sort(steps)[steps.size // 2])
        even = np.count_nonzero(np.abs(steps - step) <= _SLACK * step)
        return cls(step if even >= _EVEN * steps.size else 0)

    def missing(self, apart: Times, period: int) -> Times:
        """How many points to fill in before each that is so many seconds after the one before, shape (n,)."""
        if not self.step or not period:
            return np.zeros_like(apart)
        skipped = np.maximum((2 * apart + self.step) // (2 * self.step) - 1, 0)
        missing: Times = np.where(skipped > period, skipped % period, skipped)
        return missing
