"""The modified z-score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import DetectorOptions, Floats, Side
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

_THRESHOLD: Final = 3.5
_MAD_OF_NORMAL: Final = 0.6745
"""The MAD of a standard normal distribution."""
_STD_PER_MEAN_DEVIATION: Final = 1.253314
"""The square root of pi / 2: a normal distribution's standard deviation per mean absolute deviation."""


class MadOptions(DetectorOptions):
    """Median plus or minus a number of robust standard deviations, over the whole training series.

    A point is judged by its value alone: neither gaps nor the sampling step matter.
    """

    name: Literal["mad"] = "mad"
    threshold: Annotated[
        float | None,
        Field(
            gt=0,
            le=1000,
            description="The modified z-score beyond which a value is unusual; unless given, 3.5, and no less than "
            "training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class Mad(Detector[MadOptions]):
    """How many robust standard deviations a value lies from the median: the modified z-score.

    For a series around one level whose training data may hold anomalies itself: up to half of the values can be wild
    without moving the median or the median absolute deviation (MAD) far.

        score = 0.6745 * (value - median) / MAD

    Source: B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers (1993), ASQC Basic References in Quality Control
    16, section 3.3, where a value is an outlier beyond 3.5.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(np.arange(6), np.array([3.0, 4.0, 5.0, 4.5, 2.0, 1e6]))
    >>> model = fit_model(history, MadOptions())
    >>> model.learned()["median"]
    4.25
    >>> model.score(TimeSeries(np.array([6, 7]), np.array([4.0, 40.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = MadOptions
    median_: float
    scale_: float

    @property
    def threshold(self) -> float:
        """The modified z-score of the limits."""
        return self.options.threshold or _THRESHOLD

    @property
    def decides_by_default(self) -> bool:
        """Whether ``threshold`` is not given."""
        return self.options.threshold is None

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Takes the median and the scale of the values."""
        values = series.values
        self.median_ = float(np.median(values))
        deviations = np.abs(values - self.median_)
        # Where more than half of the values are equal, the MAD is 0, and the mean takes its place.
        mad = float(np.median(deviations))
        self.scale_ = mad / _MAD_OF_NORMAL if mad else _STD_PER_MEAN_DEVIATION * float(deviations.mean())
        # The training points calibrate as they are: no single one moves a median or a MAD far.
        return FitResult()

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by itself."""
        values = points.values[skip:]
        with np.errstate(over="ignore"):
            score = (values - self.median_) / self.scale_
        reach = np.full(values.shape, threshold) * self.scale_
        limits = watched(self.median_ - reach, self.median_ + reach, self.options.side)
        return Nonconformity(score, one_sided(score, self.options.side), np.full(values.shape, self.median_), *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """Median, the robust standard deviation, and limits; a limit on a side that is not watched is infinite."""
        reach = limit * self.scale_
        band = self.median_ - reach, self.median_ + reach
        places = units.unscale_band(*band, self.options.side, median=self.median_)
        return places | {"scale": units.unscale_length(self.scale_)}
