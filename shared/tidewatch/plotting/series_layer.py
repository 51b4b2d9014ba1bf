"""The upper panel: the series, its normal range, what was expected, and the anomalies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tidewatch.detectors import Scores
from tidewatch.plotting.decimation import corners, decimate
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.request import Judged
from tidewatch.plotting.style import Sizes, Theme
from tidewatch.plotting.value_axis import ValueScale, resolution, written

_Floats = NDArray[np.float64]

_MARGIN: Final = 0.06
"""Free room above and below the values, as a share of their height."""

_ROOM_FOR_A_DOT: Final = 8
"""Columns that a point must have for itself to be drawn as a dot."""

_SHOWN_IF_LEVEL: Final = 2.0
"""A constant limit is in the picture if it is at most this far from the data, in heights of the data."""

_SHOWN_WHOLE: Final = 0.5
_SHOWN_MOSTLY: Final = 1.0
_MOST: Final = 0.98
"""A moving limit is in the picture whole if it is this near; else this share of it, without its spikes."""


class SeriesLayer:
    """The layers of one series and its judgement, in the numbers of a value scale.

    Attributes:
        low, high: the ends of the value axis, in the numbers of the scale.
        scale: that of the value axis.
    """

    def __init__(self, judged: Judged, axis: HorizontalAxis, theme: Theme, sizes: Sizes) -> None:
        self._values, self._axis, self._theme, self._sizes = judged.series.values, axis, theme, sizes
        self._outside = np.flatnonzero(judged.scores.anomaly)
        self._normal = NormalRange.of(self._values, judged.scores)
        self.scale = ValueScale.over(self._normal.low, self._normal.high)
        self._sparse = self._values.size * _ROOM_FOR_A_DOT <= sizes.columns
        low, high = (float(end) for end in self.scale.on_axis(np.array([self._normal.low, self._normal.high])))
        margin = _MARGIN * (high - low) or 0.1 * abs(high) or 1.0
        self.low, self.high = low - margin, high + margin

    def legend(self) -> list[Artist]:
        """One entry for each layer, the most important first."""
        theme, normal = self._theme, self._normal
        dots = self._dot_style() if self._sparse else {}
        entries: list[Artist] = [Line2D([], [], **self._line_style(), **dots, label="series")]
        if self._outside.size:
            label = f"anomalies: {self._outside.size:,}"
            entries.append(Line2D([], [], **self._anomaly_style(), label=label))
        if normal.lower is not None or normal.upper is not None:
            frame: dict[str, Any] = {"edgecolor": theme.limit, "linewidth": self._sizes.scale}
            entries.append(Patch(facecolor=theme.band, **frame, label=normal.label))
        if normal.expected is not None:
            entries.append(Line2D([], [], **self._expected_style(normal.expected), label=normal.expected_label))
        return entries

    def draw_on(self, axes: Axes) -> None:
        """Adds the layers, from the band at the back to the anomalies at the front."""
        self._draw_band(axes)
        self._draw_line(axes)
        self._draw_expected(axes)
        self._draw_anomalies(axes)

    def _draw_line(self, axes: Axes) -> None:
        kept = decimate(self._axis.positions, self._values, self._sizes.columns)
        y = self.scale.on_axis(self._values[kept])
        # Both ends of a gap are kept by decimation, since they are the last and first of their columns.
        line_x, (line_y,) = self._axis.path(kept, y)
        axes.plot(line_x, line_y, **self._line_style(), zorder=2)
        if self._sparse:
            dots: Any = slice(None)
        else:
            # A point between two gaps is on no line, so it gets a dot.
            ends = np.concatenate(([0], np.searchsorted(kept, self._axis.gaps), [kept.size]))
            dots = ends[:-1][np.diff(ends) == 1]
        style = {**self._dot_style(), "color": self._theme.data, "linestyle": "none"}
        axes.plot(self._axis.at(kept)[dots], y[dots], **style, zorder=2, clip_on=False)

    def _draw_expected(self, axes: Axes) -> None:
        expected = self._normal.expected
        if expected is not None:
            x, (y,) = self._path(self._limit(expected))
            # A moving expectation is drawn behind the series, so that it shows where the two differ.
            axes.plot(x, y, **self._expected_style(expected), zorder=1.5 if moves(expected) else 3)

    def _draw_anomalies(self, axes: Axes) -> None:
        if self._outside.size:
            values = self._values[self._outside]
            kept = decimate(self._axis.positions[self._outside], values, self._sizes.columns // 2)
            x, y = self._axis.at(self._outside[kept]), self.scale.on_axis(values[kept])
            axes.plot(x, y, **self._anomaly_style(), zorder=4, clip_on=False)

    def _draw_band(self, axes: Axes) -> None:
        lower, upper = self._normal.lower, self._normal.upper
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
        """A limit on the axis, clipped just outside the picture; NaN where there is none."""
        if limit is None:
            return np.full(self._values.size, np.nan)
        height = self.high - self.low
        return np.clip(self.scale.on_axis(limit), self.low - height, self.high + height)

    def _path(self, *limits: _Floats) -> tuple[_Floats, list[_Floats]]:
        """The points needed to draw these limits: where they stand, and the limits there."""
        axis = self._axis
        if all(np.all(limit == limit[0]) for limit in limits):
            return np.array([axis.low, axis.high]), [np.full(2, limit[0]) for limit in limits]
        kept = np.concatenate([axis.gaps - 1, axis.gaps])
        for limit in limits:
            turns = corners(limit)
            kept = np.union1d(kept, turns[decimate(axis.positions[turns], limit[turns], self._sizes.columns)])
        return axis.path(kept, *(limit[kept] for limit in limits))

    def _line_style(self) -> dict[str, Any]:
        return {"color": self._theme.data, "linewidth": 1.1 * self._sizes.scale, "solid_joinstyle": "round"}

    def _dot_style(self) -> dict[str, Any]:
        return {"marker": "o", "markersize": 4.0 * self._sizes.scale, "markeredgewidth": 0}

    def _expected_style(self, expected: _Floats) -> dict[str, Any]:
        # A moving line would fall to pieces in dashes.
        dashes: Any = "solid" if moves(expected) else (0, (5, 3))
        return {"color": self._theme.expected, "linewidth": 1.1 * self._sizes.scale, "linestyle": dashes}

    def _anomaly_style(self) -> dict[str, Any]:
        places = self._axis.at(self._outside)
        room = _ROOM_FOR_A_DOT * self._axis.column
        crowded = places.size > 1 and float(np.median(np.diff(places))) < room
        return {
            "linestyle": "none",
            "marker": "o",
            "markersize": (4.5 if crowded else 7.5) * self._sizes.scale,
            "markerfacecolor": self._theme.anomaly,
            "markeredgecolor": self._theme.background,
            "markeredgewidth": (0.4 if crowded else 1.0) * self._sizes.scale,
        }


@dataclass(frozen=True, slots=True, eq=False)
class NormalRange:
    """Limits and expectation of n points, in the unit of the series, with the range of values to show.

    Attributes:
        lower, upper: float64, shape (n,), NaN where the band is open on that side; None if it is open everywhere.
        expected: float64, shape (n,); None if the model expects no finite value anywhere.
        low, high: the values between which the picture lies, without margins.
    """

    lower: _Floats | None
    upper: _Floats | None
    expected: _Floats | None
    low: float
    high: float

    @classmethod
    def of(cls, values: _Floats, scores: Scores) -> NormalRange:
        """The normal range for values, shape (n,) with n at least 1, and their scores."""
        lower, upper, expected = (_known(limit) for limit in (scores.lower, scores.upper, scores.expected))
        low, high = float(values.min()), float(values.max())
        limits = [limit for limit in (lower, upper, expected) if limit is not None]
        shown_low = min(low, *(_least_shown(limit, low, high) for limit in limits), low)
        # Upside down, what is high is low.
        shown_high = -min(-high, *(_least_shown(-limit, -high, -low) for limit in limits), -high)
        return cls(lower, upper, expected, shown_low, shown_high)

    @property
    def label(self) -> str:
        """The normal range in words; with its limits if they are the same at all times."""
        lower, upper = self._level(self.lower), self._level(self.upper)
        if lower and upper:
            return f"normal: {lower} to {upper}"
        if upper and self.lower is None:
            return f"normal: up to {upper}"
        if lower and self.upper is None:
            return f"normal: from {lower} up"
        return "normal range"

    @property
    def expected_label(self) -> str:
        """The expectation in words; with its value if it is the same at all times."""
        level = self._level(self.expected)
        return f"expected: {level}" if level else "expected"

    def _level(self, limit: _Floats | None) -> str | None:
        """The value of a constant limit as text; None if the limit moves."""
        if limit is None or moves(limit):
            return None
        level = float(np.nanmin(limit))
        words = written(level, resolution(self.low, self.high))
        return words if self.low <= level <= self.high else f"{words} (not in view)"


def moves(limit: _Floats) -> bool:
    """Whether a limit, shape (n,), not all NaN, has more than one value besides NaN."""
    return bool(np.nanmin(limit) != np.nanmax(limit))


def _filled(limit: _Floats, edge: float, nowhere: NDArray[np.bool_]) -> _Floats:
    """A limit, with the edge of the picture where it is open; NaN where there is no band at all."""
    return np.where(np.isnan(limit) & ~nowhere, edge, limit)


def _known(limit: _Floats) -> _Floats | None:
    finite = np.isfinite(limit)
    if not finite.any():
        return None
    return limit if finite.all() else np.where(finite, limit, np.nan)


def _least_shown(limit: _Floats, low: float, high: float) -> float:
    """The lowest value of a limit that the picture is to show below data from low to high; low if there is none."""

    def within(place: float, heights: float) -> bool:
        # A quarter of each, since the height of the data may be beyond the range of a double.
        return low / 4 - place / 4 <= heights * (high / 4 - low / 4)

    lowest = float(np.nanmin(limit))
    if within(lowest, _SHOWN_WHOLE if moves(limit) else _SHOWN_IF_LEVEL):
        return min(lowest, low)
    if moves(limit):
        # No interpolation, which could overflow.
        lowest = float(np.nanquantile(limit, 1.0 - _MOST, method="lower"))
        if within(lowest, _SHOWN_MOSTLY):
            return min(lowest, low)
    return low
