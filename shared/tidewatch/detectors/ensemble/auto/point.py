"""How unusual a point is by itself: its score, whether it is flagged, and its p-value.

A point is seen from three sides: how far it is from the level (the median of the past), from its season (the mean of
its phase in earlier periods) and from the value before it, each in units of what is usual of that distance:

    z_level = |v - c| / s_level     z_season = |v - e| / s_season     z_step = |v - v[t-1]| / s_step

    score   = w / 2 + w[t-1] / 4 + w[t-2] / 8 + ...   of   w = min(sqrt(the two largest z, multiplied), 50)
    g       = (z_level z_season min(z_step, 3 sqrt(z_level z_season)))^(1/3)
    flagged = g >= 4.75, at most 1 in 40 and at most g in 900 of the recent past had a g as large,
              and at most 1 in 10 was as far from the level
    h       = exp(sum of w_k log z_k),  w_k as (the least s / s_k)^0.75;  p = rank of h in the recent past

They differ on purpose. The score orders points: two sides that agree make a point unusual, and its neighbours count.
The flag wants all three sides and a rare g: a large one may be less rare, as anomalies come in numbers. The p-value is
exchangeable with its past, so it is calibrated, also on a random walk, where a level tells nothing and only steps do.

Sources: the median absolute deviation, F. Hampel, The Influence Curve and Its Role in Robust Estimation (1974), Journal
of the American Statistical Association 69(346); a product as what all sides must agree to, J. Kittler, M. Hatef,
R. Duin, J. Matas, On Combining Classifiers (1998), IEEE Transactions on Pattern Analysis and Machine Intelligence
20(3); ranks as p-values, see :mod:`~tidewatch.detectors.ensemble.auto.tails`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.order import deviation_of, scale_of
from tidewatch.detectors.ensemble.auto.past import RECENT, Deviations
from tidewatch.detectors.ensemble.auto.tails import Tail, tamed
from tidewatch.detectors.robust import STD_PER_MAD

Floats = NDArray[np.float64]

SIDES: Final = ("level", "season", "step")
ECHO: Final = 15
"""Earlier points that have a part in a score; the share of one before them is below 1 in 32,000."""

_HIGHEST: Final = 50.0
_STEP_MOST: Final = 3.0
_LARGE: Final = 4.75
_RAREST: Final = 1.0 / 40.0
_RARE_PER_SIZE: Final = 1.0 / 900.0
_AWAY: Final = 0.1
_WEIGHTED: Final = 0.75
_LEAST_LOG: Final = float(np.log(1e-9))
_NOTHING: Final = 1e-300
_LEAST_TAIL: Final = 1e-9
"""Of h, which has no unit: the least scale of its tail."""


@dataclass(frozen=True, slots=True, eq=False)
class PointBaseline:
    """What is usual of single points.

    Attributes:
        centre: the level.
        scales: shape (3,), of the distance from level, season and value before.
        logs: their logarithms.
        weights: shape (3,), of the sides in h.
        sizes: shape (m,), g of the recent past, ascending.
        tail: of h.
        levels: shape (k,), distances from the level, ascending.
        mostly_constant: whether more than half of the values are equal.
    """

    centre: float
    scales: Floats
    logs: Floats
    weights: Floats
    sizes: Floats
    tail: Tail
    levels: Floats
    mostly_constant: bool

    @classmethod
    def of(
        cls,
        deviations: Deviations,
        until: int,
        ordered: Floats,
        steps: Floats,
        centre: float,
        floor: float,
        levels: Floats,
    ) -> PointBaseline:
        """Learns from the past.

        Args:
            deviations: of the past.
            until: the place of the stream before which it ends.
            ordered: the values kept, ascending.
            steps: sizes of steps between them.
            centre: their median.
            floor: what is less is rounding.
            levels: distances from the level of the past, ascending.
        """
        middle = deviation_of(ordered, centre)
        level = STD_PER_MAD * middle if middle > floor else scale_of(np.abs(ordered - centre), floor)
        scales = np.array([level, scale_of(deviations.of("season", until), floor), scale_of(steps, floor)])
        weights = (scales.min() / scales) ** _WEIGHTED
        weights /= weights.sum()
        logs = np.log(scales)
        past = [_logs(tamed(deviations.of(name, until)[-RECENT:]), log) for name, log in zip(SIDES, logs, strict=True)]
        tail = Tail.of(np.sort(_weighted(past, weights)), _LEAST_TAIL)
        return cls(centre, scales, logs, weights, np.sort(_size(past)), tail, levels, middle <= floor)

    def judge(self, distances: dict[str, Floats]) -> Sides:
        """How unusual points at these distances are: by name of the side, shape (n,), rounded to codes."""
        logs = [_logs(distances[name], log) for name, log in zip(SIDES, self.logs, strict=True)]
        least = np.minimum(np.minimum(logs[0], logs[1]), logs[2])
        pair = np.minimum(np.exp(np.minimum(0.5 * (logs[0] + logs[1] + logs[2] - least), 10.0)), _HIGHEST)
        return Sides(pair, _size(logs), self.tail.rank_evidence(_weighted(logs, self.weights)), distances["level"])

    def flag(self, sides: Sides, begin: int, sizes: Floats, levels: Floats) -> NDArray[np.bool_]:
        """Which points are flagged, shape (n,).

        Args:
            sides: of the points.
            begin: how many points since the last learning were judged before them.
            sizes: g of all points since then, these at the end, shape (begin + n,).
            levels: their distances from the level, likewise.
        """
        flags = np.zeros(sides.size.size, dtype=np.bool_)
        places = np.flatnonzero(sides.size >= _LARGE)
        places = places[_count(self.sizes, sides.size[places]) < _RAREST * (self.sizes.size + 1 + sizes.size)]
        # Those since the last learning count too: of a new level, only the first points are rare.
        for place in places.tolist():
            at, size = begin + place, float(sides.size[place])
            as_large = 1 + _count(self.sizes, size) + np.count_nonzero(sizes[:at] >= size)
            limit = min(_RAREST, _RARE_PER_SIZE * size) * (self.sizes.size + 1 + at)
            as_far = 1 + _count(self.levels, sides.level[place]) + np.count_nonzero(levels[:at] >= sides.level[place])
            flags[place] = as_large <= limit and as_far <= _AWAY * (self.levels.size + 1 + at)
        return flags


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Of n points; every array has shape (n,).

    Attributes:
        pair: w, what scores are running means of.
        size: g.
        evidence: ``-log10`` of p-values.
        level: distances from the level.
    """

    pair: Floats
    size: Floats
    evidence: Floats
    level: Floats


