"""Colours. They keep apart for the colour-blind: the series and its anomalies are blue and vermillion or orange.

Source of the hues: M. Okabe, K. Ito, Color Universal Design (2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tidewatch.plotting.request import ThemeName


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, each an sRGB hex string."""

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
