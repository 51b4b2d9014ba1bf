"""Exponential smoothing: how far a value lies from the exponentially weighted mean of the points before it.

For a series whose level drifts while its spread stays: what is expected follows the recent values, the newest first.
A change of level is followed within some 1 / alpha points. An outlier echoes in what is expected for as long.

Sources: S. W. Roberts, Control Chart Tests Based on Geometric Moving Averages (1959), Technometrics 1(3); as the
forecast of the next value, J. S. Hunter, The Exponentially Weighted Moving Average (1986), Journal of Quality
Technology 18(4).
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
from tidewatch.detectors.sides import watched
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows.before import decayed_mean_before
from tidewatch.series import TimeSeries

_FORGOTTEN: Final = 1e-3
"""The share of all weights beyond which the past is left out, so that a judgement depends on so many points only."""
_CALIBRATING: Final = 3
"""Points beyond the first forecast that a calibration needs."""
_HALF_OF_NORMAL: Final = 0.6745
_MOST_OF_NORMAL: Final = 1.6449
"""Within these lie half, and nine tenths, of a standard normal distribution."""


class EwmaOptions(DetectorOptions):
    """Forecast by exponential smoothing, plus or minus a number of standard deviations of its errors in training.

    Weights fall by the point, not by time: after a gap, the points before it are what came before.
    """

    name: Literal["ewma"] = "ewma"
    alpha: Annotated[
        float,
        Field(
            ge=0.014,
            le=1,
            description="Weight of the newest point, against all that came before it: larger follows faster. Points "
            "whose weights add up to less than a thousandth are forgotten: with 0.2, all but the last 31.",
        ),
    ] = 0.2
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many standard deviations from the forecast the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class _Smoothing:
    """Limits at ``forecast ± sigmas * scale``. The score is the signed error of the forecast in scales."""

    period = None

    def __init__(self, options: EwmaOptions, scale: float) -> None:
        self.memory = _memory(options.alpha)
        self.threshold = options.sigmas
        self._decay = 1.0 - options.alpha
        self._side = options.side
        self._scale = scale

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by the forecast from the points before it."""
        forecast = decayed_mean_before(points.values, self.memory, self._decay, skip)
        with np.errstate(over="ignore"):
            score = (points.values[skip:] - forecast) / self._scale
        reach = threshold * self._scale
        limits = watched(forecast - reach, forecast + reach, self._side)
        return Measured(score, one_sided(score, self._side), forecast, *limits)

    def parameters(self) -> Mapping[str, Json]:
        """The scale, in units."""
        return {"scale": self._scale}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """The robust standard deviation of the forecast's errors."""
        return {"scale": units.unscale_length(self._scale)}


class _Ewma:
    options_type = EwmaOptions
    in_units = True

    def learn(self, series: TimeSeries, options: EwmaOptions) -> Lesson:
        memory = _memory(options.alpha)
        needed = memory + _CALIBRATING
        if len(series) < needed:
            raise CannotTrain(
                f"ewma needs at least {needed} points for an alpha of {options.alpha:g}, which looks back at {memory}, "
                f"got {len(series)}; a larger alpha needs fewer",
                option="alpha",
            )
        scale = _scale(series.values, memory, 1.0 - options.alpha)
        return Lesson(_Smoothing(options, scale))

    def restore(self, options: EwmaOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Smoothing:
        return _Smoothing(options, float(parameters["scale"]))


def _scale(values: Floats, memory: int, decay: float) -> float:
    """The standard deviation of the forecast's errors, as far as usual ones tell; above 0."""
    # Wild values are drawn in: one alone would leave its echo in as many errors as the memory has points.
    moderation = Moderation(values)
    moderate = moderation.moderate(values)
    # From 0, not from the errors' own median: a trend that the forecast lags behind is part of what is usual.
    errors = np.abs(moderate[memory:] - decayed_mean_before(moderate, memory, decay, memory))
    half, most = np.quantile(errors, (0.5, 0.9)).tolist()
    # Where a series mostly stands still, half of the errors are next to nothing, whatever its steps are.
    scale = (
        max(half / _HALF_OF_NORMAL, most / _MOST_OF_NORMAL) or float(errors.mean()) or float(np.abs(moderate).mean())
    )
    return scale * moderation.spread


def _memory(alpha: float) -> int:
    return 1 if alpha == 1.0 else max(1, math.ceil(math.log(_FORGOTTEN) / math.log1p(-alpha)))


DETECTOR: Final = CalibratedDetector(_Ewma())
