"""Forecast by exponential smoothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import CannotTrain, DetectorOptions, Floats, Side
from tidewatch.detectors.decision import THREE_SIGMAS
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided, watched
from tidewatch.detectors.robust import RobustScaler
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows import decayed_mean_before
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
        float | None,
        Field(
            gt=0,
            le=1000,
            description="How many standard deviations from the forecast the limit lies; unless given, 3, and no "
            "less than training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class Ewma(Detector[EwmaOptions]):
    """How far a value lies from the exponentially weighted mean of the points before it.

    For a series whose level drifts while its spread stays: the forecast follows the recent values, the newest most. A
    change of level is followed within about 1 / alpha points. An outlier stays in the forecast for as long.

        forecast[t] = alpha * value[t - 1] + (1 - alpha) * forecast[t - 1]
        score[t] = (value[t] - forecast[t]) / scale

    Sources: S. W. Roberts, Control Chart Tests Based on Geometric Moving Averages (1959), Technometrics 1(3); as the
    forecast of the next value, J. S. Hunter, The Exponentially Weighted Moving Average (1986), Journal of Quality
    Technology 18(4).

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> random = np.random.default_rng(0)
    >>> history = TimeSeries(np.arange(200), np.cumsum(random.normal(0.0, 1.0, 200)))
    >>> model = fit_model(history, EwmaOptions(alpha=0.5))
    >>> model.score(TimeSeries(np.array([200, 201]), history.values[-1] + np.array([0.5, 20.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = EwmaOptions
    scale_: float

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
        """The points whose weights are not forgotten."""
        alpha = self.options.alpha
        return 1 if alpha == 1.0 else max(1, math.ceil(math.log(_FORGOTTEN) / math.log1p(-alpha)))

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Takes the scale of the errors of forecasts.

        Raises:
            CannotTrain: if the series is shorter than a forecast looks back, and a little more.
        """
        needed = self.lookback + _CALIBRATING
        if len(series) < needed:
            raise CannotTrain(
                f"ewma needs at least {needed} points for an alpha of {self.options.alpha:g}, which looks back at "
                f"{self.lookback}, got {len(series)}; a larger alpha needs fewer",
                option="alpha",
            )
        self.scale_ = _scale(series.values, self.lookback, 1.0 - self.options.alpha)
        return FitResult()

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by the forecast from the points before it."""
        side = self.options.side
        forecast = decayed_mean_before(points.values, self.lookback, 1.0 - self.options.alpha, skip)
        with np.errstate(over="ignore"):
            errors = (points.values[skip:] - forecast) / self.scale_
        reach = threshold * self.scale_
        limits = watched(forecast - reach, forecast + reach, side)
        return Nonconformity(errors, one_sided(errors, side), forecast, *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The robust standard deviation of the errors of forecasts."""
        return {"scale": units.unscale_length(self.scale_)}


def _scale(values: Floats, lookback: int, decay: float) -> float:
    """The standard deviation of the errors of forecasts, as far as usual ones tell; above 0."""
    # Values are winsorised: a wild one would stay in as many errors as a forecast looks back.
    scaler = RobustScaler(values)
    moderate = scaler.transform(values)
    # From 0, not from the errors' own median: a trend that the forecast lags behind is part of what is usual.
    errors = np.abs(moderate[lookback:] - decayed_mean_before(moderate, lookback, decay, lookback))
    half, most = np.quantile(errors, (0.5, 0.9)).tolist()
    # Where a series mostly stands still, half of the errors are next to nothing, whatever its steps are.
    scale = (
        max(half / _HALF_OF_NORMAL, most / _MOST_OF_NORMAL) or float(errors.mean()) or float(np.abs(moderate).mean())
    )
    return scale * scaler.spread
