"""Where things go: title, facts and legend at the top, then the panels, in pixels from measured text.

matplotlib's own layout engines draw the picture twice, and they cannot shorten words or leave out what has no room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.style import DPI, LINE, Sizes, Theme
from tidewatch.plotting.text import Ruler, font, wrap_facts, wrap_shortened
from tidewatch.plotting.value_axis import value_ticks

_HANDLE: Final = 2.0
_AFTER_HANDLE: Final = 0.6
_BETWEEN_ENTRIES: Final = 1.8
"""Lengths in the legend, in heights of its font."""

_LEAST_FOR_PANELS: Final = 0.4
"""The share of the picture's height that the legend must leave to the panels."""

_SEVERITY: Final = "severity"
_SEVERITY_SHARE: Final = 0.2
"""The share of the panels' height that the severity panel takes."""

_MOST_FOR_SEVERITY: Final = 160
"""The severity panel's largest height, in pixels of a picture of the usual size; a taller one would show no more."""

_LEAST_FOR_VALUES: Final = 190
"""The height that must be left for the values beside severity and two lines of legend, in the same pixels."""


class Frame:
    """A figure that is filled from the top.

    Attributes:
        figure: the figure.
        top: where the free room begins, in pixels from the top.
        ruler: measures words in the picture's font.
    """

    def __init__(self, sizes: Sizes, theme: Theme) -> None:
        self.figure = Figure(figsize=(sizes.width / DPI, sizes.height / DPI), dpi=DPI, facecolor=theme.background)
        self.top = sizes.pad
        self.sizes, self.theme = sizes, theme
        self.font = font(sizes.text)
        self.ruler = Ruler(self.font)

    def write_header(self, title: str, facts: Sequence[str]) -> None:
        """Writes the title on up to two lines, shortened in its middle if need be, and the facts beneath it."""
        sizes, heading = self.sizes, font(self.sizes.title, bold=True)
        for line in wrap_shortened(title, self._room, 2, Ruler(heading)):
            self.write(line, sizes.pad, self.top, fontproperties=heading, color=self.theme.text)
            self.top += LINE * sizes.title
        self.top += 0.2 * sizes.gap
        for line in wrap_facts(facts, self._room, self.ruler):
            self.write(line, sizes.pad, self.top, color=self.theme.muted)
            self.top += LINE * sizes.text
        self.top += sizes.gap

    def write_legend(self, handles: Sequence[Artist], below: float) -> None:
        """Writes the legend on up to two lines, and leaves out entries for which there is no room.

        Args:
            handles: one labelled entry for each layer, the most important first.
            below: the height beneath the panels that is taken, in pixels.
        """
        sizes = self.sizes
        for row in self._legend_rows(handles)[:2]:
            left_for_panels = sizes.height - self.top - LINE * sizes.text - sizes.gap - below
            if left_for_panels < _LEAST_FOR_PANELS * sizes.height:
                break
            self.figure.legend(
                handles=row,
                loc="upper left",
                bbox_to_anchor=(sizes.pad / sizes.width, 1 - self.top / sizes.height),
                ncols=len(row),
                prop=self.font,
                frameon=False,
                borderpad=0,
                borderaxespad=0,
                handlelength=_HANDLE,
                handletextpad=_AFTER_HANDLE,
                columnspacing=_BETWEEN_ENTRIES,
                labelcolor=self.theme.text,
            )
            self.top += LINE * sizes.text
        self.top += sizes.gap

    def write_above_panels(self, words: str) -> None:
        """Writes the label of an axis for which there is no room beside the axis."""
        for line in wrap_shortened(words, self._room, 2, self.ruler):
            self.write(line, self.sizes.pad, self.top, color=self.theme.muted)
            self.top += LINE * self.sizes.text
        self.top += self.sizes.gap

    def write(self, words: str, x: float, y: float, **style: Any) -> None:
        """Writes text at pixels from the left and from the top; ``y`` is its upper edge unless ``va`` is given."""
        style = {"fontproperties": self.font, "color": self.theme.text, "va": "top", **style}
        self.figure.text(x / self.sizes.width, 1 - y / self.sizes.height, words, **style)

    def add_axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without ticks at pixels from the left and from the top, with nothing but a line at the bottom."""
        sizes = self.sizes
        bottom = sizes.height - top - height
        place = (left / sizes.width, bottom / sizes.height, width / sizes.width, height / sizes.height)
        axes = self.figure.add_axes(place)
        axes.patch.set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set(color=self.theme.axis, linewidth=sizes.hairline)
        return axes

    def label_across(self, axes: Axes, axis: HorizontalAxis) -> None:
        """Adds the ticks of the horizontal axis and their labels."""
        sizes, theme = self.sizes, self.theme
        locator, formatter = axis.ticks(axes.get_position().width * sizes.width, self.ruler)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(formatter)
        style: dict[str, Any] = {"color": theme.axis, "labelcolor": theme.text, "labelsize": self.font.get_size()}
        pad = sizes.gap / 2 * 72 / DPI
        axes.tick_params(axis="x", length=pad, pad=pad, width=sizes.hairline, **style)
        axes.xaxis.get_offset_text().set(color=theme.muted, fontproperties=self.font)

    @property
    def _room(self) -> float:
        """The width between the margins."""
        return self.sizes.width - 2 * self.sizes.pad

    def _legend_rows(self, handles: Sequence[Artist]) -> list[list[Artist]]:
        rows: list[list[Artist]] = []
        taken = 0.0
        for handle in handles:
            width = (_HANDLE + _AFTER_HANDLE) * self.sizes.text + self.ruler(str(handle.get_label()))
            if width > self._room:
                continue
            if not rows or taken + width > self._room:
                rows.append([])
                taken = 0.0
            rows[-1].append(handle)
            taken += width + _BETWEEN_ENTRIES * self.sizes.text
        return rows


class Panels:
    """The panels in the room that the words leave: values above, severity beneath, one horizontal axis."""

    def __init__(self, frame: Frame, axis: HorizontalAxis, *, with_severity: bool) -> None:
        self._frame, self._axis = frame, axis
        legend = 2 * LINE * frame.sizes.text + frame.sizes.gap
        left = self._room - legend - self._severity_height - self._between
        self.with_severity = with_severity and left >= _LEAST_FOR_VALUES * frame.sizes.scale

    @property
    def below(self) -> float:
        """The height of tick labels, the axis' own label and the margin, in pixels."""
        return self._frame.sizes.gap + 2 * LINE * self._frame.sizes.text + self._frame.sizes.pad

    def add(self, low: float, high: float, value_label: str) -> tuple[Axes, Axes | None]:
        """Adds axes for values from low to high, and axes for severity if there is room for them."""
        frame, sizes = self._frame, self._frame.sizes
        taken = self._severity_height + self._between if self.with_severity else 0.0
        beside = frame.ruler(value_label) <= self._room - taken
        if not beside:
            frame.write_above_panels(value_label)
        height = max(self._room - taken, 1.0)
        ticks, labels = value_ticks(low, high, int(max(3, min(height / (3.5 * sizes.text), 9))))
        left = sizes.pad + max(map(frame.ruler, labels), default=0.0) + sizes.gap
        left += LINE * sizes.text + sizes.gap if beside or self.with_severity else 0.0
        top = frame.top
        values = self._axes(left, top, height, (low, high), (ticks, labels))
        if beside:
            self._write_beside(value_label, top + height / 2)
        severity = None
        if self.with_severity:
            top += height + self._between
            ends, ticks, labels = (0.0, 1.0), [0.0, 0.5, 1.0], ["0", "0.5", "1"]
            severity = self._axes(left, top, self._severity_height, ends, (ticks, labels))
            self._write_beside(_SEVERITY, top + self._severity_height / 2)
        frame.label_across(severity or values, self._axis)
        middle = left + values.get_position().width * sizes.width / 2
        style = {"ha": "center", "va": "bottom", "color": frame.theme.muted}
        frame.write(self._axis.label, middle, sizes.height - sizes.pad, **style)
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

    def _axes(
        self, left: float, top: float, height: float, ends: tuple[float, float], ticks: tuple[list[float], list[str]]
    ) -> Axes:
        frame, sizes, theme = self._frame, self._frame.sizes, self._frame.theme
        width = max(sizes.width - left - max(sizes.pad, frame.ruler("00:00") / 2), 1.0)
        axes = frame.add_axes(left, top, width, height)
        axes.set_xlim(self._axis.low, self._axis.high)
        axes.set_ylim(*ends)
        axes.set_yticks(*ticks)
        style: dict[str, Any] = {"labelcolor": theme.text, "labelsize": frame.font.get_size()}
        axes.tick_params(axis="y", length=0, pad=sizes.gap * 72 / DPI, **style)
        axes.grid(axis="y", color=theme.grid, linewidth=sizes.hairline)
        axes.set_axisbelow(True)
        return axes

    def _write_beside(self, words: str, middle: float) -> None:
        color = self._frame.theme.muted
        self._frame.write(words, self._frame.sizes.pad, middle, va="center", rotation=90, color=color)
