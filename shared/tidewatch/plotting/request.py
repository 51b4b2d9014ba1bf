"""What a caller passes in: a judged series, and how its picture should look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import DetectorOptions, Event, Scores
from tidewatch.series import UTC_NAME, TimeSeries

Format = Literal["png", "svg"]
ThemeName = Literal["light", "dark"]

SMALLEST_SIDE: Final = 320
"""The smallest width and height, in pixels, at which the words are still legible."""

LARGEST_SIDE: Final = 4096
"""The largest width and height, in pixels; a square of this size takes 67 MB of memory to draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A series and how a detector judged it.

    Attributes:
        series: n points.
        scores: one for each point, as ``model.review(series)`` returns them.
        events: the events that the anomalies were merged into, in order.
        options: the detector's options, for the words beneath the title.
        period: the season that the detector found, in points; None if it found none.
        timezone: the IANA time zone that times are shown in.
        has_times: False if the series has no real timestamps. Points are then placed by index.
    """

    series: TimeSeries
    scores: Scores
    events: Sequence[Event]
    options: DetectorOptions
    period: int | None = None
    has_times: bool = True
    timezone: str = UTC_NAME

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where each point stands from left to right, shape (n,): its Unix second, or its index."""
        return self.series.timestamps if self.has_times else np.arange(len(self.series))


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """The title and the format of one picture.

    Attributes:
        title: the first line, such as the series and the version; drawn literally, never read as markup.
        format: ``png`` or ``svg``.
        width: in pixels, from ``SMALLEST_SIDE`` to ``LARGEST_SIDE``; CSS pixels for SVG.
        height: likewise.
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
