"""The pictures of a run: throughput and times of each stage side by side, and where the processor's time went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from tidewatch.plotting.style import THEMES

from benchmarks.load.outcome import Outcome
from benchmarks.load.run import Run
from benchmarks.load.stages import STAGES
from benchmarks.load.storage_share import PARTS, cpu_by_part

_THEME: Final = THEMES["light"]
_WIDTH: Final = 11.0
_DPI: Final = 130
_KIND_COLOURS: Final = {"predict": _THEME.data, "fit": _THEME.anomaly}
_PART_COLOURS: Final = {
    "load generator": _THEME.grid,
    "server": _THEME.data,
    "emulator": _THEME.axis,
    "functions": _THEME.limit,
    "storage": _THEME.anomaly,
}
_QUANTILE_MARKERS: Final = (("p50", "o"), ("p95", "|"), ("p99", "D"))


def draw(run: Run, folder: Path, name: str) -> list[Path]:
    """Writes the pictures as PNG and returns their paths; the second only where processor time is known."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [(folder / f"{name}-stages.png", _stages(run))]
    if any(outcome.cpu_seconds.get("server") for outcome in run.outcomes):
        pictures.append((folder / f"{name}-cpu.png", _cpu(run)))
    for path, figure in pictures:
        # No program's version in the file: the same figures make the same file.
        figure.savefig(path, dpi=_DPI, facecolor=_THEME.background, metadata={"Software": None})
    return [path for path, _ in pictures]


def _stages(run: Run) -> Figure:
    figure, rows = _panels(run, 2)
    for throughput, times, stage in zip(rows[0], rows[1], STAGES, strict=True):
        throughput.set_title(stage.title, loc="left", color=_THEME.text, fontsize=10.5, fontweight="bold", pad=8)
        throughput.set_xlabel("requests a second")
        times.set_xlabel("milliseconds")
        for height, target in enumerate(run.targets):
            if (found := run.find(stage.name, target.name)) is not None:
                _bar(throughput, height, found, run.find(stage.name, target.name, of="wrk"))
                _ranges(times, height, found)
        for axes in (throughput, times):
            # Room for the figures beside bars and marks.
            axes.set_xlim(0, max(axes.get_xlim()[1], 1e-3) * 1.16)
    kinds = [Line2D([], [], color=colour, lw=2, label=kind) for kind, colour in _KIND_COLOURS.items()]
    marks = [
        Line2D([], [], color=_THEME.muted, ls="", marker=mark, markersize=6 if mark != "|" else 9, label=name)
        for name, mark in _QUANTILE_MARKERS
    ]
    if any(outcome.generator == "wrk" for outcome in run.outcomes):
        wrk = Line2D([], [], color=_THEME.text, ls="", marker="D", markerfacecolor="none", markersize=5, label="by wrk")
        marks.append(wrk)
    _legend(figure, [*kinds, *marks])
    return figure


def _bar(axes: Axes, height: int, outcome: Outcome, by_wrk: Outcome | None) -> None:
    axes.barh(height, outcome.rate, height=0.56, color=_THEME.band, edgecolor=_THEME.limit, linewidth=1)
    end = outcome.rate
    if by_wrk is not None:
        axes.plot(by_wrk.rate, height, "D", color=_THEME.text, markersize=5, markerfacecolor="none", zorder=4)
        end = max(end, by_wrk.rate)
    label = f"{outcome.rate:,.0f}" + (f", {outcome.failed:,} errors" if outcome.failed else "")
    colour = _THEME.anomaly if outcome.failed else _THEME.text
    axes.annotate(label, (end, height), (8, 0), textcoords="offset points", va="center", fontsize=9, color=colour)


def _ranges(axes: Axes, height: int, outcome: Outcome) -> None:
    kinds = [kind for kind in _KIND_COLOURS if kind in outcome.times]
    for place, kind in enumerate(kinds):
        y = height + (place - (len(kinds) - 1) / 2) * 0.36
        times, colour = outcome.times[kind], _KIND_COLOURS[kind]
        axes.plot([times.p50, times.p99], [y, y], color=colour, lw=2, solid_capstyle="butt", zorder=2)
        for (name, mark), size in zip(_QUANTILE_MARKERS, (5, 8, 4), strict=True):
            axes.plot(getattr(times, name), y, mark, color=colour, markersize=size, zorder=3)
        label = f"{times.p99:,.0f}"
        axes.annotate(
            label, (times.p99, y), (6, 0), textcoords="offset points", va="center", fontsize=8.5, color=colour
        )


def _cpu(run: Run) -> Figure:
    figure, (row,) = _panels(run, 1)
    for axes, stage in zip(row, STAGES, strict=True):
        axes.set_title(stage.title, loc="left", color=_THEME.text, fontsize=10.5, fontweight="bold", pad=8)
        axes.set_xlabel("processor seconds for 1,000 requests")
        for height, target in enumerate(run.targets):
            found = run.find(stage.name, target.name)
            left = 0.0
            for part, seconds in cpu_by_part(found, run.storage).items() if found is not None else ():
                axes.barh(height, seconds, left=left, height=0.56, color=_PART_COLOURS[part], linewidth=0)
                left += seconds
            axes.annotate(
                f"{left:.2f}",
                (left, height),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=_THEME.text,
            )
        axes.set_xlim(0, axes.get_xlim()[1] * 1.12)
    _legend(figure, [Patch(color=_PART_COLOURS[part], label=label) for part, label in PARTS.items()])
    return figure


def _panels(run: Run, rows: int) -> tuple[Figure, Sequence[Sequence[Axes]]]:
    """A grid of panels, stages from left to right, with the targets from top to bottom in each."""
    panel = 0.7 + 0.42 * max(len(run.targets), 2)
    figure = Figure(figsize=(_WIDTH, rows * panel + 0.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr,call-arg]
    grid: list[list[Axes]] = [list(row) for row in figure.subplots(rows, len(STAGES), sharey=True, squeeze=False)]
    labels = [target.name.replace(", ", "\n") for target in run.targets]
    for row in grid:
        for axes in row:
            axes.set_facecolor(_THEME.background)
            axes.set_yticks(range(len(labels)), labels)
            axes.set_ylim(len(labels) - 0.4, -0.6)
            axes.grid(axis="x", color=_THEME.grid, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.tick_params(axis="both", colors=_THEME.muted, labelsize=9, length=0)
            axes.xaxis.label.set(color=_THEME.muted, fontsize=9)
            axes.locator_params(axis="x", nbins=5)
            axes.xaxis.set_major_formatter("{x:,g}")
            axes.spines[["top", "right", "bottom"]].set_visible(False)
            axes.spines["left"].set_color(_THEME.axis)
    return figure, grid


def _legend(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    figure.legend(
        handles=list(handles),
        loc="outside upper right",
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        labelcolor=_THEME.text,
    )
