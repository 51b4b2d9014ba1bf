"""A change of the stream, found by betting against uniform p-values: a conformal test martingale.

While nothing has changed, the p-values of new points are uniform between 0 and 1. Somebody bets on each of them before
it is seen; a bet is fair under uniform p-values, so that the expected wealth never grows. Wealth that has grown is
evidence of a change. The bets are those of the Simple Jumper: three gamblers bet on small p-values, on large ones, and
on neither, by ``1 + e (p - 1/2)`` for e of -1, 1 and 0. A hundredth of all wealth is dealt out anew before each bet.

When to raise an alarm is the procedure of Shiryaev and Roberts: one unit of money is put in before each point, and the
alarm is raised when the sum of all wealth reaches N. That sum less the number of points is a martingale, so that the
expected number of points before a false alarm is N at the least, whenever one begins to count.

Sources: V. Vovk, I. Petej, I. Nouretdinov, E. Ahlberg, L. Carlsson, A. Gammerman, Retrain or not retrain: conformal
test martingales for change-point detection (2021), COPA, PMLR 152; A. Shiryaev, On optimum
methods in quickest detection problems (1963), Theory of Probability and Its Applications 8(1).

Three things that the theory takes for granted do not hold of a monitored series, and each would be taken for drift:

- p-values come from a calibration by m points and are off by about ``1 / sqrt(12 m)`` for good. A mean that is off by
  no more than a tolerance is no drift: bets are divided by what such a mean would win.
- Neighbouring p-values rise and fall together. Each is worth ``1 / (1 + 2 (r1 + r2 + …))`` of an independent one, where
  r1, r2, … are the correlations with the next, the one after it and so on; or ``(1 - r1) / (1 + r1)`` if that is less.
  Bets are raised to that power. The correlations are those within blocks of 50 points before the bet, each about its
  own mean, so that a change of level is none.
- A p-value that ties with others is too large on average, by half of the share of the ties; so much is added to the
  tolerance of who bets on large ones. No randomness is needed, and the same points always give the same answer.

Each of them makes a bet smaller, so that the number of points before a false alarm under uniform p-values still is N at
the least.

A bet wins at most half of what is put on it. So a single anomaly, however strange, multiplies the statistic by 3/2 at
the most; it takes some 20 in a row to raise an alarm at an N of 10,000, and that is a change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_JUMP: Final = 0.01
"""Share of the wealth that is dealt out anew before each bet, as in the source."""
_BLOCK: Final = 50
"""Points of which one correlation is told."""
_CAP: Final = 10.0
"""Evidence is kept up to so many times N, so that it comes down when the drift is over."""
_OVER: Final = 0.1
"""An alarm is over when the statistic is below this share of N; the next one begins from nothing."""
_ERRORS: Final = 2.0
"""Standard errors of a calibration that are tolerated."""
_TRIMMED: Final = 0.005
"""What the anomalies that a calibration leaves out, 1 % at the most, take from the mean of p-values."""
_LEAST_WORTH: Final = 0.02
_PRIOR: Final = 0.25
"""The correlation of neighbours that is assumed before there is a block."""
_LAGS: Final = 24
"""So many neighbours are looked at; an even number."""
_ROUNDS: Final = 20
"""In which the variance of a block's mean is found."""


