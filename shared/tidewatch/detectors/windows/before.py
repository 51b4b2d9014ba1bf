"""What came before each point: moments of the points just before it, without the point itself.

Each window is worked out by itself, so it has the same moments wherever it lies, and in blocks that stay in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats
from tidewatch.detectors.windows.rolling import trailing_moments

_BLOCK: Final = 8_192


def moments_before(values: Floats, window: int, skip: int) -> tuple[Floats, Floats]:
    """Mean and population standard deviation of the points before each.

    Args:
        values: shape (n,), magnitudes at most 1e150.
        window: how many points before, at least 1.
        skip: how many points at the start are context: not answered for.

    Returns:
        Two arrays of shape (n - skip,), NaN where fewer points came before.
    """
    mean, std = np.full((2, values.size - skip), np.nan)
    for here, past in _blocks(values, window, skip):
        ((mean[here], std[here]),) = trailing_moments(past, (window,))
    return mean, std


def decayed_mean_before(values: Floats, window: int, decay: float, skip: int) -> Floats:
    """Mean of the points before each, the last of them with weight 1, each other with ``decay`` times the next one's.

    Means of short windows are merged to those of long ones, each a step from one mean towards another: so the mean of
    equal values is that value exactly, and takes a number of steps that grows with the logarithm of the window.

    Args:
        values: shape (n,), magnitudes at most 1e150.
        window: how many points before, at least 1.
        decay: at least 0 and below 1.
        skip: how many points at the start are context: not answered for.

    Returns:
        An array of shape (n - skip,), NaN where fewer points came before.
    """
    mean = np.full(values.size - skip, np.nan)
    for here, past in _blocks(values, window, skip):
        mean[here] = _decayed_mean(past, window, decay)
    return mean


def _blocks(values: Floats, window: int, skip: int) -> Iterator[tuple[slice, Floats]]:
    """Where answers of a block go, and the values whose windows they are of."""
    for start in range(max(window, skip), values.size, _BLOCK):
        end = min(start + _BLOCK, values.size)
        yield slice(start - skip, end - skip), values[start - window : end - 1]


def _decayed_mean(values: Floats, window: int, decay: float) -> Floats:
    """Of all windows that fit, shape (n - window + 1,)."""
    doubled, size = values, 1
    newest, length = values, 0
    while True:
        if window & size:
            newest = _merge(doubled, size, newest, length, decay) if length else doubled
            length += size
        if 2 * size > window:
            return newest
        doubled, size = _merge(doubled, size, doubled, size, decay), 2 * size


def _merge(older: Floats, size: int, newer: Floats, newer_size: int, decay: float) -> Floats:
    share = decay**newer_size * (1.0 - decay**size) / (1.0 - decay ** (newer_size + size))
    newer = newer[size:]
    return newer + share * (older[: newer.size] - newer)
