"""Every detector on the four kinds of figures, side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from tidewatch.plotting.style import THEMES

from benchmarks.quality.backgrounds import BACKGROUNDS
from benchmarks.quality.results import Numbers, Results

_THEME: Final = THEMES["light"]
_WIDTH, _ROW, _DPI = 12.0, 0.36, 120
_CALIBRATED: Final = (0.3, 2.0)
_LOWEST, _HIGHEST = 0.03, 1000.0
_TITLES: Final = (
    ("Cloud series", "mean average precision"),
    ("Flags on cloud series", "share of events"),
    ("NAB", "standard score, an alert an incident"),
    ("Made-up series", "share of anomalies with a flag"),
    ("Calibration", "p below .001, of 1,000; ten kinds"),
)


def draw(results: Results, path: Path) -> None:
    """Writes the picture as PNG; the same figures make the same file."""
    # The machine's own settings of matplotlib must not show.
    matplotlib.rcdefaults()
    figure = Figure(figsize=(_WIDTH, 1.5 + _ROW * len(results)), layout="constrained")
    panels = list(figure.subplots(1, len(_TITLES), sharey=True))
    for axes, (title, words) in zip(panels, _TITLES, strict=True):
        _prepare(axes, title, words, list(results))
    for height, by_half in enumerate(results.values()):
        numbers = by_half["all"]
        _bar(panels[0], height, numbers.get("cloud.ap", math.nan), 2)
        _mark(panels[1], height, numbers, "cloud.precision", "D", _THEME.data)
        _mark(panels[1], height, numbers, "cloud.recall", "o", _THEME.limit)
        _bar(panels[2], height, numbers.get("nab.once.standard", math.nan), 0)
        shapes = numbers.get("shapes.recall", math.nan)
        _bar(panels[3], height, numbers.get("points.recall", math.nan), 2, beside=shapes)
        _mark(panels[3], height, numbers, "points.by_chance", "|", _THEME.anomaly)
        _mark(panels[3], height, numbers, "shapes.recall", "s", _THEME.data)
        _calibration(panels[4], height, numbers)
    panels[1].set_xlim(0, 1.05)
    panels[4].set_xscale("log")
    panels[4].set_xlim(_LOWEST / 1.5, _HIGHEST * 1.5)
    panels[4].xaxis.set_minor_locator(NullLocator())
    panels[4].axvspan(*_CALIBRATED, color=_THEME.band, zorder=0)
    figure.legend(handles=_legend(), loc="outside lower center", ncols=6, frameon=False, fontsize=9)
    figure.savefig(path, dpi=_DPI, facecolor=_THEME.background, metadata={"Software": None})


def _prepare(axes: Axes, title: str, words: str, names: list[str]) -> None:
    axes.set_title(title, loc="left", color=_THEME.text, fontsize=10.5, fontweight="bold")
    axes.set_xlabel(words, color=_THEME.muted, fontsize=8.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color=_THEME.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", colors=_THEME.muted, labelsize=9, length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(_THEME.axis)


def _bar(axes: Axes, height: int, value: float, digits: int, *, beside: float = math.nan) -> None:
    """A bar with its value, which stands right of a mark at ``beside`` where that would hide it."""
    if math.isnan(value):
        return
    axes.barh(height, value, height=0.6, color=_THEME.band, edgecolor=_THEME.limit, linewidth=1)
    hidden = beside >= value - 0.04
    place = (max(beside if hidden else value, 0.0), height)
    text = f"{value:.{digits}f}"
    axes.annotate(
        text, place, (9 if hidden else 4, 0), textcoords="offset points", va="center", fontsize=8.5, color=_THEME.text
    )
    axes.margins(x=0.18)


def _mark(axes: Axes, height: int, numbers: Numbers, key: str, marker: str, colour: str) -> None:
    size = 6 if marker != "|" else 13
    axes.plot(numbers.get(key, math.nan), height, marker, color=colour, markersize=size, zorder=3, clip_on=False)


def _calibration(axes: Axes, height: int, numbers: Numbers) -> None:
    shares = [numbers.get(f"p001.{kind}", math.nan) for kind in BACKGROUNDS]
    shown = [min(max(share, _LOWEST), _HIGHEST) for share in shares if not math.isnan(share)]
    axes.plot(shown, [height] * len(shown), "o", color=_THEME.data, alpha=0.55, markersize=5, markeredgewidth=0)


def _legend() -> list[Line2D]:
    def mark(marker: str, colour: str, label: str) -> Line2D:
        return Line2D([], [], ls="", marker=marker, color=colour, label=label)

    return [
        mark("D", _THEME.data, "event precision"),
        mark("o", _THEME.limit, "event recall"),
        mark("|", _THEME.anomaly, "found by chance"),
        mark("s", _THEME.data, "changed periods found"),
        mark("o", _THEME.data, "a kind of normal series"),
        Line2D([], [], lw=8, color=_THEME.band, label="0.3 to 2: calibrated"),
    ]
