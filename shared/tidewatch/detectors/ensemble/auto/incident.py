"""Whether something is going on: the evidence of five experts, for alerting once per incident.

| expert | measures | sees |
|---|---|---|
| level | distance of the value from the median of the past | spikes, values never seen |
| fast | distance of the mean of 4 points from the nearest of the same phase | a usual value at an unusual time |
| slow | the same of the mean of 24 points | a slow departure from the season |
| rough | mean absolute first difference of 50 points | jitter, bursts |
| shape | distance of the last period from the nearest of 4 before it, moved a little | a beat that is missing or bent |

Each is calibrated by its own past: ``e = -log10(p)``, at most 5. The evidence is the largest, and the second largest,
and half of the third. One expert alone can be wrong in its own way, and the sum of all is drowned by those that see
nothing. Windows stay loud for their length, so this is no score of points: alert where it first reaches a threshold,
and not again before it has been below for 50 points (:func:`~tidewatch.detectors.events.alert_once`).

Sources: nearest of the same phase, k-nearest neighbours with k = 1; the shape, E. Keogh, J. Lin, A. Fu, HOT SAX:
Efficiently Finding the Most Unusual Time Series Subsequence (2005), against subsequences a few periods back.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.codes import rounded
from tidewatch.detectors.ensemble.auto.order import WinsorLimits
from tidewatch.detectors.ensemble.auto.past import EVERY, Deviations
from tidewatch.detectors.ensemble.auto.tails import Tail, tamed_order

Floats = NDArray[np.float64]

EXPERTS: Final = ("level", "fast", "slow", "rough", "shape")
MOST_EVIDENCE: Final = 5.0
"""Of one expert: beyond 1 in 100,000 a p-value tells of its tail's fit, not of the point."""
FLOOR_SHARE: Final = 1e-3
"""Differences below this share of the spread count as none."""
FAST: Final = 4
SLOW: Final = 24
ROUGH: Final = 50
LOOKBACK: Final = ROUGH
"""Points before a point that its windows reach back to, but for the shape's."""

_MEMORY: Final = {"level": 1, "fast": FAST, "slow": SLOW, "rough": ROUGH}
_FEWEST: Final = 16
_CYCLES: Final = 4
_MOVES: Final = (-1, 0, 1)
_MOVED: Final = 24  # of a period: how far a cycle may be moved


@dataclass(frozen=True, slots=True)
class IncidentBaseline:
    """What is usual of windows.

    Attributes:
        tails: of each expert's measure, None where its past is too short.
        limits: what values are held to.
        floor: differences below it count as none.
    """

    tails: tuple[Tail | None, ...]
    limits: WinsorLimits
    floor: float

    @classmethod
    def of(
        cls, deviations: Deviations, until: int, levels: Floats, limits: WinsorLimits, spread: float, period: int
    ) -> IncidentBaseline:
        """Learns from the past.

        Args:
            deviations: of the past.
            until: the place of the stream before which it ends.
            levels: distances from the level, ascending.
            limits: of the values kept.
            spread: of the values kept.
            period: in points.
        """
        floor = FLOOR_SHARE * spread
        tails: list[Tail | None] = []
        for name in EXPERTS:
            past = np.maximum(levels - floor, 0.0) if name == "level" else np.sort(deviations.of(name, until))
            if past.size < _FEWEST:
                tails.append(None)
                continue
            memory = _MEMORY.get(name, period) / EVERY[name]
            tails.append(Tail.of(tamed_order(past), floor, max(min(memory, past.size / 4), 1.0)))
        return cls(tuple(tails), limits, floor)

    def evidence(self, measures: dict[str, Floats]) -> Floats:
        """The evidence of what was measured of n points, fused, 0 to 12.5, shape (n,)."""
        size = measures["level"].size
        found = np.zeros((len(EXPERTS), size))
        for row, (name, tail) in enumerate(zip(EXPERTS, self.tails, strict=True)):
            if tail is not None and name in measures:
                measure = np.maximum(measures[name] - self.floor, 0.0) if name == "level" else measures[name]
                np.minimum(tail.evidence(measure), MOST_EVIDENCE, out=found[row])
        found.sort(axis=0)
        fused: Floats = found[-1] + found[-2] + 0.5 * found[-3]
        return fused


def running_means(values: Floats, before: int) -> tuple[Floats, Floats]:
    """The means of the last 4 and 24 values along the last axis, for all but the first ``before``, at least 23.

    By doubling, in a fixed order: a mean is the same to the last bit whatever else is asked for.
    """
    two = values[..., 1:] + values[..., :-1]
    four = two[..., 2:] + two[..., :-2]
    eight = four[..., 4:] + four[..., :-4]
    sixteen = eight[..., 8:] + eight[..., :-8]
    slow = sixteen[..., 8:] + eight[..., :-16]
    return four[..., before - FAST + 1 :] / FAST, slow[..., before - SLOW + 1 :] / SLOW


def roughness(held: Floats, before: int) -> Floats:
    """The mean size of the last 50 steps of each value but the first ``before``, at least 50; likewise."""
    steps = np.abs(np.diff(held[before - ROUGH :]))
    two = steps[1:] + steps[:-1]
    four = two[2:] + two[:-2]
    eight = four[4:] + four[:-4]
    sixteen = eight[8:] + eight[:-8]
    most = sixteen[16:] + sixteen[:-16]
    size = held.size - before
    mean: Floats = (most[-size:] + sixteen[-size - 32 : -32] + two[-size - 48 : -48]) / ROUGH
    return mean


class Shapes:
    """Distances of the last period from earlier ones, kept up from point to point.

    The sum of squares over a window is moved on by what enters and leaves it. It is summed anew at each place of
    learning, so that rounding does not pile up.
    """

    def __init__(self, held: Floats, period: int) -> None:
        """Begins after the last of these values.

        Args:
            held: shape (n,), winsorised.
            period: in points; 0 for none.
        """
        step = max(period // _MOVED, 1)
        cycles = min(_CYCLES, (held.size - period - step) // period) if period else 0
        self._period = period
        self._lags = [k * period + move * step for k in range(1, cycles + 1) for move in _MOVES]
        last = held[held.size - period :]
        self._sums = [float(np.square(last - held[held.size - period - lag : -lag]).sum()) for lag in self._lags]

    def copy(self) -> Shapes:
        """Another in the same state."""
        other = copy.copy(self)
        other._sums = list(self._sums)  # noqa: SLF001 - its own
        return other

    @property
    def known(self) -> bool:
        """Whether there are earlier periods."""
        return bool(self._lags)

    @property
    def lookback(self) -> int:
        """How many values before a point it needs."""
        return self._lags[-1] + self._period if self._lags else 0

    def measure(self, held: Floats, size: int) -> Floats:
        """The distance of each period that ends with one of the last ``size`` values from the nearest before it.

        Args:
            held: shape (n,), n at least ``lookback + size``.
            size: at least 1.
        """
        end, period = held.size, self._period
        now, gone = held[end - size :], held[end - size - period : end - period]
        nearest = np.full(size, np.inf)
        for place, lag in enumerate(self._lags):
            change = np.square(now - held[end - size - lag : end - lag])
            change -= np.square(gone - held[end - size - period - lag : end - period - lag])
            change[0] += self._sums[place]
            sums = np.cumsum(change)
            self._sums[place] = float(sums[-1])
            np.minimum(nearest, sums, out=nearest)
        return rounded(np.sqrt(np.maximum(nearest, 0.0) / period))
