"""Distances between rows, and the nearest of some rows.

The nearest are chosen by a product of matrices, which is fast but rounds by how many rows are asked about at once. The
distances themselves are taken from differences: a row gets the same distance alone as among thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats

_AT_ONCE: Final = 131_072
"""Distances that are worked out at once: small enough for the processor's cache."""
_ROUNDING: Final = 1e-14
"""Of a product of two rows, in their lengths multiplied: more than its rounding."""
_GROUPS: Final = 3
"""Times as many groups of rows as neighbours that are looked for, at the least."""


def squared_distances(rows: Floats, others: Floats) -> Iterator[tuple[slice, Floats]]:
    """The squared Euclidean distances of rows from others, some rows at once, by differences.

    Args:
        rows: shape (n, features).
        others: shape (features, m), a column each: so each feature lies in one piece of memory.

    Yields:
        Which rows, and their distances, shape (rows, m); the array is used again for the next.
    """
    step = max(_AT_ONCE // (4 * others.shape[1]), 1)
    squared = np.empty((min(step, len(rows)), others.shape[1]))
    apart = np.empty_like(squared)
    for begin in range(0, len(rows), step):
        some = rows[begin : begin + step]
        squared, apart = squared[: len(some)], apart[: len(some)]
        np.subtract(some[:, 0, None], others[0], out=squared)
        np.multiply(squared, squared, out=squared)
        for feature in range(1, len(others)):
            np.subtract(some[:, feature, None], others[feature], out=apart)
            np.multiply(apart, apart, out=apart)
            squared += apart
        yield slice(begin, begin + len(some)), squared


class Neighbours:
    """Rows to find the nearest among.

    Args:
        rows: float64, shape (m, features).
    """

    def __init__(self, rows: Floats) -> None:
        self.rows = rows
        half_squares = 0.5 * np.einsum("ij,ij->i", rows, rows)
        self._longest = float(np.sqrt(2.0 * half_squares.max(initial=0.0)))
        # One product with a row and a 1 gives half the squared distance, but for half the squared length of the row.
        self._columns = np.concatenate([-rows.T, half_squares[None, :]])

    def nearest(self, rows: Floats) -> Floats:
        """The squared distance of each row from the nearest, shape (n,)."""
        nearest = np.empty(len(rows))
        for some, squared, _ in self.nearest_of_each(rows, 1):
            nearest[some] = squared[:, 0]
        return nearest

    def nearest_of_each(self, rows: Floats, count: int) -> Iterator[tuple[slice, Floats, NDArray[np.intp]]]:
        """The ``count`` nearest of each row, some rows at once.

        Args:
            rows: shape (n, features).
            count: at most m.

        Yields:
            Which rows; the squared distances of their nearest, shape (rows, count), in any order; which these are.
        """
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        margin = _ROUNDING * (lengths + self._longest) * self._longest
        with_ones = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
        step = max(_AT_ONCE // len(self.rows), 1)
        for begin in range(0, len(rows), step):
            some = slice(begin, begin + step)
            closeness = with_ones[some] @ self._columns
            limit = _limit(closeness, count) + margin[some]
            row, candidate = np.divmod(np.flatnonzero(closeness <= limit[:, None]), len(self.rows))
            apart = rows[some][row] - self.rows[candidate]
            sizes = np.bincount(row, minlength=len(closeness))
            # A line of candidates for each row, filled up with what is infinitely far.
            column = np.arange(row.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            squared = np.full((len(closeness), int(sizes.max())), np.inf)
            squared[row, column] = np.einsum("ij,ij->i", apart, apart)
            which = np.zeros(squared.shape, dtype=np.intp)
            which[row, column] = candidate
            chosen = np.argpartition(squared, count - 1, axis=1)[:, :count]
            yield some, np.take_along_axis(squared, chosen, axis=1), np.take_along_axis(which, chosen, axis=1)


def _limit(closeness: Floats, count: int) -> Floats:
    """A limit that at least ``count`` of each line are up to, and few others, shape (rows,).

    The limit that so many groups are up to: far fewer numbers to put in order.
    """
    limit: Floats
    if count == 1:
        limit = closeness.min(axis=1)
        return limit
    size = max(closeness.shape[1] // (_GROUPS * count), 1)
    groups = closeness.shape[1] // size
    nearest = closeness[:, : size * groups].reshape(len(closeness), size, groups).min(axis=1)
    limit = np.partition(nearest, count - 1, axis=1)[:, count - 1]
    return limit
