"""What the detector has learned of a stream at one place, and uses until the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.shape import Stretches
from tidewatch.detectors.ensemble.auto.tails import Tails

Floats = NDArray[np.float64]

EXPERTS: Final = ("level", "season", "drift", "shift", "shape", "rough", "calm")
ROWS: Final = (*EXPERTS, "fused", "season residual")
"""What is remembered of each point."""
LEVEL, SEASON, DRIFT = (ROWS.index(name) for name in ("level", "season", "drift"))
FUSED, RESIDUAL = (ROWS.index(name) for name in ("fused", "season residual"))

CALIBRATION: Final = 4_096
"""Points of the past that statistics are ranked among."""
MOST_EVIDENCE: Final = 5.0
"""Beyond 1 in 100,000 a p-value tells of its tail's fit, not of the point."""
FLOOR_SHARE: Final = 1e-3
"""Differences below this share of the spread count as none."""

_SEASON_LEADS: Final = 0.8  # of the level's residual: the season must explain this much more to lead
_BAND: Final = 0.003  # share of usual points outside the band, as beyond three sigmas of a Gaussian
_MEMORY: Final = np.array([1.0, 4.0, 24.0, 48.0, 24.0, 50.0, 20.0, 50.0, 1.0])  # of each row: the points it looks at
_LEAST_PAST: Final = 64
_HELD: Final = 1.5  # margins about what the season expects, beyond which a value is not remembered
_WILD_SHARE: Final = 0.001
"""Share of the values, on each side, that may be anomalies."""
_LEAST_WILD: Final = 2
_BEYOND: Final = 0.2
"""Of the range of all others: how much further out a value may lie."""
_LARGE_MOVES: Final = 0.05
"""Share of the steps from point to point that are winsorised to the largest of the others."""


@dataclass(frozen=True, slots=True)
class Winsorizer:
    """Clips values and steps to the range of the past, whatever the season.

    Later points remember an unusual value as no further out than what was to be expected. Otherwise an expert that
    looks at a window would report one spike for as long as it is in the window.

    Source: W. J. Dixon, Simplified Estimation from Censored Normal Samples (1960), The Annals of Mathematical
    Statistics 31(2).

    Attributes:
        lowest, highest: of values.
        step: the largest step from one value to the next.
    """

    lowest: float
    highest: float
    step: float

    @classmethod
    def of(cls, values: Floats, ordered: Floats, spread: float) -> Winsorizer:
        """Learns the range.

        Args:
            values: in the order of time, shape (n,), n at least 6.
            ordered: the same, ascending.
            spread: theirs.
        """
        wild = max(int(_WILD_SHARE * values.size), _LEAST_WILD)
        lowest, highest = float(ordered[wild]), float(ordered[values.size - 1 - wild])
        beyond = _BEYOND * max(highest - lowest, spread)
        steps = np.sort(np.abs(np.diff(values)))
        return cls(lowest - beyond, highest + beyond, float(steps[int((1.0 - _LARGE_MOVES) * (steps.size - 1))]))

    def clip(self, values: Floats) -> Floats:
        """Values within the range."""
        return np.clip(values, self.lowest, self.highest)

    def steps(self, values: Floats) -> Floats:
        """The sizes of the steps between values, shape (n - 1,), none larger than the largest of the past."""
        return np.minimum(np.abs(np.diff(values)), self.step)


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is usual: levels, season, stretches and tails.

    Attributes:
        tails: calibration of every row of the past, see :data:`ROWS`; None while there is too little of it.
        stretches: a sample of the past for the shape expert.
        winsorizer: of values and steps.
        centre: the median.
        floor: differences below it count as none.
        period: in points.
        periods: how many earlier periods the past holds; 0 if not one.
        seasonal: whether points are expected by the season, and not by the level.
        margin: half the width of the band about what is expected.
    """

    tails: Tails | None
    stretches: Stretches
    winsorizer: Winsorizer
    centre: float
    floor: float
    period: int
    periods: int
    seasonal: bool
    margin: float

    def winsorise(self, values: Floats, expected: Floats) -> Floats:
        """Values as later points are to remember them, shape (n,).

        Args:
            values: shape (n,).
            expected: what the season expects of each.
        """
        if not self.seasonal:
            return self.winsorizer.clip(values)
        margin = _HELD * self.margin
        return np.clip(values, expected - margin, expected + margin)


def learn(past: Floats, values: Floats, period: int, periods: int) -> Baseline:
    """Learns from the past.

    Args:
        past: shape (len(ROWS), m), what the last m points measured.
        values: shape (n,), the last n values, n more than m.
        period: in points.
        periods: how many earlier periods can be compared.
    """
    late = values[-CALIBRATION:]
    ordered = np.sort(late)
    centre = middle_of(ordered)
    spread = spread_of(ordered)
    floor = FLOOR_SHARE * spread
    stretches, winsorizer = Stretches.of(values, centre, spread), Winsorizer.of(late, ordered, spread)
    if past.shape[1] < _LEAST_PAST:
        return Baseline(None, stretches, winsorizer, centre, floor, period, periods, seasonal=False, margin=spread)
    tails = Tails.of(np.sort(past, axis=1), _floors(floor), _MEMORY)
    level, season = (float(tails.ranks[row, past.shape[1] // 2]) for row in (LEVEL, RESIDUAL))
    seasonal = periods > 1 and season < _SEASON_LEADS * level
    margin = tails.limit(RESIDUAL if seasonal else LEVEL, _BAND) + floor
    return Baseline(tails, stretches, winsorizer, centre, floor, period, periods, seasonal, margin)


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
    return max(abs(float(ordered[0])) * 1e-9, 1e-290)


def fuse(experts: Floats) -> Floats:
    """The evidence of the strongest two experts and half that of the third, each at most 5: shape (k, n) to (n,).

    One expert alone can be wrong in its own way, and the sum of all is drowned by those that see nothing.
    """
    strongest = np.partition(np.minimum(experts, MOST_EVIDENCE), -3, axis=0)[-3:]
    fused: Floats = strongest.sum(axis=0) - 0.5 * strongest.min(axis=0)
    return fused


def _floors(floor: float) -> Floats:
    """The least scale of each row's tail, in the unit of the row."""
    floors = np.full(len(ROWS), floor)
    floors[[ROWS.index("shape"), FUSED]] = FLOOR_SHARE  # in spreads, and without a unit
    floors[ROWS.index("calm")] = 1e-300  # the inverse of a value
    return floors