def echoed(pairs: Floats) -> Floats:
    """Scores of all but the first ``ECHO`` points: halves of each and of the score before, shape (n - ECHO,).

    By doubling, in a fixed order: a score is the same to the last bit however a stream is cut.
    """
    scores = 0.5 * pairs
    for apart in (1, 2, 4, 8):
        scores[apart:] = scores[apart:] + 0.5**apart * scores[:-apart]
    return scores[ECHO:]


def _logs(sizes: Floats, scale: float) -> Floats:
    logs: Floats = np.maximum(np.log(np.maximum(sizes, _NOTHING)) - scale, _LEAST_LOG)
    return logs


def _size(logs: list[Floats]) -> Floats:
    both = 0.5 * (logs[0] + logs[1])
    size: Floats = np.exp((2.0 * both + np.minimum(logs[2], both + np.log(_STEP_MOST))) / 3.0)
    return size


def _weighted(logs: list[Floats], weights: Floats) -> Floats:
    weighted: Floats = np.exp(weights[0] * logs[0] + weights[1] * logs[1] + weights[2] * logs[2])
    return weighted


def _count(ordered: Floats, sizes: Floats | float) -> Any:
    """How many of a sorted past are at least as large."""
    return ordered.size - np.searchsorted(ordered, sizes)
