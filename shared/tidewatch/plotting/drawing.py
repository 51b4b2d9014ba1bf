"""What is inside the upper panel: the band, the line of the series, what was expected, and the anomalies."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.decimation import corners, decimate
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.learned_band import LearnedBand, moves
from tidewatch.plotting.sizes import Sizes
from tidewatch.plotting.themes import Theme
from tidewatch.plotting.value_scale import ValueScale

_Floats = NDArray[np.float64]

_MARGIN: Final = 0.06
"""Free room above and below the values, in heights of them."""

_ROOM_FOR_A_DOT: Final = 8
"""Columns a point must have for itself to be drawn as a dot."""


class Drawing:
    """The layers of one series and its judgement, in the numbers of a value scale.

    Attributes:
        low, high: the ends of the value axis, in the numbers of the scale.
        scale: that of the value axis.
    """

    def __init__(self, judged: Judged, abscissa: Abscissa, theme: Theme, sizes: Sizes) -> None:
        self._values, self._abscissa, self._theme, self._sizes = judged.series.values, abscissa, theme, sizes
        self._outside = np.flatnonzero(judged.scores.anomaly)
        self._band = LearnedBand.of(self._values, judged.scores)
        self.scale = ValueScale.over(self._band.low, self._band.high)
        self._sparse = self._values.size * _ROOM_FOR_A_DOT <= sizes.columns
        low, high = (float(end) for end in self.scale.on_axis(np.array([self._band.low, self._band.high])))
        margin = _MARGIN * (high - low) or 0.1 * abs(high) or 1.0
        self.low, self.high = low - margin, high + margin

    def legend(self) -> list[Artist]:
        """One entry a layer, the most important first."""
        theme, band = self._theme, self._band
        dots = self._dot_style() if self._sparse else {}
        entries: list[Artist] = [Line2D([], [], **self._line_style(), **dots, label="series")]
        if self._outside.size:
            label = f"anomalies: {self._outside.size:,}"
            entries.append(Line2D([], [], **self._anomaly_style(), label=label))
        if band.lower is not None or band.upper is not None:
            frame: dict[str, Any] = {"edgecolor": theme.limit, "linewidth": self._sizes.scale}
            entries.append(Patch(facecolor=theme.band, **frame, label=band.label))
        if band.expected is not None:
            entries.append(Line2D([], [], **self._expected_style(band.expected), label=band.expected_label))
        return entries

    def draw_on(self, axes: Axes) -> None:
        """Adds the layers, from the band at the back to the anomalies at the front."""
        self._draw_band(axes)
        self._draw_line(axes)
        self._draw_expected(axes)
        self._draw_anomalies(axes)

    def _draw_line(self, axes: Axes) -> None:
        kept = decimate(self._abscissa.positions, self._values, self._sizes.columns)
        y = self.scale.on_axis(self._values[kept])
        # Both ends of a gap are kept by decimation, since they are the last and first of their columns.
        line_x, (line_y,) = self._abscissa.path(kept, y)
        axes.plot(line_x, line_y, **self._line_style(), zorder=2)
        if self._sparse:
            dots: Any = slice(None)
        else:
            # A point between two gaps has no line to be seen by.
            ends = np.concatenate(([0], np.searchsorted(kept, self._abscissa.gaps), [kept.size]))
            dots = ends[:-1][np.diff(ends) == 1]
        style = {**self._dot_style(), "color": self._theme.data, "linestyle": "none"}
        axes.plot(self._abscissa.at(kept)[dots], y[dots], **style, zorder=2, clip_on=False)

    def _draw_expected(self, axes: Axes) -> None:
        expected = self._band.expected
        if expected is not None:
            x, (y,) = self._path(self._limit(expected))
            # What moves runs behind the series: it is seen where the two part.
            axes.plot(x, y, **self._expected_style(expected), zorder=1.5 if moves(expected) else 3)

    def _draw_anomalies(self, axes: Axes) -> None:
        if self._outside.size:
            values = self._values[self._outside]
            kept = decimate(self._abscissa.positions[self._outside], values, self._sizes.columns // 2)
            x, y = self._abscissa.at(self._outside[kept]), self.scale.on_axis(values[kept])
            axes.plot(x, y, **self._anomaly_style(), zorder=4, clip_on=False)

    def _draw_band(self, axes: Axes) -> None:
        lower, upper = self._band.lower, self._band.upper
        if lower is None and upper is None:
            return
        floor, ceiling = self._limit(lower), self._limit(upper)
        nowhere = np.isnan(floor) & np.isnan(ceiling)
        x, (bottom, top) = self._path(*(_filled(*side, nowhere) for side in ((floor, self.low), (ceiling, self.high))))
        axes.fill_between(x, bottom, top, color=self._theme.band, linewidth=0, zorder=0.2)
        for limit in (floor, ceiling):
            x, (y,) = self._path(limit)
            level = np.all(y == y[0])
            axes.plot(x, y, color=self._theme.limit, linewidth=(1.2 if level else 0.8) * self._sizes.scale, zorder=1.2)

    def _limit(self, limit: _Floats | None) -> _Floats:
        """A limit on the axis, held just out of the picture where it is far away; NaN where there is none."""
        if limit is None:
            return np.full(self._values.size, np.nan)
        height = self.high - self.low
        return np.clip(self.scale.on_axis(limit), self.low - height, self.high + height)

    def _path(self, *limits: _Floats) -> tuple[_Floats, list[_Floats]]:
        """The fewest points that draw these limits: where they stand, and the limits at them."""
        abscissa = self._abscissa
        if all(np.all(limit == limit[0]) for limit in limits):
            return np.array([abscissa.low, abscissa.high]), [np.full(2, limit[0]) for limit in limits]
        kept = np.concatenate([abscissa.gaps - 1, abscissa.gaps])
        for limit in limits:
            turns = corners(limit)
            kept = np.union1d(kept, turns[decimate(abscissa.positions[turns], limit[turns], self._sizes.columns)])
        return abscissa.path(kept, *(limit[kept] for limit in limits))

    def _line_style(self) -> dict[str, Any]:
        return {"color": self._theme.data, "linewidth": 1.1 * self._sizes.scale, "solid_joinstyle": "round"}

    def _dot_style(self) -> dict[str, Any]:
        return {"marker": "o", "markersize": 4.0 * self._sizes.scale, "markeredgewidth": 0}

    def _expected_style(self, expected: _Floats) -> dict[str, Any]:
        # Dashes would tear what moves to pieces.
        dashes: Any = "solid" if moves(expected) else (0, (5, 3))
        return {"color": self._theme.expected, "linewidth": 1.1 * self._sizes.scale, "linestyle": dashes}

    def _anomaly_style(self) -> dict[str, Any]:
        places = self._abscissa.at(self._outside)
        room = _ROOM_FOR_A_DOT * self._abscissa.column
        crowded = places.size > 1 and float(np.median(np.diff(places))) < room
        return {
            "linestyle": "none",
            "marker": "o",
            "markersize": (4.5 if crowded else 7.5) * self._sizes.scale,
            "markerfacecolor": self._theme.anomaly,
            "markeredgecolor": self._theme.background,
            "markeredgewidth": (0.4 if crowded else 1.0) * self._sizes.scale,
        }


def _filled(limit: _Floats, edge: float, nowhere: NDArray[np.bool_]) -> _Floats:
    """A limit with the edge of the picture where it is open, but for where there is no band at all."""
    return np.where(np.isnan(limit) & ~nowhere, edge, limit)
