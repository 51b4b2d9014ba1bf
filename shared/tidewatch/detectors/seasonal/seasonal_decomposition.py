"""Seasonal decomposition: how far a value lies from its usual place in the season, about the level of late.

For a series whose season stays as it is, such as the hours of a day: the season is learned by STL, robustly, and the
level is a median, so anomalies move neither.

Source: see :mod:`tidewatch.detectors.seasonal.stl`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side, one_sided
from tidewatch.detectors.robust import Moderation
from tidewatch.detectors.seasonal.clock import Clock, check_period, regular_sampling
from tidewatch.detectors.seasonal.held_out import folds_of_cycles, fresh_error
from tidewatch.detectors.seasonal.loess import Loess
from tidewatch.detectors.seasonal.season import close_gaps, find_season
from tidewatch.detectors.seasonal.stl import decompose, default_windows, hold_to_medians
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows.running_median import median_before
from tidewatch.detectors.yardstick import Yardstick
from tidewatch.series import TimeSeries

_LEARNED_FROM: Final = 65_536
"""Places at the end of a series that the season is learned from, or two seasons if that is more."""
_JUMPS: Final = 10  # fits for each window, with lines between: the paper's section 3.4
_FEWEST_LEVEL, _MOST_LEVEL = 24, 1_000
_CALIBRATING: Final = 8


class SeasonalDecompositionOptions(DetectorOptions):
    """Season by STL plus the recent level, plus or minus a number of robust standard deviations of the remainder.

    The season is the same in all cycles, as learned from the training data: at most its last 65,536 sampling steps, and
    at least two seasons. The phase in it goes by time, so gaps are fine; a series without even steps, or without a
    season, is not taken. A steady trend is followed, with the slope that it had in training.
    """

    name: Literal["seasonal_decomposition"] = "seasonal_decomposition"
    period: Annotated[
        int | None,
        Field(
            ge=2, le=20_000, description="Sampling steps in a season, such as 24 for hours of a day; null to find it."
        ),
    ] = None
    window: Annotated[
        int | None,
        Field(
            ge=3,
            le=10_000,
            description="Points before a point whose median is its level; null for the fewest whole seasons that make "
            "24 points, and at most 1,000 points.",
        ),
    ] = None
    robust: Annotated[bool, Field(description="Whether wild values lose their weight in learning the season.")] = True
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many standard deviations of the remainder the limit lies away.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class _Remainder:
    """Limits at ``level + season ± sigmas * scale``. The score is the signed remainder in scales."""

    def __init__(
        self,
        options: SeasonalDecompositionOptions,
        clock: Clock,
        season: Floats,
        window: int,
        drift: float,
        yardstick: Yardstick,
    ) -> None:
        self.threshold = options.sigmas
        self.memory = window
        self.period = clock.period
        self._side = options.side
        self._clock, self._season, self._drift, self._yardstick = clock, season, drift, yardstick

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by the level of the points before it, all of them without their season."""
        seasonal = self._clock.seasonal(self._season, self._clock.sampling.places(points.timestamps))
        level = median_before(points.values - seasonal, self.memory, skip)
        expected = level + (seasonal[skip:] + self._drift)
        return self._yardstick.measure(points.values[skip:], expected, threshold, self._side)

    def parameters(self) -> Mapping[str, Json]:
        """All but the season."""
        return {
            "clock": self._clock.to_json(),
            "window": self.memory,
            "drift": self._drift,
            "scale": [self._yardstick.scale, self._yardstick.floor],
        }

    def arrays(self) -> Arrays:
        """The season by phase."""
        return {"season": self._season}

    def learned(self, units: Units) -> Mapping[str, float]:
        """The period, the season's range, how far a trend leads the level, and the scale of the remainder."""
        return {
            "period": float(self._season.size),
            "season": units.unscale_length(float(np.ptp(self._season))),
            "drift": units.unscale_length(self._drift),
            "scale": units.unscale_length(self._yardstick.scale),
        }


