"""The one representation of a series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TimeSeries:
    """A univariate series, in the order of time.

    Attributes:
        timestamps: int64, shape (n,), Unix seconds, strictly increasing.
        values: float64, shape (n,), finite, in the unit of whoever sent them.

    The arrays are made read-only, so that no detector can change what another one sees.
    What a client sends is checked by :func:`tidewatch.series.preflight.preflight`; this class only
    guards the invariants that code relies on.

    Raises:
        ValueError: if the arrays differ in length or are not one-dimensional.
    """

    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.timestamps.ndim != 1 or self.timestamps.shape != self.values.shape:
            raise ValueError("timestamps and values must be one-dimensional and of one length")
        self.timestamps.setflags(write=False)
        self.values.setflags(write=False)

    def __len__(self) -> int:
        return int(self.values.size)

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
        """The median time between two points, in seconds, at least 1; of at least two points."""
        return max(int(np.median(np.diff(self.timestamps))), 1)

    @classmethod
    def of_point(cls, timestamp: int, value: float) -> TimeSeries:
        """A series of one point, as a prediction asks about."""
        return cls(np.array([timestamp], dtype=np.int64), np.array([value], dtype=np.float64))

    @classmethod
    def empty(cls) -> TimeSeries:
        """A series of no points."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0))

    def last(self, points: int) -> TimeSeries:
        """At most so many points from its end; points is at least 0."""
        if points >= len(self):
            return self
        return self.part(len(self) - points)

    def part(self, start: int, end: int | None = None) -> TimeSeries:
        """The points from one place on and before another, as a slice counts them; both see the same memory."""
        return TimeSeries(self.timestamps[start:end], self.values[start:end])

    def followed_by(self, series: TimeSeries) -> TimeSeries:
        """Its points and then those of another."""
        if not len(self):
            return series
        return TimeSeries(
            np.concatenate([self.timestamps, series.timestamps]), np.concatenate([self.values, series.values])
        )
