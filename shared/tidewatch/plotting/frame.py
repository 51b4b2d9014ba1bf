"""The frame of the picture: words at the top, and the legend beneath them.

All is laid out by hand in pixels from measured text: it is quicker than matplotlib's own layout, which draws everything
twice, and it can shorten words where that cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from tidewatch.plotting.fitting import DPI, Ruler, font, wrap_facts, wrap_shortened
from tidewatch.plotting.sizes import LINE, Sizes
from tidewatch.plotting.themes import Theme

_HANDLE: Final = 2.0
_AFTER_HANDLE: Final = 0.6
_BETWEEN_ENTRIES: Final = 1.8
"""Lengths in the legend, in heights of its font."""

_LEAST_FOR_PANELS: Final = 0.4
"""The share of the picture's height that the legend must leave to the panels."""


class Frame:
    """A figure under construction, filled from the top.

    Attributes:
        figure: what is under construction.
        top: where there is room, in pixels from the top.
        ruler: measures words of the picture's font.
    """

    def __init__(self, sizes: Sizes, theme: Theme) -> None:
        self.figure = Figure(figsize=(sizes.width / DPI, sizes.height / DPI), dpi=DPI, facecolor=theme.background)
        self.top = sizes.pad
        self.sizes, self.theme = sizes, theme
        self.font = font(sizes.text)
        self.ruler = Ruler(self.font)

    def write_header(self, title: str, facts: Sequence[str]) -> None:
        """The title on up to two lines, shortened in its middle if need be, and the facts beneath it."""
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
        """The legend, most important entries first: on two lines if the panels then still get their share, else on one.

        Entries for which there is no room are left out.

        Args:
            handles: one a layer, with its label.
            below: the height beneath the panels that is taken, in pixels.
        """
        sizes = self.sizes
        for row in self._legend_rows(handles)[:2]:
            left_for_panels = sizes.height - self.top - LINE * sizes.text - sizes.gap - below
            if left_for_panels < _LEAST_FOR_PANELS * sizes.height:
                break
            legend = self.figure.legend(
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
            for text in legend.get_texts():
                text.set_parse_math(False)
            self.top += LINE * sizes.text
        self.top += sizes.gap

    def write_above_panels(self, words: str) -> None:
        """Words for which there is no room beside what they are of."""
        for line in wrap_shortened(words, self._room, 2, self.ruler):
            self.write(line, self.sizes.pad, self.top, color=self.theme.muted)
            self.top += LINE * self.sizes.text
        self.top += self.sizes.gap

    def write(self, words: str, x: float, y: float, **style: Any) -> None:
        """Text at pixels from the left and from the top; its top is there unless ``va`` says otherwise."""
        if words:
            style = {"fontproperties": self.font, "color": self.theme.text, "va": "top", **style}
            self.figure.text(x / self.sizes.width, 1 - y / self.sizes.height, words, parse_math=False, **style)

    @property
    def _room(self) -> float:
        """The width between the pads."""
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
