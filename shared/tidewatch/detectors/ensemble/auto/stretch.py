"""Whether points in a row, each of which may be usual, are together too far from their season: a beat of another shape.

A beat that is bent, reversed or missing has no single wrong point, and its values are usual ones. But they are further
from their season than noise is for so long:

    m     = mean of min(|v - e| / s_season, 5) over the last w points,  w = max(24, a sixth of the period)
    found = m >= 1.5 and m >= 1.9 times the third quartile of m in the past

The size of one point is cut off, so a spike is not a stretch. The quartile holds until a quarter of the past is such
beats, where a rank would take the second of them for usual; and what is far from its season every weekend lies above
it. It is asked only where the season explains much of the series, and seven periods are known: all days of a week.

Source: moving sums of residuals as a test of structural change, P. Bauer, P. Hackl, The Use of MOSUMs for Quality
Control (1978), Technometrics 20(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHORTEST: Final = 24
_OF_PERIOD: Final = 6
_MOST: Final = 5.0  # of one point
_STEPS: Final = 256.0  # a point counts in whole steps, whose sums are the same to the last bit in any order
_QUARTILE: Final = 0.75
_TIMES: Final = 1.9
_LEAST: Final = 1.5
_PERIODS: Final = 7
_FEWEST: Final = 48  # means in the past
_EXPLAINED: Final = 0.6
_WILD: Final = 0.98  # distances beyond this quantile of those from the level count as it


@dataclass(frozen=True, slots=True)
class StretchBaseline:
    """What is usual of stretches.

    Attributes:
        width: of a stretch, in points; 0 where none is asked about.
        scale: of the distance from the season.
        limit: the mean from which on a stretch is found.
    """

    width: int
    scale: float
    limit: float

    @classmethod
    def of(cls, season: Floats, levels: Floats, scale: float, period: int, periods: int) -> Self:
        """Learns from the past.

        Args:
            season: distances from the season, oldest first, shape (n,).
            levels: distances from the level, ascending, shape (n,).
            scale: of the distance from the season.
            period: in points; 0 if none is known.
            periods: how many earlier periods points are compared with.
        """
        width = max(_SHORTEST, period // _OF_PERIOD)
        if periods < _PERIODS or season.size < width + _FEWEST or not _explains(season, levels):
            return cls(0, scale, np.inf)
        means = cls(width, scale, np.inf).means(season)
        place = int(_QUARTILE * (means.size - 1))
        return cls(width, scale, max(_TIMES * float(np.partition(means, place)[place]), _LEAST))

    def means(self, season: Floats) -> Floats:
        """The mean of each ``width`` points in a row, shape (n - width + 1,).

        Args:
            season: distances from the season, shape (n,), n at least ``width``.
        """
        steps = np.rint(np.minimum(season / self.scale, _MOST) * _STEPS)
        sums = np.concatenate([[0.0], np.cumsum(steps)])
        means: Floats = (sums[self.width :] - sums[: -self.width]) / (_STEPS * self.width)
        return means

    def excess(self, season: Floats, size: int) -> Floats:
        """The mean of the stretch that ends with each of the last ``size`` points, over the limit, shape (size,).

        Args:
            season: distances from the season, oldest first; the last are of these points.
            size: at least 1.
        """
        excess = np.zeros(size)
        known = season[-(size + self.width - 1) :]
        if self.width and known.size >= self.width:
            means = self.means(known)
            excess[-means.size :] = means / self.limit
        return excess


def _explains(season: Floats, levels: Floats) -> bool:
    """Whether the season explains much of the series, in the mean of all points and not of the middle one alone."""
    most = float(levels[int(_WILD * (levels.size - 1))])
    return bool(np.minimum(season, most).mean() <= _EXPLAINED * np.minimum(levels, most).mean() > 0.0)
