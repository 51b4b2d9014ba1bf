"""The panels of the picture, in what room the words leave: values above, severity beneath, one horizontal axis."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.fitting import DPI
from tidewatch.plotting.frame import Frame
from tidewatch.plotting.numbers import tick_labels
from tidewatch.plotting.sizes import LINE

_APART: Final = 1.5
"""Distance between the middles of tick labels, in widths of them, at the least."""

_SEVERITY: Final = "severity"
_SEVERITY_SHARE: Final = 0.2
"""The share of the panels' room that is the severity's."""

_MOST_FOR_SEVERITY: Final = 160
"""Pixels, in a picture of the usual size, of the severity's panel; a taller one would tell no more."""

_LEAST_FOR_VALUES: Final = 190
"""Pixels, in a picture of the usual size, that must be left for the values beside severity and two lines of legend."""


class Panels:
    """Makes the axes in a frame whose header is written."""

    def __init__(self, frame: Frame, abscissa: Abscissa, *, with_severity: bool) -> None:
        self._frame, self._abscissa = frame, abscissa
        legend = 2 * LINE * frame.sizes.text + frame.sizes.gap
        left = self._room - legend - self._severity_height - self._between
        self.with_severity = with_severity and left >= _LEAST_FOR_VALUES * frame.sizes.scale

    @property
    def below(self) -> float:
        """The height of labels, days or years, the axis' own label, and the pad, in pixels."""
        lines = 3 if self._abscissa.has_contexts else 2
        return self._tick_pad + lines * LINE * self._frame.sizes.text + self._frame.sizes.pad

    def add(self, low: float, high: float, value_label: str) -> tuple[Axes, Axes | None]:
        """Axes of values from low to high, and those of severity, if there is room for them."""
        frame, sizes = self._frame, self._frame.sizes
        taken = self._severity_height + self._between if self.with_severity else 0.0
        beside = frame.ruler(value_label) <= self._room - taken
        if not beside:
            frame.write_above_panels(value_label)
        height = max(self._room - taken, 1.0)
        ticks = _round_numbers(low, high, int(max(3, min(height / (3.5 * sizes.text), 9))))
        labels = tick_labels(ticks)
        left = sizes.pad + max(map(frame.ruler, labels), default=0.0) + self._tick_pad
        left += LINE * sizes.text + sizes.gap if beside or self.with_severity else 0.0
        top = frame.top
        values = self._axes(left, top, height, (low, high), (ticks, labels))
        if beside:
            self._write_beside(value_label, top + height / 2)
        if not self.with_severity:
            self._label_across(values)
            return values, None
        values.tick_params(axis="x", length=0, labelbottom=False)
        top += height + self._between
        severity = self._axes(left, top, self._severity_height, (0.0, 1.0), ([0.0, 0.5, 1.0], ["0", "0.5", "1"]))
        self._write_beside(_SEVERITY, top + self._severity_height / 2)
        self._label_across(severity)
        return values, severity

    @property
    def _room(self) -> float:
        """The height that is left for the panels."""
        return self._frame.sizes.height - self._frame.top - self.below

    @property
    def _severity_height(self) -> float:
        most = _MOST_FOR_SEVERITY * self._frame.sizes.scale
        return max(min(_SEVERITY_SHARE * self._room, most), 1.2 * self._frame.ruler(_SEVERITY))

    @property
    def _between(self) -> float:
        return 1.5 * self._frame.sizes.text

    @property
    def _tick_pad(self) -> float:
        """From the axes to the labels of their ticks."""
        return self._frame.sizes.gap

    def _axes(
        self, left: float, top: float, height: float, ends: tuple[float, float], ticks: tuple[list[float], list[str]]
    ) -> Axes:
        """Axes at pixels from the left and from the top."""
        frame, sizes, theme = self._frame, self._frame.sizes, self._frame.theme
        width = max(sizes.width - left - max(sizes.pad, frame.ruler("00:00:00") / 2), 1.0)
        bottom = sizes.height - top - height
        place = (left / sizes.width, bottom / sizes.height, width / sizes.width, height / sizes.height)
        axes = frame.figure.add_axes(place)
        axes.patch.set_visible(False)
        axes.set_xlim(self._abscissa.low, self._abscissa.high)
        axes.set_ylim(*ends)
        axes.set_xticks([])
        axes.set_yticks(*ticks)
        hair = 0.8 * sizes.scale
        axes.tick_params(axis="y", length=0, pad=self._tick_pad * 72 / DPI, labelcolor=theme.text)
        axes.grid(axis="y", color=theme.grid, linewidth=hair)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set(color=theme.axis, linewidth=hair)
        for label in axes.get_yticklabels():
            label.set(fontproperties=frame.font, parse_math=False)
        return axes

    def _label_across(self, axes: Axes) -> None:
        """Ticks and words beneath the lowest axes."""
        frame, sizes, abscissa = self._frame, self._frame.sizes, self._abscissa
        box = axes.get_position()
        left, width = box.x0 * sizes.width, box.width * sizes.width
        bottom = sizes.height - self.below
        ticks = abscissa.ticks(lambda label: max(2, int(width / (_APART * frame.ruler(label)))))
        axes.set_xticks([tick.at for tick in ticks], [tick.label for tick in ticks])
        mark = 0.5 * self._tick_pad
        pad = (self._tick_pad - mark) * 72 / DPI
        colors = {"color": frame.theme.axis, "labelcolor": frame.theme.text}
        axes.tick_params(axis="x", length=mark * 72 / DPI, width=0.8 * sizes.scale, pad=pad, **colors)
        for label in axes.get_xticklabels():
            label.set(fontproperties=frame.font, parse_math=False)
        for tick in ticks:
            x = left + width * (tick.at - abscissa.low) / (abscissa.high - abscissa.low)
            # A date is wider than the time above it, and may stand at the very end.
            x = min(x, sizes.width - 0.3 * sizes.pad - frame.ruler(tick.context) / 2)
            frame.write(tick.context, x, bottom + self._tick_pad + LINE * sizes.text, ha="center")
        muted: dict[str, Any] = {"color": frame.theme.muted}
        frame.write(abscissa.label, left + width / 2, sizes.height - sizes.pad, ha="center", va="bottom", **muted)

    def _write_beside(self, words: str, middle: float) -> None:
        color = self._frame.theme.muted
        self._frame.write(words, self._frame.sizes.pad, middle, va="center", rotation=90, color=color)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    ticks = np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    return [float(tick) for tick in ticks if low <= tick <= high]
