"""Which period a series has.

Source: the period by autocorrelation, C. Chatfield, The Analysis of Time Series (2003), section 2.7, of winsorised
values.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
