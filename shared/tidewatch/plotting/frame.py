"""The frame of the picture: words at the top, the legend beneath them, and axes in what room is left.

All is laid out by hand in pixels from measured text: it is quicker than matplotlib's own layout, which draws everything
twice, and it can shorten words where that cannot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tidewatch.plotting.fitting import DPI, Ruler, font, wrap_facts, wrap_shortened
from tidewatch.plotting.numbers import tick_labels
from tidewatch.plotting.themes import Theme
from tidewatch.plotting.time_axis import time_ticks

_LINE: Final = 1.35
"""Height of a line of text, in heights of its font."""

_APART: Final = 1.5
"""Distance between the middles of tick labels, in widths of them, at the least."""

_HANDLE: Final = 2.0
_AFTER_HANDLE: Final = 0.6
_BETWEEN_ENTRIES: Final = 1.8
"""Lengths in the legend, in heights of its font."""

_LEAST_FOR_AXES: Final = 0.4
"""The share of the picture's height that the legend must leave to the axes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in pixels for a picture of some size; words shrink with the picture, but stay legible."""

    width: int
    height: int
    scale: float

    @classmethod
    def of(cls, width: int, height: int) -> Sizes:
        """The lengths for a picture of this many pixels."""
        return cls(width, height, max(min(width / 1200, height / 600), 0.75))

    @property
    def columns(self) -> int:
        """How many columns of data the picture has room for; lines get wider with the scale, and so do columns."""
        return math.ceil(self.width / max(self.scale, 1.0))

    @property
    def pad(self) -> float:
        """Between the edge of the picture and what is in it."""
        return 16 * self.scale

    @property
    def gap(self) -> float:
        """Between things that are apart."""
        return 8 * self.scale

    @property
    def title(self) -> float:
        """Height of the title's font."""
        return 18 * self.scale

    @property
    def text(self) -> float:
        """Height of the font of all other words."""
        return 13 * self.scale


