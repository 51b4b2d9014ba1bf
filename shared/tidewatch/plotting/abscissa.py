"""Where points stand from left to right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.plotting.decimation import gaps
from tidewatch.plotting.index_axis import index_ticks
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.time_axis import Tick, time_ticks

_Floats = NDArray[np.float64]

_MARGIN: Final = 0.015
"""Free room at either end, in lengths of the series."""


class Abscissa:
    """The horizontal axis that all panels share, in seconds, or points, since the first.

    Attributes:
        positions: int64, shape (n,), see :attr:`Judged.positions`.
        column: the width of a column of data, in the numbers of the axis.
        gaps: the indices, ascending, of points that follow a gap in sampling.
        low, high: the ends of the axis.
        label: what the numbers on it are.
        has_contexts: whether ticks have a day or year beneath their labels.
    """

    def __init__(self, judged: Judged, columns: int) -> None:
        self.positions = judged.positions
        self.gaps = gaps(self.positions, columns)
        self.has_contexts = judged.has_times
        self.label = "time (UTC)" if judged.has_times else "point"
        span = float(self.positions[-1] - self.positions[0])
        margin = _MARGIN * span or (30.0 if judged.has_times else 1.0)
        self.low, self.high = -margin, span + margin
        self.column = (self.high - self.low) / columns

    def at(self, indices: NDArray[np.intp]) -> _Floats:
        """Where points stand on the axis, shape as given."""
        since: _Floats = (self.positions[indices] - self.positions[0]).astype(np.float64)
        return since

    def path(self, kept: NDArray[np.intp], *heights: _Floats) -> tuple[_Floats, list[_Floats]]:
        """A line through some of the points, with a NaN in every gap that it must not bridge.

        Args:
            kept: indices of points, ascending.
            heights: of these points, each of their shape.
        """
        breaks = np.searchsorted(kept, self.gaps)
        return np.insert(self.at(kept), breaks, np.nan), [np.insert(height, breaks, np.nan) for height in heights]

    def ticks(self, room_for: Callable[[str], int]) -> list[Tick]:
        """Ticks, ``at`` on the axis; ``room_for`` tells how many labels as wide as a text there is room for."""
        start, end = int(self.positions[0]), int(self.positions[-1])
        if not self.has_contexts:
            return index_ticks(self.positions.size, room_for)
        return [Tick(tick.at - start, tick.label, tick.context) for tick in time_ticks(start, end, room_for)]
