"""What there is to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import DetectorOptions, Scores
from tidewatch.detectors.events import Event
from tidewatch.series import TimeSeries


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A series and how a detector judged it.

    Attributes:
        series: n points.
        scores: of every one of them, such as ``model.review(series)`` gives.
        events: what the anomalies were merged to, in order.
        options: of the detector, for the words.
        period: the season that the detector found, in points; None if it knows of none.
        has_times: whether the timestamps are times; if not they are not looked at, and points stand by their index.
    """

    series: TimeSeries
    scores: Scores
    events: Sequence[Event]
    options: DetectorOptions
    period: int | None = None
    has_times: bool = True

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where each point stands from left to right, shape (n,): its Unix second, or its index."""
        return self.series.timestamps if self.has_times else np.arange(len(self.series))
