"""Holt-Winters smoothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json, Side
from tidewatch.detectors.decision import THREE_SIGMAS
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided
from tidewatch.detectors.robust import ErrorScale, RobustScaler
from tidewatch.detectors.seasonal.grid import SeasonalGrid, check_period, regular_sampling
from tidewatch.detectors.seasonal.holt_winters_training import Training, steps_between
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.seasonal.smoothing import HoltForecaster, Smoothing
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

_FEWEST: Final = 12


class HoltWintersOptions(DetectorOptions):
    """Forecast by exponential smoothing of level, trend and season, plus or minus a number of standard deviations.

    A point is judged by the 16 to 128 points before it, the fewer the faster the level follows, and by at most half as
    many as it was trained on; all else is learned. The phase in the season goes by time, so gaps are fine; a series
    without even steps is not taken. In training, two seasons are needed at least; where no season is found, level and
    trend do without.
    """

    made_for_seasons = True
    name: Literal["holt_winters"] = "holt_winters"
    period: Annotated[
        int | None,
        Field(
            ge=2, le=20_000, description="Sampling steps in a season, such as 24 for hours of a day; null to find it."
        ),
    ] = None
    alpha: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of a forecast's error that the level takes on; null to estimate it."),
    ] = None
    beta: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of the level's change that the trend takes on; null to estimate it."),
    ] = None
    gamma: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of an error that the season takes on; null to estimate it."),
    ] = None
    phi: Annotated[
        float | None,
        Field(
            ge=0.5,
            le=1,
            description="What is left of the trend after each step: 1 for no damping; null to estimate it.",
        ),
    ] = 1.0
    sigmas: Annotated[
        float | None,
        Field(
            gt=0,
            le=1000,
            description="How many standard deviations from the forecast the limit lies; unless given, 3, and no "
            "less than training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class HoltWinters(Detector[HoltWintersOptions]):
    """How far a value lies from the forecast by level, trend and season.

    For a series with a daily, weekly or other season whose level moves: the level follows the newest points; the season
    and the smoothing are those of the training data, so a season that changes needs another fit. Without a season it is
    Holt's smoothing of level and trend. No error corrects the level by more than one of two standard deviations does: a
    wild value is soon forgotten, and after a change of level all points are anomalies until the lookback has passed. It
    is not for series that are on and off at no fixed times: there it may find a season that is none, and flags up to 40
    points in 1,000.

        forecast = level + trend + season of the phase
        score = (value - forecast) / scale

    The judgement of a point depends on the points of its lookback alone, to the last bit.

    Sources: see :mod:`tidewatch.detectors.seasonal.smoothing`.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> hours = np.arange(24 * 30)
    >>> values = 10.0 * np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(0.0, 1.0, hours.size)
    >>> model = fit_model(TimeSeries(3600 * hours[:700], values[:700]), HoltWintersOptions())
    >>> model.period
    24
    >>> model.score(TimeSeries(3600 * hours[700:702], np.array([values[700], 60.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = HoltWintersOptions
    uses_wall_clock = True
    grid_: SeasonalGrid
    season_: Floats
    forecaster_: HoltForecaster
    error_scale_: ErrorScale

    @property
    def threshold(self) -> float:
        """How many standard deviations from the forecast the limits lie."""
        return self.options.sigmas or THREE_SIGMAS

    @property
    def decides_by_default(self) -> bool:
        """Whether ``sigmas`` is not given."""
        return self.options.sigmas is None

    @property
    def lookback(self) -> int:
        """The points that a level is estimated from."""
        return self.forecaster_.lookback

    @property
    def echo(self) -> int:
        """None: errors are winsorised before they move the level."""
        return 0

    @property
    def period(self) -> int | None:
        """The season, in sampling steps."""
        return self.grid_.period

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Finds the season and the parameters of the smoothing.

        Raises:
            CannotTrain: if the series is too short, or its points are not evenly spaced.
        """
        options = self.options
        if len(series) < _FEWEST:
            raise CannotTrain(f"holt_winters needs at least {_FEWEST} points, got {len(series)}")
        sampling = regular_sampling(options.name, series)
        places = sampling.places(series.timestamps)
        scaler = RobustScaler(series.values)
        if options.period is not None:
            check_period(options.name, options.period, places)
        deadline.check()
        period = options.period or find_season(sampling, places, scaler.transform(series.values))
        self.grid_ = SeasonalGrid(sampling, period)
        given = {"alpha": options.alpha, "beta": options.beta, "gamma": options.gamma, "phi": options.phi}
        training = Training(series, places, scaler, period)
        self.forecaster_, self.season_, errors = training.learn(given, deadline)
        self.error_scale_ = ErrorScale.of(errors, scaler.floor)
        return FitResult(one_sided(self.error_scale_.score(errors), options.side))

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by the forecast from the points before it."""
        places = self.grid_.sampling.places(points.timestamps)
        seasonal = self.grid_.seasonal(self.season_, places)
        level = self.forecaster_.forecasts(points.values - seasonal, steps_between(places), skip)
        expected = level + seasonal[skip:]
        return self.error_scale_.measure(points.values[skip:], expected, threshold, self.options.side)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The period, null if there is no season; the parameters; trend per step and standard deviation of errors."""
        smoothing = self.forecaster_.smoothing
        return {
            "period": math.inf if self.period is None else float(self.period),
            "alpha": smoothing.alpha,
            "beta": smoothing.beta,
            "gamma": math.inf if self.period is None else smoothing.gamma,
            "phi": smoothing.phi,
            "trend": units.unscale_length(self.forecaster_.trend),
            "scale": units.unscale_length(self.error_scale_.scale),
        }

    def parameters(self) -> Mapping[str, Json]:
        """All but the season."""
        forecaster, smoothing = self.forecaster_, self.forecaster_.smoothing
        return {
            "clock": self.grid_.to_json(),
            "smoothing": [smoothing.alpha, smoothing.beta, smoothing.gamma, smoothing.phi],
            "settling": [forecaster.trend, forecaster.clip, forecaster.lookback, forecaster.start],
            "scale": [self.error_scale_.scale, self.error_scale_.floor],
        }

    def arrays(self) -> Arrays:
        """The season by phase, if there is one."""
        return {} if self.period is None else {"season": self.season_}

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Sets what :meth:`parameters` and :meth:`arrays` gave."""
        trend, clip, lookback, start = parameters["settling"]
        smoothing = Smoothing(*map(float, parameters["smoothing"]))
        self.grid_ = SeasonalGrid.from_json(parameters["clock"])
        self.season_ = arrays.get("season", np.zeros(1))
        self.forecaster_ = HoltForecaster(smoothing, float(trend), float(clip), int(lookback), int(start))
        self.error_scale_ = ErrorScale(*map(float, parameters["scale"]))
