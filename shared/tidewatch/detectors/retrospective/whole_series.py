"""Judging a series that nobody trained a model on: every point by those around it, or the newest by those before it.

:func:`judge_whole` looks back over what happened, so it uses the points after each point too. :func:`judge_last` takes
the season away and continues the straight line through the last points by one step. How far usual points are from such
a line is measured on the points before.

Sources: the season and trend by STL, Cleveland, Cleveland, McRae, Terpenning (1990), with its robust iterations;
without a season, the moving median, J. Tukey, Exploratory Data Analysis (1977), chapter 7; the line by the median of
slopes, P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau (1968), Journal of the American
Statistical Association 63(324).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tidewatch.detectors.base import Floats
from tidewatch.detectors.retrospective.decomposition import Residuals, decompose_robustly, period_of
from tidewatch.detectors.units import Units

_WIDEST: Final = 51
_LONGEST_LINE: Final = 24
_MOST_TRIALS: Final = 500


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
    units = Units.of_usual(values)
    scaled = units.scale(values)
    found = period_of(scaled, period)
    expected = expectation(scaled, found)
    distances = np.abs(scaled - expected)
    usual = Residuals.of(distances, scaled)
    return WholeSeries(found, units.unscale(expected), units.unscale_length(usual.spread), usual.severity(distances))


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


@dataclass(frozen=True, slots=True)
class LastPoint:
    """What was expected of the newest point.

    Attributes:
        period: in points; None if there is no season.
        expected: in the unit of the series.
        spread: the standard deviation of usual points about such an expectation, in the unit of the series.
        severity: 0 to 1, on the scale of all detectors.
        window: how many points a series should have for this judgement.
    """

    period: int | None
    expected: float
    spread: float
    severity: float
    window: int


def judge_last(values: Floats, period: int | None = None) -> LastPoint:
    """Expects the last value by all before it.

    Args:
        values: float64, shape (n,), finite, at regular steps, n at least 6.
        period: in points, at least 2; None to look for one. Ignored where the series has not two of it.
    """
    before, last = values[:-1], float(values[-1])
    if before.min() == before.max():
        severity = 0.0 if last == before[0] else 1.0
        return LastPoint(None, float(before[0]), 0.0, severity, _LONGEST_LINE + 1)
    units = Units.of_usual(before)
    scaled = units.scale(before)
    found = period_of(scaled, period)
    season = decompose_robustly(scaled, found).season if found else np.zeros(scaled.size)
    level = scaled - season
    length = min(_LONGEST_LINE, max(level.size // 2, 3))
    trials = sliding_window_view(level, length)[-_MOST_TRIALS - 1 :]
    following = _next_on_line(trials)
    usual = Residuals.of(np.abs(level[level.size - following.size + 1 :] - following[:-1]), scaled)
    expected = float(following[-1]) + (float(season[season.size - found]) if found else 0.0)
    distance = np.abs(units.scale(values[-1:]) - expected)
    return LastPoint(
        found,
        units.unscale_value(expected),
        units.unscale_length(usual.spread),
        float(usual.severity(distance)[0]),
        max(4 * (found or 0), _LONGEST_LINE) + 1,
    )


def _next_on_line(windows: Floats) -> Floats:
    """The next value of the line through each row, shape (rows,)."""
    size = windows.shape[1]
    first, second = np.triu_indices(size, 1)
    slopes = np.median((windows[:, second] - windows[:, first]) / (second - first), axis=1)
    middles = np.median(windows - slopes[:, None] * np.arange(size), axis=1)
    following: Floats = middles + slopes * size
    return following
