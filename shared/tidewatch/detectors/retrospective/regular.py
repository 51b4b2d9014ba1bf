"""What the judgements of a whole series at regular steps have in common: its season and how far usual points stray.

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
from tidewatch.detectors.seasonal.loess import Loess
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.seasonal.stl import Decomposition, decompose, default_windows, hold_to_medians
from tidewatch.series import Sampling

LEAST_SPREAD: Final = 1e-6
"""Of the range of the values: so much is rounding, where all but a few points are as expected."""
_WINSOR: Final = 4.0
_USUAL: Final = 5.0
"""Spreads, beyond which a point is no example of what is usual. Up to a quarter of such a series may be anomalies: many
more than a history, which :func:`~tidewatch.calibration.trimming.trim_outliers` looks through."""
_CYCLES: Final = 15
"""That a season is smoothed over."""
_JUMPS: Final = 10
"""Fits in a window; between them the curve is as good as straight."""


@dataclass(frozen=True, slots=True)
class Strays:
    """How far usual points stray from what is expected of them.

    Attributes:
        spread: the standard deviation of usual points, estimated robustly.
    """

    spread: float
    _calibration: Calibration

    @classmethod
    def of(cls, residual: Floats, values: Floats) -> Strays:
        """By distances to what was expected, shape (m,), at least 0, and the values that were expected from.

        Anomalies are among them; they must not make each other usual.
        """
        spread = max(STD_PER_MAD * float(np.median(residual)), LEAST_SPREAD * float(np.ptp(values)))
        strangeness = residual / spread
        return cls(spread, Calibration.of(strangeness[strangeness <= _USUAL]))

    def severity(self, residual: Floats) -> Floats:
        """Of such distances, shape (n,), 0 to 1, on the scale of all detectors."""
        return severity_of(self._calibration.evidence(residual / self.spread))


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
