"""The last points of a stream, always as one contiguous view."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ring:
    """The last ``capacity`` columns pushed, of ``rows`` rows each.

    The store is twice as wide as the capacity, and what counts moves to its front when it is full: a push is a copy of
    the block and, rarely, one of the whole; a look costs nothing.
    """

    def __init__(self, rows: int, capacity: int, dtype: type[Any] = np.float64) -> None:
        self.capacity = capacity
        self._store: NDArray[Any] = np.zeros((rows, 2 * capacity), dtype=dtype)
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self.capacity)

    def push(self, block: NDArray[Any]) -> None:
        """Appends columns, shape (rows, k), k at most the capacity."""
        size = block.shape[1]
        if self._end + size > self._store.shape[1]:
            kept = self.capacity
            self._store[:, :kept] = self._store[:, self._end - kept : self._end]
            self._end = kept
        self._store[:, self._end : self._end + size] = block
        self._end += size

    def view(self) -> NDArray[Any]:
        """What is kept, oldest first, shape (rows, len(self)); valid until the next push."""
        return self._store[:, self._end - len(self) : self._end]

    def last(self, size: int) -> NDArray[Any]:
        """The last ``size`` columns, shape (rows, size); at most ``len(self)``."""
        return self._store[:, self._end - size : self._end]

    def copy(self) -> Ring:
        """Another of the same content."""
        other = Ring(self._store.shape[0], self.capacity, self._store.dtype.type)
        other.push(self.view())
        return other