def tolerance_of(calibrated_by: float) -> float:
    """By how much the mean p-value may be off without being drift.

    Args:
        calibrated_by: how many independent points the p-values were calibrated by, above 0.
    """
    return min(0.25, _TRIMMED + _ERRORS / math.sqrt(12.0 * max(calibrated_by, 1.0)))


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change that was found.

    Attributes:
        raised: the place of the point that raised it.
        over: the place of the point at which it was over; None while it lasts.
    """

    raised: int
    over: int | None = None


@dataclass(frozen=True, slots=True)
class MartingalePath:
    """What the bets on n p-values came to.

    Attributes:
        points: n.
        statistic: the Shiryaev-Roberts statistic after the last point; 0 without one.
        maximum: the largest that it was, 10 N at the most.
        alarms: in the order of time; the last one may still last.
        tolerance: by how much the mean p-value may be off.
        point_worth: how many independent points each of the last ones is worth, at most 1.
    """

    points: int
    statistic: float
    maximum: float
    alarms: tuple[Alarm, ...]
    tolerance: float
    point_worth: float

    @property
    def alarm(self) -> Alarm | None:
        """The one that lasts."""
        return self.alarms[-1] if self.alarms and self.alarms[-1].over is None else None


def bet_on(p_values: NDArray[np.float64], points_per_false_alarm: float, *, tolerance: float = 0.0) -> MartingalePath:
    """Bets on p-values, in the order in which they came.

    Args:
        p_values: of n points, shape (n,), 0 to 1.
        points_per_false_alarm: N: as long as nothing changes there is one alarm in so many points at the most, on
            average.
        tolerance: by how much the mean p-value may be off; see :func:`tolerance_of`.

    >>> bet_on(np.full(100, 0.001), 10_000).alarm
    Alarm(raised=34, over=None)
    """
    bets, dependence = _SimpleJumper(), _Dependence()
    statistic, maximum = 0.0, 0.0
    alarms: list[Alarm] = []
    lasts = False
    for place, p_value in enumerate(p_values.tolist()):
        ratio = bets.ratio(p_value, tolerance, dependence.ties, dependence.worth)
        dependence.see(p_value)
        if lasts:
            statistic = min(statistic * ratio, _CAP * points_per_false_alarm)
            if statistic < _OVER * points_per_false_alarm:
                alarms[-1], lasts, statistic = Alarm(alarms[-1].raised, place), False, 0.0
        else:
            statistic = (statistic + 1.0) * ratio
            if statistic >= points_per_false_alarm:
                alarms.append(Alarm(place))
                lasts = True
        maximum = max(maximum, statistic)
    return MartingalePath(p_values.size, statistic, maximum, tuple(alarms), tolerance, dependence.worth)


class _SimpleJumper:
    """The shares of the wealth that the three gamblers have."""

    __slots__ = ("_large", "_small")

    def __init__(self) -> None:
        self._small = self._large = 1.0 / 3.0

    def ratio(self, p_value: float, tolerance: float, ties: float, worth: float) -> float:
        """What the wealth of all is multiplied by."""
        small = (1.0 - _JUMP) * self._small + _JUMP / 3.0
        large = (1.0 - _JUMP) * self._large + _JUMP / 3.0
        neither = 1.0 - small - large
        small *= math.pow((1.5 - p_value) / (1.0 + tolerance), worth)
        large *= math.pow((0.5 + p_value) / (1.0 + tolerance + ties / 2.0), worth)
        wealth = small + large + neither
        self._small, self._large = small / wealth, large / wealth
        return wealth


class _Dependence:
    """What the p-values so far tell of how much the next one will tell beside them.

    Attributes:
        worth: how many independent p-values each is worth.
        ties: the chance that two neighbours are equal.
    """

    __slots__ = ("_block", "_blocks", "_common", "_equal", "_seen", "ties", "worth")

    def __init__(self) -> None:
        self._block: list[float] = []
        # As if there had been a block before, of weakly correlated ones: a bet must be careful until there is one.
        self._common = _PRIOR ** np.arange(_LAGS + 1) * _PAIRS / 12.0
        self._blocks = 1
        self._equal = self._seen = 0
        # As if all tied: a series that stands still has large p-values alone, and no block before to tell it by.
        self.ties = 1.0
        self.worth = (1.0 - _PRIOR) / (1.0 + _PRIOR)

    def see(self, p_value: float) -> None:
        """Takes a p-value that was bet on."""
        self._block.append(p_value)
        if len(self._block) < _BLOCK:
            return
        block = np.array(self._block)
        self._block.clear()
        apart = block - block.mean()
        self._common = self._common + np.correlate(apart, apart, "full")[_BLOCK - 1 : _BLOCK + _LAGS]
        self._blocks += 1
        self._equal += int(np.count_nonzero(block[1:] == block[:-1]))
        self._seen += _BLOCK - 1
        self.ties = self._equal / self._seen
        self.worth = _worth(self._common / (self._blocks * _PAIRS))


_PAIRS: Final = _BLOCK - np.arange(_LAGS + 1.0)
"""Of points in a block, by how far they are apart."""


def _worth(products: NDArray[np.float64]) -> float:
    """How many independent points each is worth.

    Args:
        products: the mean product of two points of a block, each less the mean of the block, by how far they are apart,
            shape (25,).
    """
    if products[0] <= 0.0:
        return _LEAST_WORTH
    # The mean of the block is the block's own, which makes its points look opposed: by the variance of that mean, which
    # is the larger the more they are alike.
    length, correlations = 1.0, products
    for _ in range(_ROUNDS):
        of_mean = products[0] * length / (_BLOCK - min(length, _BLOCK / 2.0))
        correlations = (products + of_mean) / (products[0] + of_mean)
        length = _length(correlations)
    first = min(max(float(correlations[1]), 0.0), 1.0)
    return max(min(1.0 / length, (1.0 - first) / (1.0 + first)), _LEAST_WORTH)


def _length(correlations: NDArray[np.float64]) -> float:
    """How many points tell as much as an independent one.

    Correlations are summed in twos, up to the first sum that is not above 0: beyond it there is noise alone.

    C. Geyer, Practical Markov Chain Monte Carlo (1992), Statistical Science 7(4).
    """
    pairs = correlations[1:].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0.0)
    return 1.0 + 2.0 * float(pairs[: negative[0] if negative.size else pairs.size].sum())
