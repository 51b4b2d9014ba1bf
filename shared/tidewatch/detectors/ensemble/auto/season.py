"""By which period points are compared, whether it is a season, and how far a point is from others of its phase.

The comparison with the nearest of the same phase is k-nearest neighbours with k = 1 on one phase.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.baseline import middle_of, spread_of
from tidewatch.detectors.seasonal.period import find_period
from tidewatch.detectors.seasonal.season import Cycles, find_season
from tidewatch.series import Sampling

Floats = NDArray[np.float64]

MOST_PERIODS: Final = 14
"""How many earlier periods are compared: two weeks of days, so that a weekday meets the same weekday."""

_SEARCHED: Final = 2_048
"""Points at the end that are searched for a season other than the calendar's: what a search takes grows with them."""
_WINSOR: Final = 4.0
"""Spreads about the median, beyond which a value counts no more in the search for a period."""
_SURE: Final = 4.0
"""Standard errors that the agreement of a season's cycles is above 0."""
_LEAST_AGREEMENT: Final = 0.1
"""The correlation of two cycles of a season, at the least."""
_MORE_OF_FEW: Final = 0.8
"""By how much more two cycles must agree where they are few: so much over their number."""
_MOST_AGREEMENT: Final = 0.999


def winsorise(values: Floats) -> Floats:
    """Values, shape (n,), with those far from the median drawn in."""
    ordered = np.sort(values)
    centre, reach = middle_of(ordered), _WINSOR * spread_of(ordered)
    return np.clip(values, centre - reach, centre + reach)


def choose_period(timestamps: NDArray[np.int64], values: Floats, longest: int) -> int:
    """The period to compare points by, in points: that of a season, if there is one, else that of the calendar.

    Args:
        timestamps: Unix seconds, shape (n,), n at least 2.
        values: winsorised, shape (n,).
        longest: the longest period, in points.
    """
    usual = find_period(timestamps, values, longest)
    if is_season(values, usual):
        return usual
    step = max(int(np.median(np.diff(timestamps))), 1)
    late = values[-_SEARCHED:]
    found = find_season(Sampling(step, int(timestamps[0]), 1.0), np.arange(late.size), late)
    return found if found and found <= longest else usual


def is_season(values: Floats, period: int) -> bool:
    """Whether the cycles of a series agree more than those of noise, which may be smooth, would by chance.

    Args:
        values: winsorised, shape (n,).
        period: in points, at least 2.
    """
    if values.size < 2 * period or values.min() == values.max():
        return False
    cycles = Cycles.of(np.arange(values.size), values, period)
    agreement = cycles.agreement()
    if agreement <= _LEAST_AGREEMENT + _MORE_OF_FEW * period / values.size:
        return False
    # Correlations near 1 are surer than their standard error says: R. Fisher's transformation.
    return bool(np.arctanh(min(agreement, _MOST_AGREEMENT)) > _SURE * cycles.chance())


def same_phase(past: NDArray[np.float64], size: int, period: int, periods: int) -> NDArray[np.float64]:
    """What the same phase was in earlier periods, for the last ``size`` points: a view, shape (periods, size).

    Args:
        past: shape (n,), contiguous, n at least ``size + period * periods``.
        size: the number of points at the end that are asked about.
        period: in points.
        periods: how many to go back, at least 1.
    """
    stride = past.strides[0]
    newest = past[past.size - size - period :]
    return as_strided(newest, shape=(periods, size), strides=(-period * stride, stride), writeable=False)


def leave_one_out(past: NDArray[np.float64], period: int, periods: int) -> tuple[NDArray[np.float64], ...]:
    """How far each point is from the others of its phase, before or after it: from the nearest, and from their mean.

    A later point is compared with as many others, so its distance is ranked among these. A point that has no other of
    its phase yet gets the distance of one that has.

    Args:
        past: shape (n,), more than one period.
        period: in points.
        periods: how many to go either way, at least 1.

    Returns:
        Two arrays of shape (n,).
    """
    nearest = np.full(past.size, np.inf)
    total, count = np.zeros(past.size), np.zeros(past.size)
    for lag in range(period, min(periods * period, past.size - 1) + 1, period):
        apart = np.abs(past[lag:] - past[:-lag])
        for side, other in ((slice(lag, None), slice(None, -lag)), (slice(None, -lag), slice(lag, None))):
            np.minimum(nearest[side], apart, out=nearest[side])
            total[side] += past[other]
            count[side] += 1.0
    alone = count == 0.0
    residual = np.abs(past - total / np.maximum(count, 1.0))
    for distance in (nearest, residual):
        distance[alone] = np.resize(distance[~alone], np.count_nonzero(alone))
    return nearest, residual
