"""How Holt-Winters smoothing is learned from a series: season, parameters, and errors as on new points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Floats
from tidewatch.detectors.robust import RobustScaler, robust_scale
from tidewatch.detectors.seasonal.grid import folds_of_cycles
from tidewatch.detectors.seasonal.season import Cycles, close_gaps
from tidewatch.detectors.seasonal.smoothing import HoltForecaster, Points, Smoothing, Start, estimate, smooth
from tidewatch.series import TimeSeries

_START: Final = 9  # points that the level of a window starts from: four of them may be wild
_SHORTEST, _LONGEST = 16, 128  # points of a lookback
_SETTLED, _TREND_SETTLED = 3.0, 6.0  # time constants, after which the start is forgotten: a wrong trend adds up
_PASS: Final = 20_000  # points at the end that season and errors are followed over
_ESTIMATION: Final = 2_000  # and those that the parameters are estimated from: five seasons, if that is more
_SEASONS: Final = 5
_SEASON_FROM: Final = 65_536  # places at the end that the first shape of the season is taken from
_CLIP: Final = 2.0  # scales
_FEWEST_CYCLES: Final = 1.5  # where gaps leave fewer
_FLOOR: Final = 1e-9  # spreads: what is less is rounding

Places = NDArray[np.int64]


def steps_between(places: Places) -> Places:
    """From the point before to each; a gap counts as the longest lookback at most, as no trend goes on for ever."""
    return np.clip(np.diff(places, prepend=places[:1] - 1), 0, _LONGEST)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A series to learn from.

    Attributes:
        series: values in units.
        places: on the grid, int64, shape (n,).
        scaler: of the values.
        period: in places; None without a season.
    """

    series: TimeSeries
    places: Places
    scaler: RobustScaler
    period: int | None

    def learn(self, given: Mapping[str, float | None], deadline: Deadline) -> tuple[HoltForecaster, Floats, Floats]:
        """Learns with some parameters given and the others, None, to be found.

        Raises:
            DeadlineExceeded: once the deadline has passed.

        Returns:
            How to settle a level, the season after the last point, shape (period,), in units, and errors as on new
            points, in units.
        """
        season, cycles = self._first_season(None)
        size = min(len(self.series), max(_PASS, 2 * season.size))
        places = self.places[-size:]
        moderate = self.scaler.transform(self.series.values[-size:])
        points = Points(moderate, places % season.size, steps_between(places))
        deadline.check()
        smoothing, start, clip = _fit(points, season, given)
        deadline.check()
        forecasts, _, learned = smooth(points, smoothing, start, clip)
        # From here on in units: what was winsorised for learning is judged as it is.
        spread = self.scaler.spread
        usual = robust_scale(points.values - forecasts, _FLOOR)
        forecaster = _forecaster(smoothing, start.trend * spread, _CLIP * usual * spread, size)
        folds, count = self._folds(size)
        errors = np.full(size, np.nan)
        for fold in range(count):
            deadline.check()
            first = season if count == 1 else self._first_season(fold)[0]
            seasonal = smooth(points, smoothing, Start(start.level, start.trend, first), clip)[1] * spread
            values = self.series.values[-size:] - seasonal
            errors = np.where(folds == fold, values - forecaster.forecasts(values, points.steps, 0), errors)
        if self.period:
            errors *= _fresh_errors((places - places[0]) // self.period, smoothing.gamma, cycles, count)
        return forecaster, learned * spread, errors[forecaster.lookback :]

    def _folds(self, size: int) -> tuple[Places, int]:
        if self.period is None:
            return np.zeros(size, dtype=np.int64), 1
        folds, count = folds_of_cycles(close_gaps(self.places, self.period), self.period)
        return folds[-size:], count

    def _first_season(self, held_out: int | None) -> tuple[Floats, float]:
        """The season of all cycles alike but those held out, by phase, and how many cycles it is the mean of."""
        if self.period is None:
            return np.zeros(1), 0.0
        closed = close_gaps(self.places, self.period)
        kept = closed > closed[-1] - max(_SEASON_FROM, 2 * self.period)
        others = kept & (self._folds(len(self.series))[0] != held_out)
        # Around gaps a fold can have all the points.
        kept = others if held_out is not None and others.any() else kept
        cycles = Cycles.of(closed[kept], self.scaler.transform(self.series.values[kept]), self.period)
        return cycles.shape(), max(float(cycles.present.sum()) / self.period, _FEWEST_CYCLES)


def _fit(points: Points, season: Floats, given: Mapping[str, float | None]) -> tuple[Smoothing, Start, float]:
    """The parameters, the states before the first point, and the limit that errors are winsorised at."""
    rest = points.values - season[points.phases]
    clip = _CLIP * robust_scale(np.diff(rest), _FLOOR)
    third = rest.size // 3
    way = float(points.steps.sum()) * 2.0 / 3.0
    trend = float(np.median(rest[-third:]) - np.median(rest[:third])) / way
    newest = points.last(max(_ESTIMATION, min(_SEASONS * season.size, max(_PASS, 2 * season.size))))
    newer = rest.size - newest.values.size
    newest_start = Start(float(np.median(rest[newer : newer + _START])), trend, season)
    smoothing = estimate(newest, newest_start, clip, given)
    return smoothing, Start(float(np.median(rest[:_START])), trend, season), clip


def _forecaster(smoothing: Smoothing, trend: float, clip: float, size: int) -> HoltForecaster:
    """For a series of so many training points: a window is at most half of them."""
    settled = (_SETTLED if smoothing.beta == 0.0 else _TREND_SETTLED) * smoothing.time_constant()
    lookback = min(max(math.ceil(settled), _SHORTEST), _LONGEST, size // 2)
    return HoltForecaster(smoothing, trend + 0.0, clip, lookback, min(_START, (lookback - 1) // 2 * 2 - 1))


def _fresh_errors(passed: Places, gamma: float, cycles: float, folds: int) -> Floats:
    """How much larger the error on a new point is than on each that was learned from, shape (n,).

    A season starts as the mean of cycles and goes on by what came before. With ``a = (1 - gamma)**c`` of its start left
    after c cycles, its variance is ``variance_of`` times that of a point; and if the point's own cycle was among those
    of the start, their covariance is ``a / cycles`` of it.

    Args:
        passed: cycles since the start of each point, shape (n,).
        gamma: of the smoothing.
        cycles: that the season of all points started as the mean of.
        folds: of which one at a time was held out; 1 if none was.
    """
    left = (1.0 - gamma) ** np.append(passed, passed[-1] + 1)

    def variance_of(cycles: float) -> Floats:
        return (left**2 + 2.0 * left * (1.0 - left)) / cycles + gamma * (1.0 - left**2) / (2.0 - gamma)

    inside = 1.0 + (
        variance_of(cycles) - 2.0 * left / cycles if folds == 1 else variance_of(cycles * (1.0 - 1.0 / folds))
    )
    factors: Floats = np.sqrt((1.0 + variance_of(cycles)[-1]) / inside[:-1])
    return factors
