"""Tukey's fences."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import DetectorOptions, Floats, Side
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, larger_of, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

_INNER_FENCES: Final = 1.5
_DEEPEST: Final = 8
"""1/256 on either side: about as much of a normal distribution as lies beyond its fences."""


class IqrOptions(DetectorOptions):
    """First quartile minus, third quartile plus, a number of interquartile ranges, over the whole training series.

    A point is judged by its value alone: neither gaps nor the sampling step matter.
    """

    name: Literal["iqr"] = "iqr"
    k: Annotated[
        float | None,
        Field(
            gt=0,
            le=1000,
            description="How many interquartile ranges beyond a quartile its fence lies; unless given, 1.5, and no "
            "less than training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class Iqr(Detector[IqrOptions]):
    """How many interquartile ranges a value lies beyond the nearer quartile: Tukey's fences.

    For a series around one level whose values are skewed: each fence starts from its own quartile, so a long tail on
    one side moves the fence of that side only. Up to a quarter of the training values on either side can be wild.

        score = (value - q3) / iqr above the box, (value - q1) / iqr below it, and 0 within

    The nonconformity score also orders values within the box, by how near they are to the nearer quartile. So the
    middle of the box, the midhinge, is what is expected. Where the quartiles are equal, the eighths take their place,
    else the sixteenths, and so on; the range is then that of a normal distribution which has these.

    Source: J. W. Tukey, Exploratory Data Analysis (1977), chapter 2: inner fences at 1.5 steps of the quartiles'
    distance, outer ones at 3; the letter values that take the place of equal quartiles are of the same chapter.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> model = fit_model(TimeSeries(np.arange(5), np.array([1.0, 2.0, 3.0, 4.0, 5.0])), IqrOptions())
    >>> model.learned()
    {'q1': 2.0, 'q3': 4.0, 'lower': -1.0, 'upper': 7.0, 'iqr': 2.0}
    >>> model.score(TimeSeries(np.array([5, 6]), np.array([7.0, 7.5]))).anomaly.tolist()
    [False, True]
    """

    options_type = IqrOptions
    low_: float
    high_: float
    length_: float

    @property
    def threshold(self) -> float:
        """How many interquartile ranges beyond a quartile the fences lie."""
        return self.options.k or _INNER_FENCES

    @property
    def decides_by_default(self) -> bool:
        """Whether ``k`` is not given."""
        return self.options.k is None

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Takes the quartiles of the values, or the letter values that tell them apart."""
        self.low_, self.high_, self.length_ = _box(series.values)
        # The training points calibrate as they are: no single one moves a quartile far.
        return FitResult()

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by itself."""
        values, side = points.values[skip:], self.options.side
        with np.errstate(over="ignore"):
            above = (values - self.high_) / self.length_
            below = (self.low_ - values) / self.length_
        reach = np.full(values.shape, threshold) * self.length_
        limits = watched(self.low_ - reach, self.high_ + reach, side)
        statistic = np.maximum(above, 0.0) - np.maximum(below, 0.0)
        middle = 0.5 * (self.low_ + self.high_)
        return Nonconformity(statistic, larger_of(above, below, side), np.full(values.shape, middle), *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """Quartiles, fences and range; a fence on a side that is not watched is infinite."""
        reach = limit * self.length_
        fences = self.low_ - reach, self.high_ + reach
        places = units.unscale_band(*fences, self.options.side, q1=self.low_, q3=self.high_)
        return places | {"iqr": units.unscale_length(self.length_)}


def _box(values: Floats) -> tuple[float, float, float]:
    """Both ends of the box, and its length."""
    for depth in range(2, _DEEPEST + 1):
        share = 2.0**-depth
        low, high = map(float, np.quantile(values, (share, 1.0 - share)))
        if high > low:
            length = (high - low) * _normal_quantile(0.25) / _normal_quantile(share)
            return low, high, max(length, sys.float_info.min)
    # All but a few values are equal, so any other is unusual; how far those few lie tells how unusual.
    deviation = float(np.abs(values - low).mean())
    return low, high, -2.0 * _normal_quantile(0.25) * math.sqrt(math.pi / 2.0) * deviation


def _normal_quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
