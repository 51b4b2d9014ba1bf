"""The one representation of rows of many variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows of k variables, in the order of time.

    Attributes:
        timestamps: int64, shape (n,), Unix seconds, strictly increasing.
        values: float64, shape (n, k), in the units of whoever sent them; NaN where a value is missing, else finite.
        names: of the k variables.

    The arrays are made read-only, so that no detector can change what another one sees. What a client sends is checked
    by :mod:`tidewatch.series.rows`; this class only guards the invariants that code relies on.

    Raises:
        ValueError: if the shapes do not fit each other.
    """

    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.timestamps.ndim != 1 or self.values.shape != (self.timestamps.size, len(self.names)):
            raise ValueError("values must have a row for each timestamp and a column for each name")
        self.timestamps.flags.writeable = False
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return int(self.timestamps.size)

    @property
    def start(self) -> int:
        """The first timestamp, Unix seconds."""
        return int(self.timestamps[0])

    @property
    def end(self) -> int:
        """The last timestamp, Unix seconds."""
        return int(self.timestamps[-1])

    @property
    def step(self) -> int:
        """The median time between two rows, in seconds, at least 1; of at least two rows."""
        return max(int(np.median(np.diff(self.timestamps))), 1)

    @classmethod
    def empty(cls, names: Sequence[str]) -> Frame:
        """No rows of these variables."""
        return cls(np.empty(0, dtype=np.int64), np.empty((0, len(names))), tuple(names))

    def last(self, rows: int) -> Frame:
        """At most so many rows from its end; at least 0."""
        return self if rows >= len(self) else self.part(len(self) - rows)

    def part(self, start: int, end: int | None = None) -> Frame:
        """The rows from one place on and before another, as a slice counts them; both see the same memory."""
        return Frame(self.timestamps[start:end], self.values[start:end], self.names)

    def followed_by(self, frame: Frame) -> Frame:
        """Its rows and then those of another frame of the same variables."""
        if not len(self):
            return frame
        return Frame(
            np.concatenate([self.timestamps, frame.timestamps]),
            np.concatenate([self.values, frame.values]),
            self.names,
        )

    def select(self, names: Sequence[str]) -> Frame:
        """The same rows with these of its variables, in this order."""
        if tuple(names) == self.names:
            return self
        return Frame(self.timestamps, self.values[:, [self.names.index(name) for name in names]], tuple(names))

    def constant(self) -> tuple[str, ...]:
        """The variables whose values, where they are not missing, are all equal; and those that have none."""
        highest = np.max(self.values, axis=0, where=~np.isnan(self.values), initial=-np.inf)
        lowest = np.min(self.values, axis=0, where=~np.isnan(self.values), initial=np.inf)
        return tuple(name for name, varies in zip(self.names, highest > lowest, strict=True) if not varies)
