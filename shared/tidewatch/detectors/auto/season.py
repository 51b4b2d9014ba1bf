"""Which period a series has, and how far a point is from all that the same phase has been.

Sources: the period by autocorrelation, C. Chatfield, The Analysis of Time Series (2003), section 2.7, of winsorised
values; the comparison with the nearest of the same phase is k-nearest neighbours with k = 1 on one phase.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MOST_PERIODS: Final = 14
"""How many earlier periods are compared: two weeks of days, so that a weekday finds its own kind."""

_DAY: Final = 86_400
_CALENDAR: Final = (_DAY, 7 * _DAY, 3_600)
_SHORTEST: Final = 7
_FALLBACK: Final = 24
_CLEAR: Final = 0.5  # an autocorrelation that speaks for a period by itself
_BETTER: Final = 0.2  # by how much another period must beat the calendar's


def find_period(timestamps: NDArray[np.int64], values: NDArray[np.float64], longest: int) -> int:
    """The period in points.

    The calendar's is taken (day, else week, else hour, whichever the sampling step makes of a usable length) unless
    autocorrelation clearly speaks for another.

    Args:
        timestamps: Unix seconds, shape (n,), n at least 2.
        values: winsorised, shape (n,).
        longest: the longest period, in points, of which the past is kept.
    """
    step = max(float(np.median(np.diff(timestamps))), 1.0)
    calendar = next((p for p in (round(s / step) for s in _CALENDAR) if _SHORTEST <= p <= longest), 0)
    correlation = autocorrelation(values)
    found = _strongest(correlation[: longest + 1])
    usual = float(correlation[calendar]) if 0 < calendar < correlation.size else 0.0
    if found and correlation[found] > max(_CLEAR, usual + _BETTER):
        return found
    return calendar or min(_FALLBACK, longest)


def autocorrelation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocorrelation at lags 0 to n // 3, each by the number of pairs that it has."""
    size = values.size
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 1 << (2 * size - 1).bit_length())
    products = np.fft.irfft(spectrum * np.conj(spectrum))[: size // 3 + 1]
    products /= size - np.arange(products.size)
    return products / products[0] if products[0] > 0.0 else np.zeros_like(products)


def _strongest(correlation: NDArray[np.float64]) -> int:
    """The lag of the highest peak after the first fall below 0, or 0 if there is none."""
    below = np.flatnonzero(correlation < 0.0)
    if below.size == 0:
        return 0
    begin = max(int(below[0]), _SHORTEST)
    if begin >= correlation.size - 1:
        return 0
    lag = begin + int(np.argmax(correlation[begin:]))
    return lag if lag < correlation.size - 1 else 0


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
