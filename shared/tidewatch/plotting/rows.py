"""Rows of many variables as a picture: a panel for each of those that matter most, and severity beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from tidewatch.detectors import DetectorOptions, RowScores, find_events
from tidewatch.plotting import layout
from tidewatch.plotting.decimation import decimate
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.judgement_layers import SeverityLayer, SpanLayer
from tidewatch.plotting.render import draw
from tidewatch.plotting.request import Judged, PlotRequest
from tidewatch.plotting.style import DPI, LINE, THEMES, Sizes, Theme
from tidewatch.plotting.text import counted, facts_of, printable, wrap_shortened
from tidewatch.plotting.value_axis import ValueScale, value_ticks
from tidewatch.series import UTC_NAME, Frame, TimeSeries

MOST_PANELS: Final = 12
_LEAST_HEIGHT: Final = 44
"""Of a panel, in pixels of a picture of the usual size."""
_SEVERITY_HEIGHT: Final = 70
_MARGIN: Final = 0.08
_LEAST_SHARE: Final = 0.1
"""A variable with a smaller part in an anomaly gets no dot for it, unless its part is the largest."""
_LARGEST_DOT: Final = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Rows and how a detector judged them.

    Attributes:
        frame: n rows.
        scores: one for each row, as ``model.review(frame)`` returns them.
        options: the detector's options, for the words beneath the title.
        timezone: the IANA time zone that times are shown in.
    """

    frame: Frame
    scores: RowScores
    options: DetectorOptions
    timezone: str = UTC_NAME

    def as_series(self) -> Judged:
        """The same judgement, of a series whose values are severities."""
        scores = self.scores.as_scores()
        series = TimeSeries(self.frame.timestamps, np.nan_to_num(self.scores.severity))
        return Judged(series, scores, find_events(scores), self.options, timezone=self.timezone)

    def by_part(self) -> list[str]:
        """The variables, first those that contributed most to any anomaly, or to any row where there is none."""
        chosen = self.scores.anomaly if self.scores.anomaly.any() else ~self.scores.warming_up
        parts = self.scores.contributions[chosen].max(axis=0, initial=0.0)
        most = dict(zip(self.scores.names, parts.tolist(), strict=True))
        return sorted(self.frame.names, key=lambda name: -most.get(name, 0.0))


def render_rows(judged: JudgedRows, request: PlotRequest) -> bytes:
    """Draws up to twelve variables, as many as there is room for, and the severity of every row.

    In the panel of a variable an anomaly is a dot, the larger, the more the variable contributed to it. Safe to call
    from several threads: they take turns.

    Args:
        judged: at least one row, with its judgement.
        request: the title, format, size and theme.

    Returns:
        A PNG of exactly the size asked for, or an SVG. Equal arguments give equal bytes.

    Raises:
        ValueError: if there are no rows.
    """
    if not len(judged.frame):
        raise ValueError("there is nothing to draw without rows")
    return draw(lambda: compose_rows(judged, request), request)


def compose_rows(judged: JudgedRows, request: PlotRequest) -> tuple[Figure, Sequence[str]]:
    """The figure, and its words: the title and then the facts beneath it. Arguments as for :func:`render_rows`."""
    sizes, theme = Sizes.of(request.width, request.height), THEMES[request.theme]
    series = judged.as_series()
    axis = HorizontalAxis(series, sizes.columns)
    severity, spans = SeverityLayer(series, axis, theme, sizes), SpanLayer.of(series, axis, theme)
    picture = layout.Frame(sizes, theme)
    below = sizes.gap + 2 * LINE * sizes.text + sizes.pad
    least = (_LEAST_HEIGHT + sizes.text) * sizes.scale
    # Room for the title, facts and legend: about six lines.
    room = sizes.height - below - _SEVERITY_HEIGHT * sizes.scale - 7 * LINE * sizes.text - 2 * sizes.pad
    count = max(1, min(len(judged.frame.names), MOST_PANELS, int(room / least)))
    chosen = set(judged.by_part()[:count])
    names = [name for name in judged.frame.names if name in chosen]
    title, facts = printable(request.title), facts_of(series)
    facts.insert(1, _shown(count, len(judged.frame.names)))
    picture.write_header(title, facts)
    anomalies = int(np.count_nonzero(judged.scores.anomaly))
    picture.write_legend([*_legend(anomalies, theme, sizes), *spans.legend(), *severity.legend()], below)
    _Multiples(picture, axis, judged, names).draw(spans, severity, below)
    return picture.figure, (title, *facts)


