"""How far a point is from all that the same phase has been.

The comparison with the nearest of the same phase is k-nearest neighbours with k = 1 on one phase.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MOST_PERIODS: Final = 14
"""How many earlier periods are compared: two weeks of days, so that a weekday finds its own kind."""


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
    """How far each point is from the others of its phase, before it or after: from the nearest, and from their mean.

    A point to come is compared with as many others, so these are what its distance is to be ranked among. A point that
    has no other of its phase yet borrows the distance of one that has.

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
