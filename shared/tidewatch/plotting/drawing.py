"""What is inside the axes: the band, the line of the series, and the points outside."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tidewatch.detectors import Scores
from tidewatch.plotting.decimation import corners, decimate, gaps
from tidewatch.plotting.frame import Sizes
from tidewatch.plotting.learned_band import LearnedBand
from tidewatch.plotting.themes import Theme
from tidewatch.plotting.value_scale import ValueScale
from tidewatch.series import TimeSeries

_Floats = NDArray[np.float64]

_MARGIN: Final = 0.06
"""Free room above and below the values, in heights of them."""

_ROOM_FOR_A_DOT: Final = 8
"""Columns a point must have for itself to be drawn as a dot."""


class Drawing:
    """The layers of one series and its model, in the numbers of a value scale.

    Attributes:
        low, high: the ends of the value axis, in the numbers of the scale.
    """

    def __init__(
        self, series: TimeSeries, scores: Scores, band: LearnedBand, scale: ValueScale, theme: Theme, sizes: Sizes
    ) -> None:
        self._series, self._scores, self._band, self._scale = series, scores, band, scale
        self._theme, self._sizes = theme, sizes
        self._sparse = len(series) * _ROOM_FOR_A_DOT <= sizes.columns
        low, high = (float(end) for end in scale.on_axis(np.array([band.low, band.high])))
        margin = _MARGIN * (high - low) or 0.1 * abs(high) or 1.0
        self.low, self.high = low - margin, high + margin

    def legend(self) -> list[Artist]:
        """One entry a layer, the most important first."""
        theme, band = self._theme, self._band
        dots = self._dot_style() if self._sparse else {}
        entries: list[Artist] = [Line2D([], [], **self._line_style(), **dots, label="training data")]
        outside = int(self._scores.anomaly.sum())
        if outside:
            entries.append(Line2D([], [], **self._outside_style(outside), label=f"outside: {outside:,}"))
        if band.lower is not None or band.upper is not None:
            frame: dict[str, Any] = {"edgecolor": theme.limit, "linewidth": self._sizes.scale}
            entries.append(Patch(facecolor=theme.band, **frame, label=band.label))
        if band.expected is not None:
            entries.append(Line2D([], [], **self._expected_style(), label=band.expected_label))
        return entries

    def draw_on(self, axes: Axes) -> None:
        """Adds the layers, from the band at the back to the outside points at the front."""
        self._draw_band(axes)
        self._draw_line(axes)
        if self._band.expected is not None:
            x, (y,) = self._path(axes, self._limit(self._band.expected))
            axes.plot(x, y, **self._expected_style(), zorder=3)
        self._draw_outside(axes)

    def _draw_line(self, axes: Axes) -> None:
        series, columns = self._series, self._sizes.columns
        kept = decimate(series.timestamps, series.values, columns)
        x, y = self._points(kept)
        # Both ends of a gap are kept by decimation, since they are the last and first of their columns.
        breaks = np.searchsorted(kept, gaps(series.timestamps, columns))
        axes.plot(np.insert(x, breaks, np.nan), np.insert(y, breaks, np.nan), **self._line_style(), zorder=2)
        if self._sparse:
            dots: Any = slice(None)
        else:
            # A point between two gaps has no line to be seen by.
            ends = np.concatenate(([0], breaks, [kept.size]))
            dots = ends[:-1][np.diff(ends) == 1]
        style = {**self._dot_style(), "color": self._theme.data, "linestyle": "none"}
        axes.plot(x[dots], y[dots], **style, zorder=2, clip_on=False)

    def _draw_outside(self, axes: Axes) -> None:
        outside = np.flatnonzero(self._scores.anomaly)
        if outside.size:
            kept = decimate(self._series.timestamps[outside], self._series.values[outside], self._sizes.columns // 2)
            axes.plot(*self._points(outside[kept]), **self._outside_style(outside.size), zorder=4, clip_on=False)

    def _draw_band(self, axes: Axes) -> None:
        lower, upper = self._band.lower, self._band.upper
        if lower is None and upper is None:
            return
        floor, ceiling = self._limit(lower), self._limit(upper)
        x, (bottom, top) = self._path(axes, _filled(floor, self.low), _filled(ceiling, self.high))
        axes.fill_between(x, bottom, top, color=self._theme.band, linewidth=0, zorder=0.2)
        for limit in (floor, ceiling):
            x, (y,) = self._path(axes, limit)
            axes.plot(x, y, color=self._theme.limit, linewidth=1.2 * self._sizes.scale, zorder=2.5)

    def _points(self, indices: NDArray[np.intp]) -> tuple[_Floats, _Floats]:
        """Seconds since the start, and numbers on the axis."""
        seconds = (self._series.timestamps[indices] - self._series.start).astype(np.float64)
        return seconds, self._scale.on_axis(self._series.values[indices])

    def _limit(self, limit: _Floats | None) -> _Floats:
        """A limit on the axis, held just out of the picture where it is far away; NaN where there is none."""
        if limit is None:
            return np.full(len(self._series), np.nan)
        height = self.high - self.low
        return np.clip(self._scale.on_axis(limit), self.low - height, self.high + height)

    def _path(self, axes: Axes, *limits: _Floats) -> tuple[_Floats, list[_Floats]]:
        """The fewest points that draw these limits: seconds since the start, and the limits at them."""
        if all(np.all(limit == limit[0]) for limit in limits):
            return np.array(axes.get_xlim()), [np.full(2, limit[0]) for limit in limits]
        times = self._series.timestamps
        kept = np.empty(0, dtype=np.intp)
        for limit in limits:
            turns = corners(limit)
            kept = np.union1d(kept, turns[decimate(times[turns], limit[turns], self._sizes.columns)])
        return (times[kept] - self._series.start).astype(np.float64), [limit[kept] for limit in limits]

    def _line_style(self) -> dict[str, Any]:
        return {"color": self._theme.data, "linewidth": 1.1 * self._sizes.scale, "solid_joinstyle": "round"}

    def _dot_style(self) -> dict[str, Any]:
        return {"marker": "o", "markersize": 4.0 * self._sizes.scale, "markeredgewidth": 0}

    def _expected_style(self) -> dict[str, Any]:
        return {"color": self._theme.expected, "linewidth": 1.1 * self._sizes.scale, "linestyle": (0, (5, 3))}

    def _outside_style(self, drawn: int) -> dict[str, Any]:
        crowded = drawn * _ROOM_FOR_A_DOT > self._sizes.columns
        return {
            "linestyle": "none",
            "marker": "o",
            "markersize": (4.5 if crowded else 7.5) * self._sizes.scale,
            "markerfacecolor": self._theme.outside,
            "markeredgecolor": self._theme.background,
            "markeredgewidth": (0.4 if crowded else 1.0) * self._sizes.scale,
        }


def _filled(limit: _Floats, edge: float) -> _Floats:
    return np.where(np.isnan(limit), edge, limit)
