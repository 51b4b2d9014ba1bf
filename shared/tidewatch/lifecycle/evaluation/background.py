"""A series without its anomalies, roughly: its level, its season, and the scale of what these leave.

It says how large an injected anomaly is to be. A spike of eight standard deviations of a series with a strong season
would be seen by anyone; one of eight standard deviations of what the season leaves is what detectors are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tidewatch.detectors.robust import RobustScaler, robust_scale
from tidewatch.detectors.seasonal.period import autocorrelation, find_period

Floats = NDArray[np.float64]

_WINDOW: Final = 25
_CYCLES: Final = 3
"""A season is one if the data has so many of it, and they are alike."""
_ALIKE: Final = 0.3
_LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What is usual at each of n points.

    Attributes:
        level: float64, shape (n,), without the season.
        season: float64, shape (n,); all 0 if there is none.
        period: of the season, in points; None if there is none.
        scale: the robust standard deviation of the rest, above 0.
    """

    level: Floats
    season: Floats
    period: int | None
    scale: float

    @property
    def usual(self) -> Floats:
        """Level and season together."""
        return self.level + self.season


def background(timestamps: NDArray[np.int64], values: Floats) -> Background:
    """The background of a series.

    The level is the running mean over one season of winsorised values, or a running median where there is no season;
    the season is the median of what that leaves, by place in the period.

    Args:
        timestamps: Unix seconds, shape (n,), n at least 2.
        values: shape (n,), NaN where one is missing.
    """
    known = _filled(values)
    scaler = RobustScaler(known)
    period = _period(timestamps, scaler.transform(known))
    if period is None:
        level = _running_median(known)
        season = np.zeros(known.size)
    else:
        # Winsorised: a wild value would lift a whole period.
        level = _running_mean(scaler.centre + scaler.spread * scaler.transform(known), period)
        phase = np.arange(known.size) % period
        rest = known - level
        season = np.array([np.median(rest[phase == place]) for place in range(period)])[phase]
    return Background(level, season, period, robust_scale(known - level - season, scaler.floor))


def _filled(values: Floats) -> Floats:
    """With the median in place of what is missing."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    return np.where(missing, 0.0 if missing.all() else np.nanmedian(values), values)


def _period(timestamps: NDArray[np.int64], values: Floats) -> int | None:
    """The season of winsorised values, in points; None if its cycles are not alike."""
    longest = min(values.size // _CYCLES, _LONGEST)
    if longest < 2:
        return None
    period = find_period(timestamps, values, longest)
    if period < 2:
        return None
    # Of changes over a season's part, so that a trend is no season.
    rest = values - _running_mean(values, period)
    correlation = autocorrelation(rest)
    return period if period < correlation.size and correlation[period] > _ALIKE else None


def _running_mean(values: Floats, window: int) -> Floats:
    """About each point, shape (n,); at either end of as many as there are."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(values.size)
    first = np.maximum(places - window // 2, 0)
    end = np.minimum(first + window, values.size)
    first = np.maximum(end - window, 0)
    mean: Floats = (total[end] - total[first]) / (end - first)
    return mean


def _running_median(values: Floats) -> Floats:
    window = min(_WINDOW, values.size if values.size % 2 else values.size - 1)
    padded = np.pad(values, window // 2, mode="edge")
    median: Floats = np.median(sliding_window_view(padded, window), axis=1)
    return median
