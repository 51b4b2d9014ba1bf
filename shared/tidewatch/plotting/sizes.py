"""Lengths in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LINE: Final = 1.35
"""Height of a line of text, in heights of its font."""


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
