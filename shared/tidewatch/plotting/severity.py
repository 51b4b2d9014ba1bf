"""What is inside the lower panel: how severe each point is, on the scale that all detectors share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from tidewatch.calibration.conformal import severity_of
from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.decimation import highest
from tidewatch.plotting.fitting import DPI
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.sizes import Sizes
from tidewatch.plotting.themes import Theme

_WIDEST: Final = 6.0
_NARROWEST_ANOMALY: Final = 2.0
"""Pixels of a bar, for pictures of the usual size."""


class Severity:
    """A bar for every point, or for the most severe of each column where there are more points than columns.

    Attributes:
        known: whether any point was judged at all.
    """

    def __init__(self, judged: Judged, abscissa: Abscissa, theme: Theme, sizes: Sizes) -> None:
        self._scores, self._abscissa, self._theme, self._sizes = judged.scores, abscissa, theme, sizes
        self._level = decision_level(judged)
        self.known = bool(np.isfinite(judged.scores.severity).any())

    def legend(self) -> list[Artist]:
        """An entry for the level of the decision, if it is known."""
        if self._level is None:
            return []
        return [Line2D([], [], **self._level_style(), label=f"anomaly from severity {self._level:.2f}")]

    def draw_on(self, axes: Axes) -> None:
        """Adds the bars, anomalies in front, and the level of the decision."""
        scores, theme = self._scores, self._theme
        width = self._sizes.width / min(scores.severity.size, self._sizes.columns)
        # No bar is as wide as its room: neighbours are told apart. Where there are many they are one, without seams.
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
        kept = highest(self._abscissa.positions[points], severity, self._sizes.columns)
        x, y = self._abscissa.at(points[kept]), severity[kept]
        nothing = np.full(x.size, np.nan)
        bars = (np.column_stack(parts).ravel() for parts in ((x, x, nothing), (np.zeros(x.size), y, nothing)))
        axes.plot(*bars, color=color, linewidth=width * 72 / DPI, solid_capstyle="butt", zorder=order)

    def _level_style(self) -> dict[str, Any]:
        return {"color": self._theme.expected, "linewidth": 1.0 * self._sizes.scale, "linestyle": (0, (1, 2))}


def decision_level(judged: Judged) -> float | None:
    """The severity from which on points are anomalies; None if it is not known, or there is no such level."""
    rate = judged.options.false_alarm_rate
    if rate is not None:
        return float(severity_of(-np.log10(np.float64(rate))))
    severity, anomaly = judged.scores.severity, judged.scores.anomaly
    of_anomalies = severity[anomaly & ~np.isnan(severity)]
    of_others = severity[~anomaly & ~np.isnan(severity)]
    if not of_anomalies.size or of_others.max(initial=0.0) > of_anomalies.min():
        return None
    return float(of_anomalies.min())
