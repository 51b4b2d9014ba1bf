"""The median of the points before each."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats

_FEW: Final = 16
"""Fewer medians are each worked out by itself: putting the first window in order costs more."""


def median_before(values: Floats, window: int, skip: int) -> Floats:
    """The median of the ``window`` points before each point, shape (n - skip,); NaN where fewer came before.

    A window is kept in order as it moves on, which is as quick for a list as it gets: a median is one of the values or
    the mean of two, so nothing adds up on the way.

    Args:
        values: shape (n,).
        window: at least 1.
        skip: how many points at the start are context: not answered for.
    """
    medians = np.full(values.size - skip, np.nan)
    first = max(window, skip)
    if first >= values.size:
        return medians
    low, high = (window - 1) // 2, window // 2
    if values.size - first <= _FEW:
        for place in range(first, values.size):
            middle = np.partition(values[place - window : place], (low, high))
            medians[place - skip] = 0.5 * (middle[low] + middle[high])
        return medians
    ordered = sorted(values[first - window : first].tolist())
    found = []
    for leaving, entering in zip(values[first - window :].tolist(), values[first:].tolist(), strict=False):
        found.append(0.5 * (ordered[low] + ordered[high]))
        del ordered[bisect_left(ordered, leaving)]
        insort(ordered, entering)
    medians[first - skip :] = found
    return medians
