"""Words that fit: measuring, wrapping and shortening text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

DPI: Final = 96
"""Dots per inch, at which an inch is as many pixels as CSS says, and every whole size comes out exact."""

_ELLIPSIS: Final = "…"
_BREAK_AFTER: Final = ".-_:/ "


def font(pixels: float, *, bold: bool = False) -> FontProperties:
    """The font of the picture at a height in pixels."""
    return FontProperties(size=pixels * 72 / DPI, weight="bold" if bold else "normal")


class Ruler:
    """Measures text of one font, in pixels, without drawing it."""

    def __init__(self, properties: FontProperties) -> None:
        self._properties = properties
        self._renderer = RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]

    def __call__(self, text: str) -> float:
        """The width of one line."""
        measure = self._renderer.get_text_width_height_descent
        width, _, _ = measure(text, self._properties, ismath=False)  # type: ignore[no-untyped-call]
        return float(width)


def wrap_shortened(text: str, width: float, most_lines: int, ruler: Callable[[str], float]) -> list[str]:
    """One long word on a few lines, with its middle left out if that is still too long.

    Args:
        text: breaks preferably after ``. - _ : /`` and spaces, but anywhere if need be.
        width: pixels of a line.
        most_lines: at least 1.
        ruler: gives the pixels of a text.
    """
    lines = _wrap_anywhere(text, width, ruler)
    if len(lines) <= most_lines:
        return lines
    fits, too_many = 0, len(text)
    while too_many - fits > 1:
        kept = (fits + too_many) // 2
        if len(_wrap_anywhere(_without_middle(text, kept), width, ruler)) <= most_lines:
            fits = kept
        else:
            too_many = kept
    return _wrap_anywhere(_without_middle(text, fits), width, ruler)[:most_lines]


def wrap_facts(facts: Sequence[str], width: float, ruler: Callable[[str], float]) -> list[str]:
    """Short facts set beside each other while they fit; one too long for a line takes two at the most."""
    lines: list[str] = []
    for fact in facts:
        joined = f"{lines[-1]}  ·  {fact}" if lines else fact
        if lines and ruler(joined) <= width:
            lines[-1] = joined
        else:
            lines += wrap_shortened(fact, width, 2, ruler)
    return lines


def _without_middle(text: str, kept: int) -> str:
    head, tail = (kept + 1) // 2, kept // 2
    return text[:head] + _ELLIPSIS + text[len(text) - tail :]


def _wrap_anywhere(text: str, width: float, ruler: Callable[[str], float]) -> list[str]:
    lines = []
    while ruler(text) > width and len(text) > 1:
        fits, too_long = 1, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if ruler(text[:middle]) <= width:
                fits = middle
            else:
                too_long = middle
        natural = max(text.rfind(mark, 0, fits) + 1 for mark in _BREAK_AFTER)
        # A break at a mark is nicer, but not at the price of a line that is mostly empty.
        cut = natural if natural > fits // 2 else fits
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]
