"""Holt-Winters smoothing: how far a value lies from the forecast by level, trend and season.

For a series with a daily, weekly or other season whose level moves: the level follows the newest points, the season and
the smoothing are those of the training data, so a season that changes asks for another fit. Without a season it is
Holt's smoothing of level and trend. An error teaches no more than one of two standard deviations does: a wild value is
soon forgotten, and after a change of level all points are anomalies until the memory has passed.

Sources: see :mod:`tidewatch.detectors.seasonal.smoothing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side, one_sided
from tidewatch.detectors.robust import Moderation
from tidewatch.detectors.seasonal.clock import Clock, check_period, regular_sampling
from tidewatch.detectors.seasonal.holt_winters_training import Training, steps_between
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.seasonal.settling import Settling
from tidewatch.detectors.seasonal.smoothing import Smoothing
from tidewatch.detectors.units import Units
from tidewatch.detectors.yardstick import Yardstick
from tidewatch.series import TimeSeries

_FEWEST: Final = 12


class HoltWintersOptions(DetectorOptions):
    """Forecast by exponential smoothing of level, trend and season, plus or minus a number of standard deviations.

    A point is judged by the 16 to 128 points before it, the fewer the faster the level follows, and by at most half as
    many as it was trained on; all else is learned. The phase in the season goes by time, so gaps are fine; a series
    without even steps is not taken. In training, two seasons are needed at least; where no season is found, level and
    trend do without.
    """

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
        float, Field(gt=0, le=1000, description="How many standard deviations from the forecast the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class _Forecasts:
    """Limits at ``forecast ± sigmas * scale``. The score is the signed error of the forecast in scales.

    The judgement of a point depends on the ``memory`` points before it, to the last bit.
    """

    def __init__(
        self, options: HoltWintersOptions, clock: Clock, season: Floats, settling: Settling, yardstick: Yardstick
    ) -> None:
        self.threshold = options.sigmas
        self.memory = settling.memory
        self.period = clock.period
        self._side = options.side
        self._clock, self._season, self._settling, self._yardstick = clock, season, settling, yardstick

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by the forecast from the points before it."""
        places = self._clock.sampling.places(points.timestamps)
        seasonal = self._clock.seasonal(self._season, places)
        level = self._settling.forecasts(points.values - seasonal, steps_between(places), skip)
        expected = level + seasonal[skip:]
        return self._yardstick.measure(points.values[skip:], expected, threshold, self._side)

    def parameters(self) -> Mapping[str, Json]:
        """All but the season."""
        settling, smoothing = self._settling, self._settling.smoothing
        return {
            "clock": self._clock.to_json(),
            "smoothing": [smoothing.alpha, smoothing.beta, smoothing.gamma, smoothing.phi],
            "settling": [settling.trend, settling.clip, settling.memory, settling.start],
            "scale": [self._yardstick.scale, self._yardstick.floor],
        }

    def arrays(self) -> Arrays:
        """The season by phase, if there is one."""
        return {} if self.period is None else {"season": self._season}

    def learned(self, units: Units) -> Mapping[str, float]:
        """The period, null if there is no season; the parameters; trend per step and standard deviation of errors."""
        smoothing = self._settling.smoothing
        return {
            "period": math.inf if self.period is None else float(self.period),
            "alpha": smoothing.alpha,
            "beta": smoothing.beta,
            "gamma": math.inf if self.period is None else smoothing.gamma,
            "phi": smoothing.phi,
            "trend": units.unscale_length(self._settling.trend),
            "scale": units.unscale_length(self._yardstick.scale),
        }


class _HoltWinters:
    options_type = HoltWintersOptions
    in_units = True

    def learn(self, series: TimeSeries, options: HoltWintersOptions) -> Lesson:
        if len(series) < _FEWEST:
            raise CannotTrain(f"holt_winters needs at least {_FEWEST} points, got {len(series)}")
        sampling = regular_sampling(options.name, series)
        places = sampling.places(series.timestamps)
        moderation = Moderation(series.values)
        if options.period is not None:
            check_period(options.name, options.period, places)
        clock = Clock(sampling, options.period or find_season(sampling, places, moderation.moderate(series.values)))
        given = {"alpha": options.alpha, "beta": options.beta, "gamma": options.gamma, "phi": options.phi}
        settling, season, errors = Training(series, places, moderation, clock.period).learn(given)
        yardstick = Yardstick.of(errors, moderation.floor)
        knowledge = _Forecasts(options, clock, season, settling, yardstick)
        return Lesson(knowledge, one_sided(yardstick.score(errors), options.side))

    def restore(self, options: HoltWintersOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Forecasts:
        trend, clip, memory, start = parameters["settling"]
        smoothing = Smoothing(*map(float, parameters["smoothing"]))
        return _Forecasts(
            options,
            Clock.from_json(parameters["clock"]),
            arrays.get("season", np.zeros(1)),
            Settling(smoothing, float(trend), float(clip), int(memory), int(start)),
            Yardstick(*map(float, parameters["scale"])),
        )


DETECTOR: Final = CalibratedDetector(_HoltWinters())
