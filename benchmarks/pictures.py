"""``make pictures``: draws the pictures of the README into ``docs/images``; the same numbers come out each time."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from tidewatch.detectors import CATALOGUE
from tidewatch.detectors.events import find_events
from tidewatch.plotting import Judged, PlotRequest, render
from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.drawing import Drawing
from tidewatch.plotting.frame import Frame
from tidewatch.plotting.panels import Panels
from tidewatch.plotting.sizes import LINE, Sizes
from tidewatch.plotting.spans import Spans
from tidewatch.plotting.themes import THEMES
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
_WORDS: Final = 250
"""Pixels, beside each row."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something put into the series: what it is called, and its first and last point."""

    name: str
    start: int
    end: int


ODDITIES: Final = (
    Oddity("spike", 12 * _DAY + 20, 12 * _DAY + 20),
    Oddity("shift", 15 * _DAY + 12, 16 * _DAY + 12),
    Oddity("missing peak", 20 * _DAY + 18, 20 * _DAY + 40),
    Oddity("noise", 24 * _DAY + 8, 24 * _DAY + 44),
)

ROWS: Final = (
    ("three_sigma", "one band for all hours: sees what leaves the range of everything before"),
    ("moving_average", "a band that follows the last hours: sees jumps, and falls for steep slopes"),
    ("ewma", "…"),
    ("isolation_forest", "…"),
    ("auto", "…"),
)


def odd_series() -> TimeSeries:
    """Four weeks of half-hours with a daily season, no trend, and the four oddities."""
    noise = random.Random(7)  # noqa: S311 - sample data, no secret
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


def judged_by(name: str, series: TimeSeries, **options: Any) -> Judged:
    """A series judged by a detector that was trained on it."""
    detector = CATALOGUE[name]
    model = detector.fit(series, detector.options_type(name=name, **options))
    scores = model.review(series)
    return Judged(series, scores, find_events(scores), model.options, model.period)


def chooser() -> Figure:
    """Several detectors on the one series, one beneath the other."""
    series = odd_series()
    judgements = [judged_by(name, series) for name, _ in ROWS]
    sizes = replace(Sizes.of(_WIDTH, 600), height=150 + len(ROWS) * (_ROW + _BETWEEN))
    abscissa = Abscissa(judgements[0], sizes.columns)
    drawings = [Drawing(judged, abscissa, _THEME, sizes) for judged in judgements]
    low, high = float(series.values.min()) - 25, float(series.values.max()) + 15
    frame = Frame(sizes, _THEME)
    frame.write_legend(list(_legend(drawings, judgements, abscissa)), below=0)
    top = frame.top + LINE * sizes.text
    for index, ((name, words), judged, drawing) in enumerate(zip(ROWS, judgements, drawings, strict=True)):
        drawing.low, drawing.high = low, high
        axes = _row(frame, abscissa, top, last=index == len(ROWS) - 1)
        axes.set_ylim(low, high)
        drawing.draw_on(axes)
        Spans.of(judged, abscissa, _THEME).draw_on(axes)
        _draw_oddities(axes, frame, abscissa, top, name_them=index == 0)
        _write_row(frame, name, words, top)
        top += _ROW + _BETWEEN
    return frame.figure