class Frame:
    """A figure under construction, filled from the top."""

    def __init__(self, sizes: Sizes, theme: Theme) -> None:
        self.figure = Figure(figsize=(sizes.width / DPI, sizes.height / DPI), dpi=DPI, facecolor=theme.background)
        self._sizes, self._theme = sizes, theme
        self._font = font(sizes.text)
        self._ruler = Ruler(self._font)
        self._top = sizes.pad

    def write_header(self, title: str, facts: Sequence[str]) -> None:
        """The title on up to two lines, shortened in its middle if need be, and the facts beneath it."""
        sizes, heading = self._sizes, font(self._sizes.title, bold=True)
        for line in wrap_shortened(title, self._room, 2, Ruler(heading)):
            self._write(line, sizes.pad, self._top, fontproperties=heading, color=self._theme.text)
            self._top += _LINE * sizes.title
        self._top += 0.2 * sizes.gap
        for line in wrap_facts(facts, self._room, self._ruler):
            self._write(line, sizes.pad, self._top, color=self._theme.muted)
            self._top += _LINE * sizes.text
        self._top += sizes.gap

    def write_legend(self, handles: Sequence[Artist]) -> None:
        """The legend, most important entries first: on two lines if the axes then still get their share, else on one.

        Entries for which there is no room are left out.
        """
        sizes = self._sizes
        for row in self._legend_rows(handles)[:2]:
            left_for_axes = sizes.height - self._top - _LINE * sizes.text - sizes.gap - self._below_axes
            if left_for_axes < _LEAST_FOR_AXES * sizes.height:
                break
            legend = self.figure.legend(
                handles=row,
                loc="upper left",
                bbox_to_anchor=(sizes.pad / sizes.width, 1 - self._top / sizes.height),
                ncols=len(row),
                prop=self._font,
                frameon=False,
                borderpad=0,
                borderaxespad=0,
                handlelength=_HANDLE,
                handletextpad=_AFTER_HANDLE,
                columnspacing=_BETWEEN_ENTRIES,
                labelcolor=self._theme.text,
            )
            for text in legend.get_texts():
                text.set_parse_math(False)
            self._top += _LINE * sizes.text
        self._top += sizes.gap

    def add_axes(self, start: int, end: int, low: float, high: float, value_label: str) -> Axes:
        """Axes in the room that is left, with x in seconds since ``start`` and y from low to high."""
        sizes, theme = self._sizes, self._theme
        beside = self._ruler(value_label) <= sizes.height - self._top - self._below_axes
        if not beside:
            self._write_above_axes(value_label)
        height = max(sizes.height - self._top - self._below_axes, 1.0)
        value_ticks = _round_numbers(low, high, int(max(3, min(height / (3.5 * sizes.text), 9))))
        labels = tick_labels(value_ticks)
        left = sizes.pad + max(map(self._ruler, labels), default=0.0) + self._tick_pad
        left += _LINE * sizes.text + sizes.gap if beside else 0.0
        width = max(sizes.width - left - max(sizes.pad, self._ruler("00:00:00") / 2), 1.0)
        bottom = self._below_axes
        axes = self.figure.add_axes(
            (left / sizes.width, bottom / sizes.height, width / sizes.width, height / sizes.height)
        )
        axes.patch.set_visible(False)
        margin = 0.015 * (end - start) or 30.0
        axes.set_xlim(-margin, end - start + margin)
        axes.set_ylim(low, high)
        ticks = time_ticks(start, end, lambda label: max(2, int(width / (_APART * self._ruler(label)))))
        axes.set_xticks([tick.at - start for tick in ticks], [tick.label for tick in ticks])
        axes.set_yticks(value_ticks, labels)
        self._style(axes)
        for tick in ticks:
            x = left + width * (tick.at - start + margin) / (end - start + 2 * margin)
            # A date is wider than the time above it, and may stand at the very end.
            x = min(x, sizes.width - 0.3 * sizes.pad - self._ruler(tick.context) / 2)
            self._write(tick.context, x, sizes.height - bottom + self._tick_pad + _LINE * sizes.text, ha="center")
        muted: dict[str, Any] = {"color": theme.muted}
        self._write("time (UTC)", left + width / 2, sizes.height - sizes.pad, ha="center", va="bottom", **muted)
        if beside:
            self._write(value_label, sizes.pad, self._top + height / 2, va="center", rotation=90, **muted)
        return axes

    def _write_above_axes(self, value_label: str) -> None:
        for line in wrap_shortened(value_label, self._room, 2, self._ruler):
            self._write(line, self._sizes.pad, self._top, color=self._theme.muted)
            self._top += _LINE * self._sizes.text
        self._top += self._sizes.gap

    @property
    def _room(self) -> float:
        """The width between the pads."""
        return self._sizes.width - 2 * self._sizes.pad

    @property
    def _tick_pad(self) -> float:
        """From the axes to the labels of their ticks."""
        return self._sizes.gap

    @property
    def _below_axes(self) -> float:
        """The height of labels, days or years, the axis' own label, and the pad."""
        return self._tick_pad + 3 * _LINE * self._sizes.text + self._sizes.pad

    def _legend_rows(self, handles: Sequence[Artist]) -> list[list[Artist]]:
        rows: list[list[Artist]] = []
        taken = 0.0
        for handle in handles:
            width = (_HANDLE + _AFTER_HANDLE) * self._sizes.text + self._ruler(str(handle.get_label()))
            if width > self._room:
                continue
            if not rows or taken + width > self._room:
                rows.append([])
                taken = 0.0
            rows[-1].append(handle)
            taken += width + _BETWEEN_ENTRIES * self._sizes.text
        return rows

    def _style(self, axes: Axes) -> None:
        sizes, theme = self._sizes, self._theme
        hair = 0.8 * sizes.scale
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
            label.set(fontproperties=self._font, parse_math=False)
        tick = 0.5 * self._tick_pad
        axes.tick_params(axis="x", length=tick * 72 / DPI, width=hair, pad=(self._tick_pad - tick) * 72 / DPI)
        axes.tick_params(axis="y", length=0, pad=self._tick_pad * 72 / DPI)
        axes.tick_params(color=theme.axis, labelcolor=theme.text)
        axes.grid(axis="y", color=theme.grid, linewidth=hair)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set(color=theme.axis, linewidth=hair)

    def _write(self, words: str, x: float, y: float, **style: Any) -> None:
        """Text at pixels from the left and from the top; its top is there unless ``va`` says otherwise."""
        if words:
            style = {"fontproperties": self._font, "color": self._theme.text, "va": "top", **style}
            self.figure.text(x / self._sizes.width, 1 - y / self._sizes.height, words, parse_math=False, **style)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    ticks = np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    return [float(tick) for tick in ticks if low <= tick <= high]
