"""Fewer points, same picture: what a line of n points needs to look the same on a screen of few columns.

Of every column of pixels the first, the lowest, the highest and the last point are kept, so that no spike is lost and
lines enter and leave each column where they did.

Source: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl, M4: A Visualization-Oriented Time Series Data Aggregation
(2014).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

KEPT_PER_COLUMN: Final = 4

_FEWEST_STEPS: Final = 4
"""With fewer steps than this, none of them is typical."""


def decimate(timestamps: NDArray[np.int64], values: NDArray[np.float64], columns: int) -> NDArray[np.intp]:
    """The indices to draw, ascending; all of them if there are at most four per column.

    Args:
        timestamps: shape (n,), strictly increasing, in whole seconds.
        values: shape (n,); NaN is never the lowest or highest of a column that has a number.
        columns: how many equal spans of time to cut the series into, at least 1.

    Returns:
        Shape (m,), m at most ``4 * columns``; of every column the first, last, lowest and highest point are among them.
    """
    count = timestamps.size
    if count <= KEPT_PER_COLUMN * columns:
        return np.arange(count)
    column = columns_of(timestamps, columns)
    firsts = np.flatnonzero(np.diff(column, prepend=-1))
    lengths = np.diff(firsts, append=count)
    kept = np.zeros(count, dtype=np.bool_)
    kept[firsts] = True
    kept[firsts + lengths - 1] = True
    for extreme in (np.fmin, np.fmax):
        kept[_first_hits(extreme, values, column, firsts, lengths)] = True
    return np.flatnonzero(kept)


def highest(timestamps: NDArray[np.int64], values: NDArray[np.float64], columns: int) -> NDArray[np.intp]:
    """The index of the highest point of every column, ascending; all of them if there are no more than columns.

    Arguments as for :func:`decimate`, but none of the values is NaN.
    """
    if timestamps.size <= columns:
        return np.arange(timestamps.size)
    column = columns_of(timestamps, columns)
    firsts = np.flatnonzero(np.diff(column, prepend=-1))
    lengths = np.diff(firsts, append=timestamps.size)
    return _first_hits(np.maximum, values, column, firsts, lengths)


def columns_of(timestamps: NDArray[np.int64], columns: int) -> NDArray[np.int64]:
    """The column, 0 to ``columns - 1``, of every timestamp; shape (n,), n at least 1."""
    start, end = int(timestamps[0]), int(timestamps[-1])
    column: NDArray[np.int64] = (timestamps - start) * columns // (end - start + 1)
    return column


def corners(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """The indices, ascending, that a line needs if level runs are drawn by their two ends; shape (m,), m at most n."""
    same_as_before = np.zeros(values.size, dtype=np.bool_)
    np.equal(values[1:], values[:-1], out=same_as_before[1:])
    inside_run = same_as_before.copy()
    inside_run[:-1] &= same_as_before[1:]
    inside_run[-1:] = False
    return np.flatnonzero(~inside_run)


def gaps(timestamps: NDArray[np.int64], columns: int) -> NDArray[np.intp]:
    """The indices of points that follow a gap in sampling, which a line should not bridge.

    A gap is at least six times the median step, three times the ninth decile of the steps (so that irregular sampling
    is not torn to pieces), and two columns wide (or nobody would see it).
    """
    steps = np.diff(timestamps)
    if steps.size < _FEWEST_STEPS:
        return np.empty(0, dtype=np.intp)
    typical, long = np.quantile(steps, (0.5, 0.9), method="lower")
    visible = 2 * (int(timestamps[-1]) - int(timestamps[0]) + 1) / columns
    return np.flatnonzero(steps >= max(6 * int(typical), 3 * int(long), visible)) + 1


def _first_hits(
    extreme: np.ufunc,
    values: NDArray[np.float64],
    column: NDArray[np.int64],
    firsts: NDArray[np.intp],
    lengths: NDArray[np.intp],
) -> NDArray[np.intp]:
    """The index of the extreme of every column; of equal extremes the first."""
    hits = np.flatnonzero(values == np.repeat(extreme.reduceat(values, firsts), lengths))
    chosen: NDArray[np.intp] = hits[np.diff(column[hits], prepend=-1) != 0]
    return chosen
