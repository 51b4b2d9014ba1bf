"""How the points were judged: the severity panel, and the events behind all panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tidewatch.calibration.conformal import severity_of
from tidewatch.plotting.decimation import highest
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.request import Judged
from tidewatch.plotting.style import DPI, Sizes, Theme

_Floats = NDArray[np.float64]
_Indices = NDArray[np.intp]

_WIDEST: Final = 6.0
_NARROWEST_ANOMALY: Final = 2.0
"""Pixels of a bar, for pictures of the usual size."""

_AROUND: Final = (0.8, 3.0)
"""Columns that are marked on either side of an event: the least, if there are many events, and the most."""

_MOST_AROUND: Final = 0.05
"""The share of the picture that the marks on one side of all events may take, beyond the least width of each."""


class SeverityLayer:
    """A bar for every point, or for the most severe of each column where there are more points than columns.

    Attributes:
        known: whether any point was judged at all.
    """

    def __init__(self, judged: Judged, axis: HorizontalAxis, theme: Theme, sizes: Sizes) -> None:
        self._scores, self._axis, self._theme, self._sizes = judged.scores, axis, theme, sizes
        self._level = decision_level(judged)
        self.known = bool(np.isfinite(judged.scores.severity).any())

    def legend(self) -> list[Artist]:
        """An entry for the decision level, if it is known."""
        if self._level is None:
            return []
        return [Line2D([], [], **self._level_style(), label=f"anomaly from severity {self._level:.2f}")]

    def draw_on(self, axes: Axes) -> None:
        """Adds the bars, anomalies in front, and the level of the decision."""
        scores, theme = self._scores, self._theme
        width = self._sizes.width / min(scores.severity.size, self._sizes.columns)
        # Few bars have space between them. Many bars touch, so that they leave no seams.
        width = min(0.6 * width, _WIDEST * self._sizes.scale) if width > 3 * self._sizes.scale else 1.5 * width
        judged = np.flatnonzero(~np.isnan(scores.severity))
        self._draw_bars(axes, judged, width, theme.usual, 2.0)
        least = _NARROWEST_ANOMALY * self._sizes.scale
        self._draw_bars(axes, judged[scores.anomaly[judged]], max(width, least), theme.anomaly, 3.0)
        if self._level is not None:
            axes.plot(axes.get_xlim(), [self._level] * 2, **self._level_style(), zorder=4)

    def _draw_bars(self, axes: Axes, points: NDArray[np.intp], width: float, color: str, order: float) -> None:
        if not points.size:
            return
        severity = self._scores.severity[points]
        kept = highest(self._axis.positions[points], severity, self._sizes.columns)
        x, y = self._axis.at(points[kept]), severity[kept]
        nothing = np.full(x.size, np.nan)
        bars = (np.column_stack(parts).ravel() for parts in ((x, x, nothing), (np.zeros(x.size), y, nothing)))
        axes.plot(*bars, color=color, linewidth=width * 72 / DPI, solid_capstyle="butt", zorder=order)

    def _level_style(self) -> dict[str, Any]:
        return {"color": self._theme.expected, "linewidth": 1.0 * self._sizes.scale, "linestyle": (0, (1, 2))}


@dataclass(frozen=True, slots=True, eq=False)
class SpanLayer:
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
    def of(cls, judged: Judged, axis: HorizontalAxis, theme: Theme) -> SpanLayer:
        """The spans of a series."""
        starts = np.array([event.start_index for event in judged.events], dtype=np.intp)
        ends = np.array([event.end_index for event in judged.events], dtype=np.intp)
        share = _MOST_AROUND * (axis.high - axis.low) / max(starts.size, 1)
        narrow, wide = (columns * axis.column for columns in _AROUND)
        around = min(max(share, narrow), wide)
        events = merged(axis.at(starts) - around, axis.at(ends) + around)
        firsts, lasts = runs(judged.scores.warming_up)
        waits = merged(_halfway(axis, firsts - 1), _halfway(axis, lasts))
        return cls(len(judged.events), events, waits[waits[:, 1] - waits[:, 0] >= axis.column], theme)

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


def decision_level(judged: Judged) -> float | None:
    """The lowest severity of an anomaly; None if it is unknown, or if a point above it is no anomaly."""
    rate = judged.options.false_alarm_rate
    if rate is not None:
        return float(severity_of(-np.log10(np.float64(rate))))
    severity, anomaly = judged.scores.severity, judged.scores.anomaly
    of_anomalies = severity[anomaly & ~np.isnan(severity)]
    of_others = severity[~anomaly & ~np.isnan(severity)]
    if not of_anomalies.size or of_others.max(initial=0.0) > of_anomalies.min():
        return None
    return float(of_anomalies.min())


def runs(flags: NDArray[np.bool_]) -> tuple[_Indices, _Indices]:
    """The first and the last index of every run of true flags, each of shape (runs,), ascending."""
    turns = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return turns[::2], turns[1::2] - 1


def merged(starts: _Floats, ends: _Floats) -> _Floats:
    """Joins spans that touch.

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


def _halfway(axis: HorizontalAxis, indices: _Indices) -> _Floats:
    """The middle between each point and the next; the end of the axis where there is none."""
    last = axis.positions.size - 1
    here, there = (axis.at(np.clip(places, 0, last)) for places in (indices, indices + 1))
    middle = (here + there) / 2
    return np.where(indices < 0, axis.low, np.where(indices == last, axis.high, middle))