class _Multiples:
    """Panels of equal height, one below the other, and one of severity."""

    def __init__(self, picture: layout.Frame, axis: HorizontalAxis, judged: JudgedRows, names: Sequence[str]) -> None:
        self._picture, self._axis, self._judged, self._names = picture, axis, judged, names
        self._sizes, self._theme = picture.sizes, picture.theme

    def draw(self, spans: SpanLayer, severity: SeverityLayer, below: float) -> None:
        """Adds all panels; the words beneath them take so many pixels."""
        sizes = self._sizes
        label = LINE * sizes.text
        least = _SEVERITY_HEIGHT * sizes.scale
        each = max((sizes.height - self._picture.top - below - least) / len(self._names), label + 1.0)
        places = [self._judged.frame.names.index(name) for name in self._names]
        drawn = [_Variable(self._judged.frame.values[:, place]) for place in places]
        ticks = [value_ticks(each_one.low, each_one.high, 3) for each_one in drawn]
        left = sizes.pad + max(self._picture.ruler(text) for _, labels in [*ticks, ((), ["0.5"])] for text in labels)
        left += sizes.gap
        for name, variable, marks in zip(self._names, drawn, ticks, strict=True):
            self._write(self._label(name, variable), left)
            axes = self._axes(left, each - label - 0.3 * sizes.text, (variable.low, variable.high), marks)
            spans.draw_on(axes)
            self._draw(axes, name, variable)
            self._picture.top += each - label
        self._write("severity", left)
        last = self._axes(left, max(least - label, 1.0), (0.0, 1.0), ([0.0, 0.5, 1.0], ["0", "0.5", "1"]))
        severity.draw_on(last)
        spans.draw_on(last)
        self._picture.label_across(last, self._axis)
        middle = left + last.get_position().width * sizes.width / 2
        style = {"ha": "center", "va": "bottom", "color": self._theme.muted}
        self._picture.write(self._axis.label, middle, sizes.height - sizes.pad, **style)

    def _label(self, name: str, variable: _Variable) -> str:
        return f"{name} ({variable.scale.label})" if variable.scale.label != "value" else name

    def _write(self, words: str, left: float) -> None:
        picture = self._picture
        (words,) = wrap_shortened(words, self._sizes.width - left - self._sizes.pad, 1, picture.ruler)
        picture.write(words, left, picture.top, color=self._theme.muted)
        picture.top += LINE * self._sizes.text

    def _axes(
        self, left: float, height: float, ends: tuple[float, float], ticks: tuple[list[float], list[str]]
    ) -> Axes:
        picture, sizes = self._picture, self._sizes
        width = max(sizes.width - left - max(sizes.pad, picture.ruler("00:00") / 2), 1.0)
        axes = picture.add_axes(left, picture.top, width, max(height, 1.0))
        axes.set_xlim(self._axis.low, self._axis.high)
        axes.set_ylim(*ends)
        axes.set_yticks(*ticks)
        style: dict[str, Any] = {"labelcolor": self._theme.text, "labelsize": picture.font.get_size()}
        axes.tick_params(axis="y", length=0, pad=sizes.gap * 72 / DPI, **style)
        axes.grid(axis="y", color=self._theme.grid, linewidth=sizes.hairline)
        axes.set_axisbelow(True)
        return axes

    def _draw(self, axes: Axes, name: str, variable: _Variable) -> None:
        kept = decimate(self._axis.positions, variable.values, self._sizes.columns)
        x, (y,) = self._axis.path(kept, variable.scale.on_axis(variable.values[kept]))
        axes.plot(x, y, color=self._theme.data, linewidth=1.0 * self._sizes.scale, solid_joinstyle="round", zorder=2)
        scores = self._judged.scores
        if name not in scores.names:
            return
        parts = scores.contributions
        share = parts[:, scores.names.index(name)]
        with np.errstate(invalid="ignore"):
            told = scores.anomaly & (share > 0) & ((share >= _LEAST_SHARE) | (share == parts.max(axis=1)))
        places = np.flatnonzero(told & ~np.isnan(variable.values))
        places = places[decimate(self._axis.positions[places], share[places], self._sizes.columns // 2)]
        sizes = (_LARGEST_DOT * self._sizes.scale) ** 2 * share[places]
        heights = variable.scale.on_axis(variable.values[places])
        style: dict[str, Any] = {"color": self._theme.anomaly, "edgecolors": self._theme.background, "linewidths": 0.5}
        axes.scatter(self._axis.at(places), heights, s=sizes, **style, zorder=4, clip_on=False)


class _Variable:
    """The values of one variable, and between which numbers they are drawn."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.values = values
        known = values[~np.isnan(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        self.scale = ValueScale.over(low, high)
        bottom, top = (float(end) for end in self.scale.on_axis(np.array([low, high])))
        margin = _MARGIN * (top - bottom) or 0.1 * abs(top) or 1.0
        self.low, self.high = bottom - margin, top + margin


def _legend(anomalies: int, theme: Theme, sizes: Sizes) -> list[Artist]:
    entries: list[Artist] = [Line2D([], [], color=theme.data, linewidth=1.0 * sizes.scale, label="variable")]
    if anomalies:
        dot: dict[str, Any] = {"marker": "o", "markersize": 6.0 * sizes.scale, "linestyle": "none"}
        label = f"anomalies: {anomalies:,} (larger where the variable contributed more)"
        entries.append(Line2D([], [], color=theme.anomaly, **dot, label=label))
    return entries


def _shown(count: int, variables: int) -> str:
    if count == variables:
        return counted(variables, "variable")
    return f"{count} of {variables} variables, those that contributed most"
