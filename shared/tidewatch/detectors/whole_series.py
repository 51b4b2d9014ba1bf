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
from numpy.typing import NDArray

from tidewatch.detectors.calibration import Calibration, severity_of
from tidewatch.detectors.loess import Loess
from tidewatch.detectors.season import find_season
from tidewatch.detectors.stl import Decomposition, decompose, default_windows, hold_to_medians
from tidewatch.detectors.units import Units
from tidewatch.series import Sampling

Floats = NDArray[np.float64]

NORMAL: Final = 1.4826  # the standard deviation of normal values whose median absolute deviation is 1
LEAST_SPREAD: Final = 1e-6
"""Of the range of the values: so much is rounding, where all but a few points are as expected."""
_WIDEST: Final = 51
_WINSOR: Final = 4.0
USUAL: Final = 5.0
"""Spreads, beyond which a point is no example of what is usual."""
_CYCLES: Final = 15
"""That a season is smoothed over."""
_JUMPS: Final = 10
"""Fits in a window; between them the curve is as good as straight."""


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
    found = period if period and 2 * period < values.size else None
    if period is None:
        found = season_of(scaled)
    expected = expectation(scaled, found)
    residual = np.abs(scaled - expected)
    spread = max(NORMAL * float(np.median(residual)), LEAST_SPREAD * float(np.ptp(scaled)))
    strangeness = residual / spread
    # Anomalies are in the series that they are judged by; they must not make each other usual.
    evidence = Calibration.of(strangeness[strangeness <= USUAL]).evidence(strangeness)
    return WholeSeries(found, units.unscale(expected), units.unscale_length(spread), severity_of(evidence))


def season_of(values: Floats) -> int | None:
    """The period of values at regular steps, shape (n,); None if there is none."""
    places = np.arange(values.size)
    centre = float(np.median(values))
    reach = _WINSOR * NORMAL * float(np.median(np.abs(values - centre)))
    winsorised = np.clip(values, centre - reach, centre + reach) if reach else values
    # A step of a week a point: no season of the calendar is assumed.
    return find_season(Sampling(7 * 86_400.0, 0, 1.0), places.astype(np.int64), winsorised)


def expectation(values: Floats, period: int | None) -> Floats:
    """Season and trend of each point, or the median of those around it, shape (n,)."""
    if period is None:
        return moving_median(values)
    parts = decompose_robustly(values, period)
    smooth: Floats = parts.season + parts.trend
    return smooth


def decompose_robustly(values: Floats, period: int) -> Decomposition:
    """STL of values at regular steps, shape (n,), n more than twice the period, unmoved by outliers.

    The season may change slowly if there are cycles enough to tell.
    """
    seasonal = Loess(_CYCLES) if values.size >= _CYCLES * period else None
    trend, low_pass = default_windows(period, _CYCLES if seasonal else None)
    return decompose(
        hold_to_medians(values, period),
        period,
        seasonal=seasonal,
        trend=Loess(trend, jump=max(trend // _JUMPS, 1)),
        low_pass=Loess(low_pass, jump=max(low_pass // _JUMPS, 1)),
        inner=2,
        outer=5,
    )


def moving_median(values: Floats) -> Floats:
    """The median of the points around each, over a tenth of the series and at most 51 points; mirrored at its ends."""
    half = max(min(values.size // 10, _WIDEST) // 2, 2)
    mirrored = np.pad(values, half, mode="reflect")
    medians: Floats = np.median(sliding_window_view(mirrored, 2 * half + 1), axis=1)
    return medians
