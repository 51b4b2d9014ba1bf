"""Colours and lengths of the picture.

Colour-blind readers can tell the colours apart: the series is blue, its anomalies are vermillion or orange.
Source of the hues: M. Okabe, K. Ito, Color Universal Design (2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidewatch.plotting.request import ThemeName

DPI: Final = 96
"""Dots per inch. CSS uses the same number, and every whole size in pixels comes out exact."""

LINE: Final = 1.35
"""Height of a line of text, relative to its font."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, each a hex string in sRGB."""

    background: str
    text: str
    muted: str
    grid: str
    axis: str
    data: str
    band: str
    limit: str
    expected: str
    anomaly: str
    event: str
    waiting: str
    usual: str


THEMES: Final[Mapping[ThemeName, Theme]] = MappingProxyType(
    {
        "light": Theme(
            background="#ffffff",
            text="#1a1d21",
            muted="#50575e",
            grid="#d9dfe3",
            axis="#848c94",
            data="#0072b2",
            band="#e4f3ee",
            limit="#00795a",
            expected="#1a1d21",
            anomaly="#d55e00",
            event="#fbe3d1",
            waiting="#eceff1",
            usual="#b4bcc3",
        ),
        "dark": Theme(
            background="#14181d",
            text="#f0f3f5",
            muted="#aab3bb",
            grid="#2d363e",
            axis="#727d87",
            data="#56b4e9",
            band="#17302b",
            limit="#30c39c",
            expected="#f0f3f5",
            anomaly="#ff9a3c",
            event="#41301f",
            waiting="#22282f",
            usual="#56616b",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in pixels. Words shrink with the picture but stay legible."""

    width: int
    height: int
    scale: float

    @classmethod
    def of(cls, width: int, height: int) -> Sizes:
        """The lengths for a picture of this size."""
        return cls(width, height, max(min(width / 1200, height / 600), 0.75))

    @property
    def columns(self) -> int:
        """How many columns of data there is room for. Lines grow wider with the scale, and so do columns."""
        return math.ceil(self.width / max(self.scale, 1.0))

    @property
    def pad(self) -> float:
        """Margin around the content."""
        return 16 * self.scale

    @property
    def gap(self) -> float:
        """Space between neighbouring elements."""
        return 8 * self.scale

    @property
    def title(self) -> float:
        """Font size of the title."""
        return 18 * self.scale

    @property
    def text(self) -> float:
        """Font size of all other words."""
        return 13 * self.scale

    @property
    def hairline(self) -> float:
        """Width of grid lines and axes, in points."""
        return 0.8 * self.scale
