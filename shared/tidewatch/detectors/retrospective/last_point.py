"""Judging the newest point of a series that nobody trained a model on.

The season is taken away, and the straight line through the last points is drawn on by one. How far usual points are
from such a line is measured on the points before.

Source: the line by the median of slopes, P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau
(1968), Journal of the American Statistical Association 63(324).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tidewatch.detectors.base import Floats
from tidewatch.detectors.retrospective.regular import Strays, decompose_robustly, period_of
from tidewatch.detectors.units import Units

_LONGEST_LINE: Final = 24
_MOST_TRIALS: Final = 500


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
    units = Units.of(before)
    scaled = units.scale(before)
    found = period_of(scaled, period)
    season = decompose_robustly(scaled, found).season if found else np.zeros(scaled.size)
    level = scaled - season
    length = min(_LONGEST_LINE, max(level.size // 2, 3))
    trials = sliding_window_view(level, length)[-_MOST_TRIALS - 1 :]
    drawn = _drawn_on(trials)
    residual = np.abs(level[level.size - drawn.size + 1 :] - drawn[:-1])
    strays = Strays.of(residual, scaled)
    expected = float(drawn[-1]) + (float(season[season.size - found]) if found else 0.0)
    distance = np.abs(units.scale(values[-1:]) - expected)
    return LastPoint(
        found,
        units.unscale_value(expected),
        units.unscale_length(strays.spread),
        float(strays.severity(distance)[0]),
        max(4 * (found or 0), _LONGEST_LINE) + 1,
    )


def _drawn_on(windows: Floats) -> Floats:
    """The next value of the line through each row, shape (rows,)."""
    size = windows.shape[1]
    first, second = np.triu_indices(size, 1)
    slopes = np.median((windows[:, second] - windows[:, first]) / (second - first), axis=1)
    middles = np.median(windows - slopes[:, None] * np.arange(size), axis=1)
    drawn: Floats = middles + slopes * size
    return drawn
