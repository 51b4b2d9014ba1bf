"""Judging a series as Azure Anomaly Detector did: every point of it, its last point, or where its trend changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.retrospective.change_points import find_changes
from tidewatch.detectors.retrospective.whole_series import judge_last, judge_whole
from tidewatch.series.granularity import Filled

_SPREADS_OF_A_MARGIN: Final = 0.7
"""A margin is the width of the band at sensitivity 99; at the default of 95 it is five of them, 3.5 spreads."""


@dataclass(frozen=True, slots=True, eq=False)
class AzureSeries:
    """A series on its grid.

    Attributes:
        values: float64, shape (n,), as they were sent.
        filled: the series without gaps.
        period: in points; 0 for none, None to look for one.
    """

    values: NDArray[np.float64]
    filled: Filled
    period: int | None


@dataclass(frozen=True, slots=True, eq=False)
class EntireDetection:
    """The judgement of n points; every array has shape (n,).

    Attributes:
        period: the season, in points; 0 if there is none.
        expected: float64, what was expected.
        margin: the width of the band on each side at sensitivity 99.
        anomaly, negative, positive: bool, whether the point is unusual, and below or above what was expected.
        severity: float64, 0 to 1, 0 where there is no anomaly.
    """

    period: int
    expected: NDArray[np.float64]
    margin: float
    anomaly: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    severity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LastDetection:
    """The judgement of the last point; attributes as in :class:`EntireDetection`, of one point.

    Attributes:
        window: how many points a series should have for this.
    """

    period: int
    window: int
    expected: float
    margin: float
    anomaly: bool
    negative: bool
    positive: bool
    severity: float


@dataclass(frozen=True, slots=True, eq=False)
class ChangePointDetection:
    """Where the trend of n points changes.

    Attributes:
        period: the season, in points; 0 if there is none.
        is_change: bool, shape (n,).
        confidence: float64, shape (n,), 0 to 1.
    """

    period: int
    is_change: NDArray[np.bool_]
    confidence: NDArray[np.float64]


def detect_entire(series: AzureSeries, *, sensitivity: int, max_anomaly_ratio: float) -> EntireDetection:
    """Judges every point by the points around it.

    Args:
        series: the series.
        sensitivity: 0 to 99; the band is ``100 - sensitivity`` margins wide on each side.
        max_anomaly_ratio: the largest share of points that are called anomalies; the farthest from the band stay.
    """
    found = judge_whole(series.filled.values, series.period)
    expected = found.expected[series.filled.given]
    margin = _SPREADS_OF_A_MARGIN * found.spread
    residual = series.values - expected
    anomaly = np.abs(residual) > (100 - sensitivity) * margin
    most = int(max_anomaly_ratio * series.values.size)
    if np.count_nonzero(anomaly) > most:
        anomaly[np.argsort(-np.abs(residual), kind="stable")[most:]] = False
    return EntireDetection(
        period=found.period or 0,
        expected=expected,
        margin=margin,
        anomaly=anomaly,
        negative=anomaly & (residual < 0),
        positive=anomaly & (residual > 0),
        severity=np.where(anomaly, found.severity[series.filled.given], 0.0),
    )


def detect_last(series: AzureSeries, *, sensitivity: int) -> LastDetection:
    """Judges the last point by those before it; ``sensitivity`` as in :func:`detect_entire`."""
    found = judge_last(series.filled.values, series.period)
    residual = float(series.values[-1]) - found.expected
    margin = _SPREADS_OF_A_MARGIN * found.spread
    anomaly = abs(residual) > (100 - sensitivity) * margin
    return LastDetection(
        period=found.period or 0,
        window=found.window,
        expected=found.expected,
        margin=margin,
        anomaly=anomaly,
        negative=anomaly and residual < 0,
        positive=anomaly and residual > 0,
        severity=found.severity if anomaly else 0.0,
    )


def detect_change_points(series: AzureSeries, *, window: int, threshold: float) -> ChangePointDetection:
    """Looks for changes of the trend.

    Args:
        series: the series.
        window: how many points on either side a change must hold for.
        threshold: 0 to 1; the lower, the fewer changes are found.
    """
    found = find_changes(
        series.filled.values, period=series.period, window=window, least_confidence=1.0 - 0.1 * threshold
    )
    given = series.filled.given
    return ChangePointDetection(found.period or 0, found.is_change[given], found.confidence[given])
