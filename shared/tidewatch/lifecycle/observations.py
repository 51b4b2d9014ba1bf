"""What was judged in production: by the champion, and by the challenger beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tidewatch.registry import SeriesKey
from tidewatch.series import Frame, TimeSeries

MOST_KEPT: Final = 1_000
"""Points of one prediction that are kept at the most, the last ones: it bounds what a prediction writes."""
MOST_VALUES_KEPT: Final = 8_000
"""Likewise values of rows: all rows of up to 8 variables, the last 80 of 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """How n points, or rows of many variables, were judged.

    Attributes:
        observed_at: when they were judged, in UTC.
        champion: the number of the version that decided.
        points: what was judged, n points or rows.
        p_value: float64, shape (n,), the champion's; NaN while it warms up.
        anomaly: bool, shape (n,), the champion's.
        challenger: the number of the version that judged beside it; None if none did.
        challenger_p_value, challenger_anomaly: the challenger's, likewise; empty without one.
    """

    observed_at: datetime
    champion: int
    points: TimeSeries | Frame
    p_value: NDArray[np.float64]
    anomaly: NDArray[np.bool_]
    challenger: int | None
    challenger_p_value: NDArray[np.float64]
    challenger_anomaly: NDArray[np.bool_]


def last_kept(judged: TimeSeries | Frame) -> TimeSeries | Frame:
    """What is kept of the points or rows of one prediction: the last ones."""
    if isinstance(judged, TimeSeries):
        return judged.last(MOST_KEPT)
    return judged.last(min(MOST_KEPT, MOST_VALUES_KEPT // len(judged.names)))


class ObservationStore(Protocol):
    """Observations and labels of all tenants' series, for some weeks. Methods may raise ``StorageUnavailable``."""

    def append(self, series: SeriesKey, observations: Observations) -> None:
        """Keeps observations; it reads nothing."""
        ...

    def since(self, series: SeriesKey, moment: datetime, most_points: int) -> list[Observations]:
        """Observations that were made from a moment on, in the order in which they were, up to so many points.

        Rows of more than 8 variables count for more, so that what is read stays within bounds.
        """
        ...

    def latest(self, series: SeriesKey, moment: datetime, most_points: int) -> list[Observations]:
        """The last so many points that were observed from a moment on, in the order in which they were.

        Rows count as in :meth:`since`.
        """
        ...

    def label(self, series: SeriesKey, labels: Mapping[int, bool]) -> None:
        """Keeps whether points were anomalies, by Unix seconds. A later label takes the place of an earlier one."""
        ...

    def labels(self, series: SeriesKey, start: int, end: int) -> dict[int, bool]:
        """The labels of points from a time to another, in Unix seconds, both included."""
        ...
