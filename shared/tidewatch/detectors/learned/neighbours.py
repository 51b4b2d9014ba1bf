"""Distances between rows, each by its own differences.

A product of matrices would be quicker to write, but rounds by how many rows are asked about at once: a row must get the
same distance alone as among thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats

_AT_ONCE: Final = 32_768
"""Distances that are worked out at once: small enough for the processor's cache."""


def squared_distances(rows: Floats, others: Floats) -> Iterator[tuple[slice, Floats]]:
    """The squared Euclidean distances of rows from others, some rows at once.

    Args:
        rows: shape (n, features).
        others: shape (features, m), a column each: so each feature lies in one piece of memory.

    Yields:
        Which rows, and their distances, shape (rows, m); the array is used again for the next.
    """
    step = max(_AT_ONCE // others.shape[1], 1)
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
