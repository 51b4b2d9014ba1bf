"""Judging a whole series at once: every point by the points around it, those after it too.

For looking back over what happened. What a monitoring client asks, whether the newest point is unusual, is another
question: the catalogue's detectors answer it by what came before.

Source: the season and trend by STL, Cleveland, Cleveland, McRae, Terpenning (1990), with its robust iterations; without
a season, the moving median, J. Tukey, Exploratory Data Analysis (1977), chapter 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tidewatch.detectors.base import Floats
from tidewatch.detectors.retrospective.regular import Strays, decompose_robustly, period_of
from tidewatch.detectors.units import Units

_WIDEST: Final = 51


@dataclass(frozen=True, slots=True, eq=False)
class WholeSeries:
    """What was expected of n points.

    Attributes:
        period: in points; None if there is no season.
        expected: float64, shape (n,), in the unit of the series.
        spread: the standard deviation of usual points about it, estimated robustly, in the unit of the series.
        severity: float64, shape (n,), 0 to 1, on the scale of all detectors.
    """

    period: int | None
    expected: Floats
    spread: float
    severity: Floats


def judge_whole(values: Floats, period: int | None = None) -> WholeSeries:
    """Expects each point by the season and the points around it.

    Args:
        values: float64, shape (n,), finite, at regular steps, n at least 5.
        period: in points, at least 2; None to look for one. Ignored where the series has not two of it.
    """
    if values.min() == values.max():
        return WholeSeries(None, values.copy(), 0.0, np.zeros(values.size))
    units = Units.of(values)
    scaled = units.scale(values)
    found = period_of(scaled, period)
    expected = expectation(scaled, found)
    residual = np.abs(scaled - expected)
    strays = Strays.of(residual, scaled)
    return WholeSeries(found, units.unscale(expected), units.unscale_length(strays.spread), strays.severity(residual))


def expectation(values: Floats, period: int | None) -> Floats:
    """Season and trend of each point, or the median of those around it, shape (n,)."""
    if period is None:
        return moving_median(values)
    parts = decompose_robustly(values, period)
    smooth: Floats = parts.season + parts.trend
    return smooth


def moving_median(values: Floats) -> Floats:
    """The median of the points around each, over a tenth of the series and at most 51 points; mirrored at its ends."""
    half = max(min(values.size // 10, _WIDEST) // 2, 2)
    mirrored = np.pad(values, half, mode="reflect")
    medians: Floats = np.median(sliding_window_view(mirrored, 2 * half + 1), axis=1)
    return medians
