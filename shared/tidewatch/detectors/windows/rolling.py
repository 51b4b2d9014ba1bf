"""Means and spreads over trailing windows, each window by itself.

No sum runs from the start of the series, so a window of the same values has the same moments wherever it lies, to the
last bit, and a window of equal values has a spread of 0.

Source: the merging of two samples' moments, T. Chan, G. Golub, R. LeVeque, Algorithms for Computing the Sample Variance
(1983), The American Statistician 37(3), section 2; here windows of doubling size are merged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
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
                merged[index] = _merge(doubled, size, newer, lengths[index]) if newer is not None else doubled
                lengths[index] += size
        if 2 * size > max(windows):
            break
        doubled, size = _merge(doubled, size, doubled, size), 2 * size
    return [(mean, np.sqrt(squares / window)) for window, (mean, squares) in zip(windows, _all(merged), strict=True)]


def _merge(older: _Moments, size: int, newer: _Moments, newer_size: int) -> _Moments:
    """The moments of windows that are an older one and then a newer one."""
    count = newer[0].size - size
    whole = size + newer_size
    mean = older[0][:count]
    apart = newer[0][size:] - mean
    squares = older[1][:count] + newer[1][size:] + apart * apart * (size * newer_size / whole)
    return mean + apart * (newer_size / whole), squares


def _all(merged: Sequence[_Moments | None]) -> list[_Moments]:
    return [moments for moments in merged if moments is not None]
