"""Stretches of time behind a panel: events, and points that were not judged yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.themes import Theme

_Floats = NDArray[np.float64]
_Indices = NDArray[np.intp]

_AROUND: Final = (0.8, 3.0)
"""Columns on either side of an event, which show one of a single point; many must not seem to fill the picture."""

_MOST_AROUND: Final = 0.05
"""The share of the picture that one side of all events may take, while each has the lesser of those widths."""


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """What is drawn behind every panel, on the shared horizontal axis.

    Attributes:
        count: how many events there are.
        events: float64, shape (k, 2), start and end of what is seen of the events.
        warming_up: float64, shape (l, 2), likewise of points without a judgement.
    """

    count: int
    events: _Floats
    warming_up: _Floats
    theme: Theme

    @classmethod
    def of(cls, judged: Judged, abscissa: Abscissa, theme: Theme) -> Spans:
        """The spans of a series."""
        starts = np.array([event.start_index for event in judged.events], dtype=np.intp)
        ends = np.array([event.end_index for event in judged.events], dtype=np.intp)
        share = _MOST_AROUND * (abscissa.high - abscissa.low) / max(starts.size, 1)
        narrow, wide = (columns * abscissa.column for columns in _AROUND)
        around = min(max(share, narrow), wide)
        events = merged(abscissa.at(starts) - around, abscissa.at(ends) + around)
        firsts, lasts = runs(judged.scores.warming_up)
        waits = merged(_halfway(abscissa, firsts - 1), _halfway(abscissa, lasts))
        return cls(len(judged.events), events, waits[waits[:, 1] - waits[:, 0] >= abscissa.column], theme)

    def legend(self) -> list[Artist]:
        """Entries for events, and for points that were not judged if they can be seen."""
        entries: list[Artist] = []
        if self.count:
            entries.append(Patch(facecolor=self.theme.event, label=f"events: {self.count:,}"))
        if self.warming_up.size:
            entries.append(Patch(facecolor=self.theme.waiting, label="warming up"))
        return entries

    def draw_on(self, axes: Axes) -> None:
        """Adds the spans from the bottom of the axes to their top."""
        for spans, color, order in ((self.warming_up, self.theme.waiting, 0.1), (self.events, self.theme.event, 0.3)):
            if spans.size:
                ranges = np.column_stack([spans[:, 0], spans[:, 1] - spans[:, 0]]).tolist()
                top_to_bottom = axes.get_xaxis_transform()
                axes.broken_barh(ranges, (0, 1), transform=top_to_bottom, color=color, linewidth=0, zorder=order)


def runs(flags: NDArray[np.bool_]) -> tuple[_Indices, _Indices]:
    """The first and the last index of every run of true flags, each of shape (runs,), ascending."""
    turns = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return turns[::2], turns[1::2] - 1


def merged(starts: _Floats, ends: _Floats) -> _Floats:
    """Spans of which those that touch are made one.

    Args:
        starts: shape (n,), ascending.
        ends: shape (n,), ascending, each at or after its start.

    Returns:
        Shape (m, 2), m at most n, ascending and apart.
    """
    if not starts.size:
        return np.empty((0, 2))
    apart = starts[1:] > ends[:-1]
    return np.column_stack([starts[np.concatenate([[True], apart])], ends[np.concatenate([apart, [True]])]])


def _halfway(abscissa: Abscissa, indices: _Indices) -> _Floats:
    """The middle between each point and the next; the end of the axis where there is none."""
    last = abscissa.positions.size - 1
    here, there = (abscissa.at(np.clip(places, 0, last)) for places in (indices, indices + 1))
    middle = (here + there) / 2
    return np.where(indices < 0, abscissa.low, np.where(indices == last, abscissa.high, middle))
