"""Medians, scales and ranges of sorted values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.robust import STD_PER_MAD

Floats = NDArray[np.float64]

_WILD_SHARE: Final = 0.001
"""Share of the values, on each side, that may be anomalies."""
_LEAST_WILD: Final = 2
_SMALLEST: Final = 2.0**-60
_BEYOND: Final = 0.2
"""Of the range of all others: how much further out a value may lie."""


def middle_of(ordered: Floats) -> float:
    """The median of sorted values; the same of their negatives, negated."""
    return 0.5 * float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2])


def spread_of(ordered: Floats) -> float:
    """From the 5th to the 95th percentile of sorted values; where that is nothing, of wider ones; always positive."""
    size = ordered.size
    for share in (20, 100, size + 1):
        spread = float(ordered[size - 1 - size // share] - ordered[size // share])
        if spread > 0.0:
            return spread
    return max(abs(float(ordered[0])) * 1e-9, _SMALLEST)


def deviation_of(ordered: Floats, centre: float) -> float:
    """The median absolute deviation of sorted values from their median.

    The half of all values that lies within the least distance of the centre is a stretch of the order.
    """
    half = ordered.size // 2 + 1
    reach = np.maximum(centre - ordered[: ordered.size - half + 1], ordered[half - 1 :] - centre)
    return float(reach.min())


def scale_of(sizes: Floats, floor: float) -> float:
    """The standard deviation of what has these absolute residuals, as far as usual ones tell; at least the floor.

    The median; where that is nothing, as most values are equal, the median of those residuals that are something: what
    a change is like where there is one.

    Args:
        sizes: shape (n,), in any order, n at least 1.
        floor: what is less counts as nothing.
    """
    middle = float(np.partition(sizes, sizes.size // 2)[sizes.size // 2])
    if middle <= floor:
        some = sizes[sizes > floor]
        middle = float(np.median(some)) if some.size else 0.0
    return max(STD_PER_MAD * middle, floor)


@dataclass(frozen=True, slots=True)
class WinsorLimits:
    """The range that values are held to when later points are compared with them.

    Otherwise an expert that looks at a window would report one spike for as long as it is in the window.

    Source: winsorised values, W. J. Dixon, Simplified Estimation from Censored Normal Samples (1960), The Annals of
    Mathematical Statistics 31(2).
    """

    lowest: float
    highest: float

    @classmethod
    def of(cls, ordered: Floats, spread: float) -> WinsorLimits:
        """The range of sorted values, at least 6, without one in 1,000 and two at the least on each side."""
        wild = max(int(_WILD_SHARE * ordered.size), _LEAST_WILD)
        lowest, highest = float(ordered[wild]), float(ordered[ordered.size - 1 - wild])
        beyond = _BEYOND * max(highest - lowest, spread)
        return cls(lowest - beyond, highest + beyond)

    def hold(self, values: Floats) -> Floats:
        """Values within the range."""
        held: Floats = np.minimum(np.maximum(values, self.lowest), self.highest)
        return held
