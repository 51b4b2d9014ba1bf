"""Seasonal decomposition by STL."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json, Side
from tidewatch.detectors.decision import THREE_SIGMAS
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided
from tidewatch.detectors.robust import ErrorScale, RobustScaler
from tidewatch.detectors.seasonal.grid import SeasonalGrid, check_period, folds_of_cycles, fresh_error, regular_sampling
from tidewatch.detectors.seasonal.season import close_gaps, find_season
from tidewatch.detectors.seasonal.stl import Loess, decompose, default_windows, hold_to_medians
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows import median_before
from tidewatch.series import TimeSeries

_LEARNED_FROM: Final = 65_536
"""Places at the end of a series that the season is learned from, or two seasons if that is more."""
_JUMPS: Final = 10  # fits for each window, with lines between: the paper's section 3.4
_FEWEST_LEVEL, _MOST_LEVEL = 24, 1_000
_CALIBRATING: Final = 8


class SeasonalDecompositionOptions(DetectorOptions):
    """Season by STL plus the recent level, plus or minus a number of robust standard deviations of the remainder.

    The season is the same in all cycles, as learned from the training data: at most its last 65,536 sampling steps, and
    at least two seasons. The phase in it goes by time, so gaps are fine; a series without even steps is not taken.
    Where no season is found, points are judged by the level alone, and the fit warns of it. A steady trend is followed,
    with the slope that it had in training.
    """

    made_for_seasons = True
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
            "24 points, and at most 1,000 points; without a season 24, or half of the series.",
        ),
    ] = None
    robust: Annotated[bool, Field(description="Whether wild values lose their weight in learning the season.")] = True
    sigmas: Annotated[
        float | None,
        Field(
            gt=0,
            le=1000,
            description="How many standard deviations of the remainder the limit lies away; unless given, 3, and no "
            "less than training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class SeasonalDecomposition(Detector[SeasonalDecompositionOptions]):
    """How far a value lies from its usual place in the season, about the recent level.

    For a series whose season stays as it is, such as the hours of a day: the season is learned by STL, robustly, and
    the level is a median, so anomalies move neither. It is not for counters, nor for series that are on and off, at no
    fixed times: there it may find a season that is none, and flags up to 80 points in 1,000.

        expected = median of the last points without their season + season of the phase + drift
        score = (value - expected) / scale

    Source: see :mod:`tidewatch.detectors.seasonal.stl`.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> hours = np.arange(24 * 30)
    >>> values = 10.0 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(0.0, 1.0, hours.size)
    >>> model = fit_model(TimeSeries(3600 * hours[:700], values[:700]), SeasonalDecompositionOptions())
    >>> model.period
    24
    >>> model.score(TimeSeries(3600 * hours[700:702], np.array([values[700], 60.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = SeasonalDecompositionOptions
    fill = "linear"
    uses_wall_clock = True
    grid_: SeasonalGrid
    season_: Floats
    window_: int
    drift_: float
    error_scale_: ErrorScale

    @property
    def threshold(self) -> float:
        """How many standard deviations of the remainder the limits lie away."""
        return self.options.sigmas or THREE_SIGMAS

    @property
    def decides_by_default(self) -> bool:
        """Whether ``sigmas`` is not given."""
        return self.options.sigmas is None

    @property
    def lookback(self) -> int:
        """The points whose median is the level."""
        return self.window_

    @property
    def echo(self) -> int:
        """None: the level is a median."""
        return 0

    @property
    def period(self) -> int | None:
        """The season, in sampling steps."""
        return self.grid_.period

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Finds the season and the scale of what it leaves.

        Raises:
            CannotTrain: if the series is too short, or its points are not evenly spaced.
        """
        options = self.options
        sampling = regular_sampling(options.name, series)
        places = sampling.places(series.timestamps)
        scaler = RobustScaler(series.values)
        moderate = scaler.transform(series.values)
        period = options.period or find_season(sampling, places, moderate)
        if period is not None:
            check_period(options.name, period, places)
        self.window_ = options.window or _default_window(period, len(series))
        if len(series) < self.window_ + _CALIBRATING:
            raise CannotTrain(
                f"seasonal_decomposition needs at least {self.window_ + _CALIBRATING} points for a level of "
                f"{self.window_}, got {len(series)}",
                option="window",
            )
        self.grid_ = SeasonalGrid(sampling, period)
        if period is None:
            self.season_ = np.zeros(1)
            remainder = (series.values - median_before(series.values, self.window_, 0))[self.window_ :]
        else:
            remainder = self._learn_season(_Cells.of(places, moderate, period), series, scaler.spread, deadline)
        # A level that looks back lags behind a trend, by as much at every point if it is a steady one.
        self.drift_ = float(np.median(remainder))
        self.error_scale_ = ErrorScale.of(remainder, scaler.floor)
        return FitResult(one_sided(self.error_scale_.score(remainder - self.drift_), options.side))

    def _learn_season(self, cells: _Cells, series: TimeSeries, spread: float, deadline: Deadline) -> Floats:
        """Sets the season, and gives what it leaves of the points, as of points that it was not learned from."""
        deadline.check()
        season, cycles = cells.season(self.options)
        seasons = [season]
        if cells.folds > 1:
            seasons = []
            for fold in range(cells.folds):
                deadline.check()
                seasons.append(cells.season(self.options, fold)[0])
        self.season_ = season * spread
        remainder = _remainder(series, self.grid_, cells, [one * spread for one in seasons], self.window_)
        return remainder * fresh_error(cycles, cells.folds)

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by the level of the points before it, all of them without their season."""
        seasonal = self.grid_.seasonal(self.season_, self.grid_.sampling.places(points.timestamps))
        level = median_before(points.values - seasonal, self.window_, skip)
        expected = level + (seasonal[skip:] + self.drift_)
        return self.error_scale_.measure(points.values[skip:], expected, threshold, self.options.side)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The period, null without a season, and its range; how far a trend leads the level; the remainder's scale."""
        return {
            "period": math.inf if self.period is None else float(self.period),
            "season": units.unscale_length(float(np.ptp(self.season_))),
            "drift": units.unscale_length(self.drift_),
            "scale": units.unscale_length(self.error_scale_.scale),
        }

    def parameters(self) -> Mapping[str, Json]:
        """All but the season."""
        return {
            "clock": self.grid_.to_json(),
            "window": self.window_,
            "drift": self.drift_,
            "scale": [self.error_scale_.scale, self.error_scale_.floor],
        }

    def arrays(self) -> Arrays:
        """The season by phase, if there is one."""
        return {} if self.period is None else {"season": self.season_}

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Sets what :meth:`parameters` and :meth:`arrays` gave."""
        self.grid_ = SeasonalGrid.from_json(parameters["clock"])
        self.season_ = arrays.get("season", np.zeros(1))
        self.window_, self.drift_ = int(parameters["window"]), float(parameters["drift"])
        self.error_scale_ = ErrorScale(*map(float, parameters["scale"]))


def _default_window(period: int | None, points: int) -> int:
    if period is None:
        return min(_FEWEST_LEVEL, max(points // 2, 3))
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


def _remainder(series: TimeSeries, grid: SeasonalGrid, cells: _Cells, seasons: Sequence[Floats], window: int) -> Floats:
    """What the season for its fold, and the level, leave of each of the last points, in units."""
    size = min(len(series), max(_LEARNED_FROM, window + _CALIBRATING))
    last = series.last(size)
    places = grid.sampling.places(last.timestamps)
    folds = cells.fold[np.maximum(cells.places[-size:], 0)]
    left = np.zeros(size)
    for fold, season in enumerate(seasons):
        values = last.values - grid.seasonal(season, places)
        left = np.where(folds == fold, values - median_before(values, window, 0), left)
    return left[window:]
