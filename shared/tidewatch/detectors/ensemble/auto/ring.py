"""The last points of a stream, always as one contiguous view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ring:
    """The last ``capacity`` numbers pushed.

    The store is twice as wide as the capacity, and what counts moves to its front when it is full: a push is a copy of
    the block and, rarely, one of the whole; a look costs nothing.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._store: Floats = np.zeros(2 * capacity)
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self.capacity)

    def push(self, block: Floats) -> None:
        """Appends numbers, shape (k,); of more than the capacity, the last."""
        block = block[-self.capacity :]
        if self._end + block.size > self._store.size:
            kept = self.capacity
            self._store[:kept] = self._store[self._end - kept : self._end]
            self._end = kept
        self._store[self._end : self._end + block.size] = block
        self._end += block.size

    def view(self) -> Floats:
        """What is kept, oldest first, shape (len(self),); valid until the next push."""
        return self._store[self._end - len(self) : self._end]

    def replace(self, numbers: Floats) -> None:
        """Forgets what is kept and keeps the last of these instead."""
        self._end = 0
        self.push(numbers)

    def copy(self) -> Ring:
        """Another of the same content."""
        other = Ring(self.capacity)
        other.push(self.view())
        return other
