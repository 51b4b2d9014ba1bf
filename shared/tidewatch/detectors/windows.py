"""What the points just before each point tell of it: means, spreads and medians of trailing windows.

Each window is worked out by itself: no sum runs from the start of the series. So a window of the same values has the
same moments wherever it lies, to the last bit, and a window of equal values has a spread of 0.

Source: the merging of two samples' moments, T. Chan, G. Golub, R. LeVeque, Algorithms for Computing the Sample Variance
(1983), The American Statistician 37(3), section 2; here windows of doubling size are merged.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats

_BLOCK: Final = 8_192
"""Windows at once: they stay in the processor's cache."""
_FEW: Final = 16
"""Fewer medians are each worked out by itself: putting the first window in order costs more."""
_Moments = tuple[Floats, Floats]
"""Means and sums of squared deviations, one for each window."""


def trailing_moments(values: Floats, windows: Sequence[int]) -> list[tuple[Floats, Floats]]:
    """Mean and population standard deviation of each window's length, over all places where it fits.

    Args:
        values: shape (n,), magnitudes at most 1e150; of differences below 1e-150 the squares are lost.
        windows: lengths, each at least 1 and at most n.

    Returns:
        For each length w two arrays of shape (n - w + 1,), the first of which belongs to point w - 1.
    """
    merged: list[_Moments | None] = [None] * len(windows)
    lengths = [0] * len(windows)
    doubled, size = (values, np.zeros_like(values)), 1
    while True:
        for index, window in enumerate(windows):
            if window & size:
                newer = merged[index]
                merged[index] = _merge_moments(doubled, size, newer, lengths[index]) if newer is not None else doubled
                lengths[index] += size
        if 2 * size > max(windows):
            break
        doubled, size = _merge_moments(doubled, size, doubled, size), 2 * size
    return [(mean, np.sqrt(squares / window)) for window, (mean, squares) in zip(windows, _all(merged), strict=True)]


def _merge_moments(older: _Moments, size: int, newer: _Moments, newer_size: int) -> _Moments:
    """The moments of windows that are an older one and then a newer one."""
    count = newer[0].size - size
    whole = size + newer_size
    mean = older[0][:count]
    apart = newer[0][size:] - mean
    squares = older[1][:count] + newer[1][size:] + apart * apart * (size * newer_size / whole)
    return mean + apart * (newer_size / whole), squares


def _all(merged: Sequence[_Moments | None]) -> list[_Moments]:
    return [moments for moments in merged if moments is not None]


def moments_before(values: Floats, window: int, skip: int) -> tuple[Floats, Floats]:
    """Mean and population standard deviation of the points before each.

    Args:
        values: shape (n,), magnitudes at most 1e150.
        window: how many points before, at least 1.
        skip: how many points at the start are context: they get no answer.

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
    equal values is that value exactly, and the number of steps grows with the logarithm of the window.

    Args:
        values: shape (n,), magnitudes at most 1e150.
        window: how many points before, at least 1.
        decay: at least 0 and below 1.
        skip: how many points at the start are context: they get no answer.

    Returns:
        An array of shape (n - skip,), NaN where fewer points came before.
    """
    mean = np.full(values.size - skip, np.nan)
    for here, past in _blocks(values, window, skip):
        mean[here] = _decayed_mean(past, window, decay)
    return mean


def _blocks(values: Floats, window: int, skip: int) -> Iterator[tuple[slice, Floats]]:
    """The places of the answers of each block, and the values that their windows are made of."""
    for start in range(max(window, skip), values.size, _BLOCK):
        end = min(start + _BLOCK, values.size)
        yield slice(start - skip, end - skip), values[start - window : end - 1]


def _decayed_mean(values: Floats, window: int, decay: float) -> Floats:
    """Of all windows that fit, shape (n - window + 1,)."""
    doubled, size = values, 1
    newest, length = values, 0
    while True:
        if window & size:
            newest = _merge_means(doubled, size, newest, length, decay) if length else doubled
            length += size
        if 2 * size > window:
            return newest
        doubled, size = _merge_means(doubled, size, doubled, size, decay), 2 * size


def _merge_means(older: Floats, size: int, newer: Floats, newer_size: int, decay: float) -> Floats:
    share = decay**newer_size * (1.0 - decay**size) / (1.0 - decay ** (newer_size + size))
    newer = newer[size:]
    return newer + share * (older[: newer.size] - newer)


def median_before(values: Floats, window: int, skip: int) -> Floats:
    """The median of the ``window`` points before each point, shape (n - skip,); NaN where fewer came before.

    A window is kept in order as it moves on, which is quick for a list. A median is one of the values or the mean of
    two, so no rounding adds up on the way.

    Args:
        values: shape (n,).
        window: at least 1.
        skip: how many points at the start are context: they get no answer.
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
