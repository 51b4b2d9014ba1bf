"""How a series was sampled: its step, how well it keeps to it, and the place of a time on that grid.

Clients name no sampling interval, so it is inferred. A season is counted on this grid and not in points: with points
missing, noon is still noon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 0.25
"""Of a step: how far from a whole number of steps a distance may be. Nearer to the next place than to none."""
_REGULAR: Final = 0.8
"""Share of distances that keep to the step in a regular series. Points at random times reach about a half."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling of a series.

    Attributes:
        step: seconds between neighbouring points, above 0.
        origin: Unix seconds of place 0, the first point.
        regularity: share of the distances between neighbours, 0 to 1, that are one step, two, three and so on.
    """

    step: float
    origin: int
    regularity: float

    @classmethod
    def of(cls, timestamps: NDArray[np.int64]) -> Sampling:
        """The sampling of times, Unix seconds, shape (n,), strictly increasing, n at least 2.

        The step is the median distance, if that keeps pace with the series, and else the mean distance of points that
        are about one step apart: months have 30.4 days, though most have 31.
        """
        apart = np.diff(timestamps).astype(np.float64)
        median = float(np.partition(apart, (apart.size - 1) // 2)[(apart.size - 1) // 2])
        steps = np.rint(apart / median)
        on_grid = (steps >= 1.0) & (np.abs(apart - steps * median) <= TOLERANCE * median)
        # The median is one of the distances, so at least one is on the grid.
        ahead = float(apart[on_grid].sum() - steps[on_grid].sum() * median)
        step = median if abs(ahead) <= TOLERANCE * median else median + ahead / float(steps[on_grid].sum())
        return cls(step, int(timestamps[0]), float(np.mean(on_grid)))

    @property
    def is_regular(self) -> bool:
        """Whether a season can be counted in steps; gaps do not stand in the way."""
        return self.regularity >= _REGULAR

    def places(self, timestamps: NDArray[np.int64]) -> NDArray[np.int64]:
        """The nearest whole number of steps from the origin to each time, int64, shape (n,); negative before it."""
        return np.rint((timestamps - self.origin) / self.step).astype(np.int64)