class _SeasonalDecomposition:
    options_type = SeasonalDecompositionOptions
    in_units = True

    def learn(self, series: TimeSeries, options: SeasonalDecompositionOptions) -> Lesson:
        sampling = regular_sampling(options.name, series)
        places = sampling.places(series.timestamps)
        moderation = Moderation(series.values)
        moderate = moderation.moderate(series.values)
        period = options.period or find_season(sampling, places, moderate)
        if period is None:
            raise CannotTrain(
                "seasonal_decomposition found no season in this series; set period if you know it, send more seasons, "
                "or choose another detector",
                option="period",
            )
        check_period(options.name, period, places)
        window = options.window or _default_window(period)
        if len(series) < window + _CALIBRATING:
            raise CannotTrain(
                f"seasonal_decomposition needs at least {window + _CALIBRATING} points for a level of {window}, got "
                f"{len(series)}",
                option="window",
            )
        cells = _Cells.of(places, moderate, period)
        season, cycles = cells.season(options)
        clock = Clock(sampling, period)
        seasons = [season]
        if cells.folds > 1:
            seasons = [cells.season(options, fold)[0] for fold in range(cells.folds)]
        remainder = _remainder(series, clock, cells, [one * moderation.spread for one in seasons], window)
        remainder *= fresh_error(cycles, cells.folds)
        # A level that looks back lags behind a trend, by as much at every point if it is a steady one.
        drift = float(np.median(remainder))
        yardstick = Yardstick.of(remainder, moderation.floor)
        knowledge = _Remainder(options, clock, season * moderation.spread, window, drift, yardstick)
        return Lesson(knowledge, one_sided(yardstick.score(remainder - drift), options.side))

    def restore(
        self, options: SeasonalDecompositionOptions, parameters: Mapping[str, Json], arrays: Arrays
    ) -> _Remainder:
        return _Remainder(
            options,
            Clock.from_json(parameters["clock"]),
            arrays["season"],
            int(parameters["window"]),
            float(parameters["drift"]),
            Yardstick(*map(float, parameters["scale"])),
        )


def _default_window(period: int) -> int:
    return min(period * math.ceil(_FEWEST_LEVEL / period), _MOST_LEVEL)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The end of a series on the grid of its sampling.

    Attributes:
        values: float64, shape (m,), straight lines across gaps.
        there: bool, shape (m,), whether there are points.
        fold: int64, shape (m,), of which each is held out once.
        folds: how many there are; 1 if none is held out.
        places: int64, shape (n,), the cell of each of the last n points, negative for the first ones.
        phase: of the first cell.
        period: in cells.
    """

    values: Floats
    there: NDArray[np.bool_]
    fold: NDArray[np.int64]
    folds: int
    places: NDArray[np.int64]
    phase: int
    period: int

    @classmethod
    def of(cls, places: NDArray[np.int64], values: Floats, period: int) -> _Cells:
        closed = close_gaps(places, period)
        kept = closed > closed[-1] - max(_LEARNED_FROM, 2 * period)
        start = int(closed[kept][0])
        cells = (closed - start).astype(np.int64)
        count = np.bincount(cells[kept])
        there = count > 0
        everywhere = np.arange(count.size)
        means = np.bincount(cells[kept], values[kept])[there] / count[there]
        fold, folds = folds_of_cycles(everywhere, period)
        filled = np.interp(everywhere, everywhere[there], means)
        return cls(filled, there, fold, folds, cells, start % period, period)

    def season(self, options: SeasonalDecompositionOptions, held_out: int | None = None) -> tuple[Floats, float]:
        """The season by phase, and how many cycles it is the mean of, at least 1.5; without one fold if asked for."""
        counts = self.there if held_out is None else self.there & (self.fold != held_out)
        trend, low_pass = default_windows(self.period, None)
        parts = decompose(
            hold_to_medians(self.values, self.period) if options.robust else self.values,
            self.period,
            seasonal=None,
            trend=Loess(trend, 1, math.ceil(trend / _JUMPS)),
            low_pass=Loess(low_pass, 1, math.ceil(low_pass / _JUMPS)),
            inner=1 if options.robust else 2,
            outer=15 if options.robust else 0,
            weights=None if counts.all() else counts.astype(np.float64),
        )
        phases = (self.phase + np.arange(counts.size)) % self.period
        season = np.bincount(phases, parts.season, self.period) / np.bincount(phases, minlength=self.period)
        weight = float(parts.weights.sum()) if options.robust else float(np.count_nonzero(counts))
        return season, max(weight / self.period, 1.5)


def _remainder(series: TimeSeries, clock: Clock, cells: _Cells, seasons: Sequence[Floats], window: int) -> Floats:
    """What the season for its fold, and the level, leave of each of the last points, in units."""
    size = min(len(series), max(_LEARNED_FROM, window + _CALIBRATING))
    last = series.last(size)
    places = clock.sampling.places(last.timestamps)
    folds = cells.fold[np.maximum(cells.places[-size:], 0)]
    left = np.zeros(size)
    for fold, season in enumerate(seasons):
        values = last.values - clock.seasonal(season, places)
        left = np.where(folds == fold, values - median_before(values, window, 0), left)
    return left[window:]


DETECTOR: Final = CalibratedDetector(_SeasonalDecomposition())
