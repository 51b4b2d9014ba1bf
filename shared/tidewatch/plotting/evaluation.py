"""An evaluation as a picture: a row for each contender, with its alarm rate, what it finds, and when it alarmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tidewatch.plotting import layout
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.render import draw
from tidewatch.plotting.request import SMALLEST_SIDE, PlotRequest
from tidewatch.plotting.style import LINE, THEMES, Sizes
from tidewatch.plotting.text import counted, printable, wrap_facts, wrap_shortened

SMALLEST_WIDTH: Final = 800
"""Below it the words of a row would overlap."""

_DAY: Final = 86_400
_USUAL_WIDTH: Final = 1200
_ROW: Final = 48.0
"""The height of a row of the table, in pixels of a picture of the usual width, where there is room for it."""
_LINE: Final = 26.0
"""Of a line of alarms, likewise."""
_WORDS: Final = 290.0
"""Of all that stands around them, likewise."""
_LEGEND: Final = (
    "bar: share of injected anomalies found",
    "+: mean delay in points",
    "orange line: found by chance",
    "green line: promised rate",
)
_LABELS: Final = ("precision", "recall", "F1", "AP")
_NOTHING: Final = "–"
_WHOLE: Final = 9.95
"""From here on delays are shown as whole numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """The judged stretch, for the axis of time."""

    positions: NDArray[np.int64]
    timezone: str
    has_times: bool = True


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table: the lines of its head, its left edge and its width in pixels."""

    head: Sequence[str]
    left: float
    width: float


def render_evaluation(report: Mapping[str, Any], request: PlotRequest) -> bytes:
    """Draws the report of an evaluation. Safe to call from several threads: they take turns.

    Args:
        report: as JSON holds it, see ``tidewatch.lifecycle.evaluation.Report.to_json``; and the ``timezone`` that times
            are shown in, an IANA name, where that is not UTC.
        request: the title, format, size and theme.

    Returns:
        A PNG of exactly the size asked for, or an SVG. Equal arguments give equal bytes.
    """
    return draw(lambda: compose_evaluation(report, request), request)


def usual_height(report: Mapping[str, Any], width: int) -> int:
    """The height in pixels at which a picture of this width has room for all that the report tells."""
    lines = len(report["contenders"]) + bool(report["labelled_anomalies"])
    return max(round(_scale(width) * (_WORDS + _ROW * len(report["contenders"]) + _LINE * lines)), SMALLEST_SIDE)


def _scale(width: int) -> float:
    return max(width / _USUAL_WIDTH, 0.75)


def compose_evaluation(report: Mapping[str, Any], request: PlotRequest) -> tuple[Figure, Sequence[str]]:
    """The figure, and its words: the title and then the facts beneath it. Arguments as above."""
    sizes = Sizes(request.width, request.height, _scale(request.width))
    picture = layout.Frame(sizes, THEMES[request.theme])
    title, facts = printable(request.title), _facts(report)
    picture.write_header(title, facts)
    # A picture that is lower than it should be has lower rows, down to a line of text.
    share = min(request.height / usual_height(report, request.width), 1.0)
    row = max(_ROW * sizes.scale * share, LINE * sizes.text)
    line = max(_LINE * sizes.scale * share, LINE * sizes.text)
    _Table(picture, report, row).draw()
    _Times(picture, report, line).draw()
    return picture.figure, (title, *facts)


def _facts(report: Mapping[str, Any]) -> list[str]:
    what = "row" if report["kind"] == "rows" else "point"
    facts = [f"{counted(report['points'], what)} judged in {counted(report['folds'], 'fold')}"]
    if report["points_before"]:
        facts.append(f"{counted(report['points_before'], what)} before them to learn from")
    if report["points_left_out"]:
        facts.append(f"the first {counted(report['points_left_out'], what)} left out")
    if report["labelled"]:
        anomalies = f"{counted(report['labelled_events'], 'event')} of anomalies among them"
        facts.append(f"{counted(report['labelled'], 'label')}, {anomalies}")
    facts.append(f"injected anomalies of {report['size']:g} robust standard deviations, seed {report['seed']}")
    return facts


class _Table:
    """Numbers and small bars, one row for each contender."""

    def __init__(self, picture: layout.Frame, report: Mapping[str, Any], row: float) -> None:
        self._picture, self._report, self._row = picture, report, row
        self._sizes, self._theme = picture.sizes, picture.theme
        injected = [
            failure["kind"]
            for contender in report["contenders"]
            for failure in contender["failures"]
            if failure["trials"]
        ]
        self._kinds = list(dict.fromkeys(injected))
        self._has_labels = any(contender["labels"] for contender in report["contenders"])

    def draw(self) -> None:
        """Draws the table, and leaves the picture's top beneath it."""
        picture, sizes = self._picture, self._sizes
        head = 2 * LINE * sizes.text + sizes.gap
        height = head + self._row * len(self._report["contenders"])
        axes = picture.add_axes(0, picture.top, sizes.width, height)
        axes.set_xlim(0, sizes.width)
        axes.set_ylim(height, 0)
        axes.spines["bottom"].set_visible(False)
        columns = self._columns()
        for column in columns.values():
            for place, words in enumerate(reversed(column.head)):
                bottom = head - sizes.gap - place * LINE * sizes.text
                self._write(axes, column.left, bottom, words, va="bottom", color=self._theme.muted)
        for place, contender in enumerate(self._report["contenders"]):
            top = head + place * self._row
            axes.plot(
                [sizes.pad, sizes.width - sizes.pad], [top, top], color=self._theme.grid, linewidth=sizes.hairline
            )
            self._draw_row(axes, columns, contender, top + self._row / 2)
        picture.top += height + sizes.gap
        for words in wrap_facts(_LEGEND, sizes.width - 2 * sizes.pad, picture.ruler):
            picture.write(words, sizes.pad, picture.top, color=self._theme.muted)
            picture.top += LINE * sizes.text
        picture.top += 2 * sizes.gap

    def _columns(self) -> dict[str, _Column]:
        """The columns from left to right, by a name of each."""
        sizes, text = self._sizes, self._sizes.text
        shares = {"name": (("contender",), 9.5 * text), "rate": (("alarm rate,", "by fold"), 10.5 * text)}
        shares |= {kind: (kind.split("_", 1), 0.0) for kind in self._kinds}
        if self._has_labels:
            shares |= {name: ((name,), (5.2 if name == "precision" else 3.9) * text) for name in _LABELS}
        shares["equal"] = (("serves as", "trained"), 4.8 * text)
        left = sizes.width - 2 * sizes.pad - sum(width for _, width in shares.values())
        each = left / max(len(self._kinds), 1)
        columns: dict[str, _Column] = {}
        edge = sizes.pad
        for name, (head, width) in shares.items():
            columns[name] = _Column(head, edge, width or each)
            edge += width or each
        return columns

    def _draw_row(
        self, axes: Axes, columns: Mapping[str, _Column], contender: Mapping[str, Any], middle: float
    ) -> None:
        name = columns["name"]
        self._write(axes, name.left, middle, self._fit(contender["name"], name.width))
        if contender["problem"] is not None:
            room = self._sizes.width - self._sizes.pad - columns["rate"].left
            words = self._fit(printable(contender["problem"]), room)
            self._write(axes, columns["rate"].left, middle, words, color=self._theme.anomaly)
            return
        self._draw_rate(axes, columns["rate"], contender["alarm_rate"], middle)
        for failure in contender["failures"]:
            if failure["kind"] in columns:
                self._draw_recall(axes, columns[failure["kind"]], failure, middle)
        if self._has_labels:
            for label, value in zip(_LABELS, _label_figures(contender["labels"]), strict=True):
                words = _NOTHING if value is None else f"{value:.2f}"
                self._write(axes, columns[label].left, middle, words)
        equal = contender["serving"]["equal"]
        words, colour = ("to the bit", self._theme.limit) if equal else ("differs", self._theme.anomaly)
        self._write(axes, columns["equal"].left, middle, words, color=colour)

    def _draw_rate(self, axes: Axes, column: _Column, rate: Mapping[str, Any], middle: float) -> None:
        """The rate in figures, and a bar for each fold beside it, with a line at the promised one."""
        text = self._sizes.text
        self._write(axes, column.left, middle, _percent(rate["rate"]))
        left, width, height = column.left + 4.6 * text, column.width - 6.0 * text, 0.62 * self._row
        known = [fold["rate"] for fold in rate["folds"] if fold["rate"] is not None]
        top = max([*known, 2 * (rate["promised"] or 0.0), 0.01])
        base = middle + height / 2
        each = width / len(rate["folds"])
        for place, fold in enumerate(rate["folds"]):
            tall = height * (fold["rate"] or 0.0) / top
            corner = (left + place * each, base - tall)
            axes.add_patch(Rectangle(corner, 0.8 * each, tall, facecolor=self._theme.data, linewidth=0))
        axes.plot([left, left + width], [base, base], color=self._theme.axis, linewidth=self._sizes.hairline)
        if rate["promised"] is not None:
            at = base - height * rate["promised"] / top
            axes.plot([left, left + width], [at, at], color=self._theme.limit, linewidth=1.5 * self._sizes.hairline)

    def _draw_recall(self, axes: Axes, column: _Column, failure: Mapping[str, Any], middle: float) -> None:
        """A bar as long as the share that was found, its figure and delay, and a line at what chance finds."""
        if failure["recall"] is None:
            self._write(axes, column.left, middle, _NOTHING, color=self._theme.muted)
            return
        text, width = self._sizes.text, 0.88 * column.width
        words = f"{100 * failure['recall']:.0f} %"
        self._write(axes, column.left, middle - 0.4 * text, words)
        if failure["delay"] is not None and failure["length"] > 1:
            after = column.left + self._picture.ruler(words) + 0.5 * text
            late = f"+{failure['delay']:.{1 if failure['delay'] < _WHOLE else 0}f}"
            self._write(axes, after, middle - 0.4 * text, late, color=self._theme.muted)
        top, height = middle + 0.45 * text, 0.4 * text
        for share, colour in ((1.0, self._theme.waiting), (failure["recall"], self._theme.limit)):
            axes.add_patch(Rectangle((column.left, top), width * share, height, facecolor=colour, linewidth=0))
        if failure["by_chance"]:
            at, reach = column.left + width * failure["by_chance"], 0.25 * text
            ends = [top - reach, top + height + reach]
            axes.plot([at, at], ends, color=self._theme.anomaly, linewidth=2 * self._sizes.hairline)

    def _fit(self, words: str, width: float) -> str:
        (words,) = wrap_shortened(printable(words), width - self._sizes.gap, 1, self._picture.ruler)
        return words

    def _write(self, axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
        style = {"fontproperties": self._picture.font, "color": self._theme.text, "va": "center", **style}
        axes.text(x, y, words, **style)


class _Times:
    """When each contender alarmed, and where the labelled anomalies are, over folds; and how far they agree."""

    def __init__(self, picture: layout.Frame, report: Mapping[str, Any], line: float) -> None:
        self._picture, self._report, self._line = picture, report, line
        self._sizes, self._theme = picture.sizes, picture.theme
        self._names = [each["name"] for each in report["contenders"]]
        self._labelled = bool(report["labelled_anomalies"])
        # Of a column of the table of agreements, which has one for each contender.
        self._column = 3.2 * picture.sizes.text if report["agreements"] else 0.0

    def draw(self) -> None:
        """Draws a line of marks for each contender, on one axis of time, and the agreements beside it."""
        picture, sizes, report = self._picture, self._sizes, self._report
        left = sizes.pad + 9.5 * sizes.text
        beside = self._column * len(self._names) + (2 * sizes.pad if self._column else 0.0)
        width = sizes.width - left - max(sizes.pad, picture.ruler("00:00") / 2) - beside
        self._write("alarms over time, fold by fold", sizes.pad)
        if self._column:
            edge = left + width + 2 * sizes.pad
            self._write_agreements(edge)
        picture.top += 2 * LINE * sizes.text + 0.5 * sizes.gap
        lines = [(each["alarms"], self._theme.data) for each in report["contenders"]]
        if self._labelled:
            lines.insert(0, (report["anomalies"], self._theme.anomaly))
        axes = picture.add_axes(left, picture.top, width, self._line * len(lines))
        axis = HorizontalAxis(
            _Span(np.array([report["start"], report["end"]], dtype=np.int64), report.get("timezone", "UTC")),
            sizes.columns,
        )
        axes.set_xlim(axis.low, axis.high)
        axes.set_ylim(len(lines), 0)
        for place, (first, last) in enumerate(self._folds()):
            if place % 2 == 0:
                axes.axvspan(first / _DAY, last / _DAY, color=self._theme.waiting, linewidth=0, zorder=0)
        for place, (times, colour) in enumerate(lines):
            at = np.array(times, dtype=np.float64) / _DAY
            axes.vlines(at, place + 0.15, place + 0.85, color=colour, linewidth=1.2 * sizes.scale)
        for place, name in enumerate(["labelled"] * self._labelled + self._numbered()):
            (words,) = wrap_shortened(printable(name), left - sizes.pad - sizes.gap, 1, picture.ruler)
            picture.write(words, sizes.pad, picture.top + (place + 0.5) * self._line, va="center")
        picture.label_across(axes, axis)
        words_below = picture.top + self._line * len(lines) + sizes.gap + LINE * sizes.text
        style = {"ha": "center", "color": self._theme.muted}
        picture.write(axis.label, left + width / 2, words_below, **style)

    def _numbered(self) -> list[str]:
        return [f"{place} {name}" for place, name in enumerate(self._names, start=1)] if self._column else self._names

    def _write_agreements(self, left: float) -> None:
        """Cohen's kappa of each pair, on the lines of the two."""
        picture, sizes = self._picture, self._sizes
        self._write("agreement (Cohen's kappa)", left)
        first = picture.top + 2 * LINE * sizes.text + 0.5 * sizes.gap + self._line * self._labelled
        heads = picture.top + LINE * sizes.text
        for place in range(len(self._names)):
            picture.write(str(place + 1), left + place * self._column, heads, color=self._theme.muted)
            self._write_kappa("·", left, first, place, place, self._theme.muted)
        for pair in self._report["agreements"]:
            row, column = self._names.index(pair["first"]), self._names.index(pair["second"])
            words = _NOTHING if pair["kappa"] is None else f"{round(pair['kappa'], 2) + 0.0:.2f}"
            self._write_kappa(words, left, first, row, column, self._theme.text)
            self._write_kappa(words, left, first, column, row, self._theme.text)

    def _write_kappa(self, words: str, left: float, first: float, row: int, column: int, colour: str) -> None:
        at = (left + column * self._column, first + (row + 0.5) * self._line)
        self._picture.write(words, *at, va="center", color=colour)

    def _write(self, words: str, left: float) -> None:
        self._picture.write(words, left, self._picture.top, color=self._theme.muted)

    def _folds(self) -> list[tuple[int, int]]:
        """Where each fold begins and ends, as the first contender that was evaluated tells."""
        told: Sequence[Any] = next(
            (each["alarm_rate"]["folds"] for each in self._report["contenders"] if each["alarm_rate"]), []
        )
        edges = [*(fold["start"] for fold in told), self._report["end"]]
        return list(pairwise(edges))


def _label_figures(labels: Mapping[str, Any] | None) -> list[float | None]:
    if labels is None:
        return [None] * len(_LABELS)
    return [*(labels["points"][name] for name in ("precision", "recall", "f1")), labels["average_precision"]]


def _percent(rate: float | None) -> str:
    return _NOTHING if rate is None else f"{100 * rate:.2g} %"
