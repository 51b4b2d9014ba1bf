"""What a caller says about the picture it wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Format = Literal["png", "svg"]
ThemeName = Literal["light", "dark"]

SMALLEST_SIDE: Final = 320
"""The smallest width and height, in pixels, at which the words are still legible."""

LARGEST_SIDE: Final = 4096
"""The largest width and height, in pixels; a square of it takes 67 MB of memory to draw."""


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """The words and the shape of one picture.

    Attributes:
        title: the first line, such as the series and the version; drawn as it is, never read as markup.
        format: ``png`` or ``svg``.
        width: pixels, from ``SMALLEST_SIDE`` to ``LARGEST_SIDE``.
        height: pixels, likewise. For SVG both are CSS pixels.
        theme: ``light`` or ``dark``.

    Raises:
        ValueError: if a side is outside its range.
    """

    title: str
    format: Format = "png"
    width: int = 1200
    height: int = 600
    theme: ThemeName = "light"

    def __post_init__(self) -> None:
        for side, pixels in (("width", self.width), ("height", self.height)):
            if not SMALLEST_SIDE <= pixels <= LARGEST_SIDE:
                raise ValueError(f"{side} must be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels, got {pixels}")
