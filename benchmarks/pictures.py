"""``make pictures``: draws the pictures of the README into ``docs/images``; the same numbers come out each time."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.detectors.events import find_events
from tidewatch.plotting import Judged, PlotRequest, render
from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.judgement_layers import SpanLayer
from tidewatch.plotting.layout import Frame
from tidewatch.plotting.series_layer import SeriesLayer
from tidewatch.plotting.style import LINE, THEMES, Sizes
from tidewatch.plotting.text import font, wrap_shortened
from tidewatch.series import TimeSeries

_ROOT: Final = Path(__file__).resolve().parent.parent
_IMAGES: Final = _ROOT / "docs" / "images"
_THEME: Final = THEMES["light"]

_MONDAY: Final = 1767571200  # 2026-01-05T00:00:00Z
_STEP: Final = 1800
_DAY: Final = 86_400 // _STEP
_DAYS: Final = 28

_WIDTH: Final = 1200
_ROW: Final = 118
_BETWEEN: Final = 12
_WORDS: Final = 262
"""Pixels, beside each row."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the series: what it is called, and its first and last point."""

    name: str
    start: int
    end: int


ODDITIES: Final = (
    Stretch("spike", 12 * _DAY + 20, 12 * _DAY + 20),
    Stretch("shift", 15 * _DAY + 12, 16 * _DAY + 12),
    Stretch("missing peak", 20 * _DAY + 18, 20 * _DAY + 40),
    Stretch("noise", 24 * _DAY + 8, 24 * _DAY + 44),
)

TRAINING: Final = Stretch("training", 0, 11 * _DAY)

ROWS: Final = (
    ("three_sigma", "one band for all hours: sees what is out of the range of the training"),
    ("ewma", "a band about the last hours, wherever they go: sees only sudden jumps"),
    (
        "seasonal_decomposition",
        "compares with the same hour of other days: sees what is usual, but not then; a new level is followed",
    ),
    (
        "isolation_forest",
        "value, spread, change and hour together: sees usual values in unusual company; no band",
    ),
    ("sub_pca", "the shape of the last day beside those of the training: alarms while an oddity is in it; no band"),
    ("auto", "level, season and step together; the first point of a stretch that is far from its season"),
)


def odd_series() -> TimeSeries:
    """Four weeks of half-hours with a daily season, no trend, and the four oddities."""
    noise = random.Random(7)
    spike, shift, missing, rough = ODDITIES
    values = []
    for place in range(_DAYS * _DAY):
        phase = 2 * math.pi * (place % _DAY) / _DAY
        season = 100 - 28 * math.cos(phase) + 8 * math.sin(2 * phase)
        deviation = noise.gauss(0, 2)
        if missing.start <= place <= missing.end:
            season = 80
        if rough.start <= place <= rough.end:
            deviation *= 6
        values.append(season + deviation + 22 * (shift.start <= place <= shift.end) + 75 * (place == spike.start))
    times = _MONDAY + _STEP * np.arange(len(values), dtype=np.int64)
    return TimeSeries(times, np.round(np.array(values), 2))


def judged_by(name: str, series: TimeSeries, trained_on: int) -> Judged:
    """A series judged by a detector that was trained on so many of its first points."""
    model = fit_model(series.part(0, trained_on), CATALOGUE[name].options_type(name=name))
    scores = model.review(series)
    return Judged(series, scores, find_events(scores), model.options, model.period)


def chooser() -> Figure:
    """Several detectors on the one series, one beneath the other."""
    series = odd_series()
    judgements = [judged_by(name, series, TRAINING.end) for name, _ in ROWS]
    sizes = replace(Sizes.of(_WIDTH, 600), height=100 + len(ROWS) * (_ROW + _BETWEEN))
    axis = HorizontalAxis(judgements[0], sizes.columns)
    drawings = [SeriesLayer(judged, axis, _THEME, sizes) for judged in judgements]
    spans = [SpanLayer.of(judged, axis, _THEME) for judged in judgements]
    frame = Frame(sizes, _THEME)
    frame.write_legend(list(_legend(drawings[-1], spans[-1])), below=0)
    top = frame.top + LINE * sizes.text
    for (name, words), drawing, behind in zip(ROWS, drawings, spans, strict=True):
        # All rows have one scale, so that they can be compared; bands end where it does.
        drawing.low, drawing.high = float(series.values.min()) - 20, float(series.values.max()) + 10
        axes = _row(frame, axis, top, last=drawing is drawings[-1])
        axes.set_ylim(drawing.low, drawing.high)
        drawing.draw_on(axes)
        behind.draw_on(axes)
        _draw_bars(axes, frame, axis, top, name_them=drawing is drawings[0])
        _write_row(frame, name, words, top)
        top += _ROW + _BETWEEN
    return frame.figure


def main() -> int:
    """Writes both pictures."""
    # The machine's own settings of matplotlib must not show.
    matplotlib.rcdefaults()
    chooser().savefig(_IMAGES / "detectors.png", metadata={"Software": "Tidewatch"})
    body = json.loads((_ROOT / "events" / "requests" / "fit.json").read_text(encoding="utf-8"))
    week = TimeSeries(np.array(body["timestamps"], dtype=np.int64), np.array(body["values"], dtype=np.float64))
    picture = render(judged_by("three_sigma", week, len(week)), PlotRequest("web-requests · v1"))
    (_IMAGES / "web-requests.png").write_bytes(picture)
    return 0


def _row(frame: Frame, axis: HorizontalAxis, top: float, *, last: bool) -> Axes:
    sizes = frame.sizes
    axes = frame.add_axes(sizes.pad + _WORDS, top, sizes.width - _WORDS - 2 * sizes.pad, _ROW)
    axes.set_xlim(axis.low, axis.high)
    if last:
        frame.label_across(axes, axis)
    return axes


def _draw_bars(axes: Axes, frame: Frame, axis: HorizontalAxis, top: float, *, name_them: bool) -> None:
    """A bar above the training and each oddity, wide enough to be seen, and their names above the first row."""
    high = axes.get_ylim()[1]
    box = axes.get_position()
    for oddity in (TRAINING, *ODDITIES):
        start, end = axis.at(np.array([oddity.start, oddity.end])) + np.array([-2.0, 2.0]) * axis.column
        color = _THEME.axis if oddity is TRAINING else _THEME.text
        axes.plot([start, end], [high, high], color=color, linewidth=3, solid_capstyle="butt", clip_on=False)
        if name_them:
            share = ((start + end) / 2 - axis.low) / (axis.high - axis.low)
            x = (box.x0 + box.width * share) * frame.sizes.width
            frame.write(oddity.name, x, top - 4, ha="center", va="bottom")


def _write_row(frame: Frame, name: str, words: str, top: float) -> None:
    sizes = frame.sizes
    frame.write(name, sizes.pad, top, fontproperties=font(sizes.text, bold=True))
    for line in wrap_shortened(words, _WORDS - sizes.pad, 5, frame.ruler):
        top += LINE * sizes.text
        frame.write(line, sizes.pad, top, color=_THEME.muted)


def _legend(drawing: SeriesLayer, spans: SpanLayer) -> Iterator[Artist]:
    """That of one row, in words for all of them."""
    yield Line2D([], [], color=_THEME.text, linewidth=3, label="put into the series")
    names = ("series", "anomalies", "normal range", "expected", "events", "warming up")
    for entry, name in zip([*drawing.legend(), *spans.legend()], names, strict=True):
        entry.set_label(name)
        yield entry


if __name__ == "__main__":
    sys.exit(main())
