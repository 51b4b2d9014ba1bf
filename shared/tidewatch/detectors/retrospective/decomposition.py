"""What the judgements of a whole series at regular steps share: its units, its season, and the scale of residuals.

Source: season and trend by STL, R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning (1990), with its robust
iterations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.detectors.base import Floats
from tidewatch.detectors.robust import STD_PER_MAD
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.seasonal.stl import Decomposition, Loess, decompose, default_windows, hold_to_medians
from tidewatch.detectors.units import hold_wild
from tidewatch.series import Sampling

LEAST_SPREAD: Final = 1e-6
"""Of the range of usual values: so much is rounding, where all but a few points are as expected."""
_WINSOR: Final = 4.0
_USUAL: Final = 5.0
"""Spreads, beyond which a point is no example of what is usual. Up to a quarter of such a series may be anomalies: many
more than a history, which :func:`~tidewatch.calibration.trimming.trim_outliers` looks through."""
_CYCLES: Final = 15
"""That a season is smoothed over."""
_JUMPS: Final = 10
"""Fits in a window; between them the curve is as good as straight."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far usual points are from what is expected of them.

    Attributes:
        spread: the standard deviation of usual points, estimated robustly.
    """

    spread: float
    _calibration: Calibration

    @classmethod
    def of(cls, distances: Floats, values: Floats) -> Residuals:
        """Learns from distances to what was expected, anomalies among them, which must not make each other usual.

        Args:
            distances: shape (m,), at least 0.
            values: those that the expectations are based on, shape (n,).
        """
        spread = max(STD_PER_MAD * float(np.median(distances)), LEAST_SPREAD * float(np.ptp(hold_wild(values))))
        scores = distances / spread
        return cls(spread, Calibration.of(scores[scores <= _USUAL]))

    def severity(self, distances: Floats) -> Floats:
        """The severity of distances, shape (n,), 0 to 1, on the scale of all detectors."""
        return severity_of(self._calibration.evidence(distances / self.spread))


def period_of(values: Floats, known: int | None) -> int | None:
    """The period of values at regular steps, shape (n,), in points; None if there is none.

    Args:
        values: in units about 1.
        known: what the caller says it is, 0 for none; None to look for one. Ignored where there are not two of it.
    """
    if known is not None:
        return known if known and 2 * known < values.size else None
    centre = float(np.median(values))
    reach = _WINSOR * STD_PER_MAD * float(np.median(np.abs(values - centre)))
    winsorised = np.clip(values, centre - reach, centre + reach) if reach else values
    # A step of a week a point: no season of the calendar is assumed.
    return find_season(Sampling(7 * 86_400.0, 0, 1.0), np.arange(values.size, dtype=np.int64), winsorised)


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
