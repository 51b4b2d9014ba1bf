"""The modified z-score: how many robust standard deviations a value lies from the median.

For a series around one level whose training data may hold anomalies itself: up to half of the values can be wild
without moving the median or the median absolute deviation (MAD) far.

Source: B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers (1993), ASQC Basic References in Quality Control 16,
section 3.3: 0.6745 * (value - median) / MAD, an outlier beyond 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, DetectorOptions, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side, one_sided
from tidewatch.detectors.sides import learned_places, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

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
        float, Field(gt=0, le=1000, description="The modified z-score beyond which a value is unusual.")
    ] = 3.5
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class _Limits:
    """Limits at ``median ± threshold * scale``. The score is the signed modified z-score."""

    memory = 0
    period = None

    def __init__(self, options: MadOptions, median: float, scale: float) -> None:
        self.threshold = options.threshold
        self._side = options.side
        self._median, self._scale = median, scale

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by its own value."""
        values = points.values[skip:]
        with np.errstate(over="ignore"):
            score = (values - self._median) / self._scale
        lower, upper = self._band(threshold)
        limits = watched(np.full(values.shape, lower), np.full(values.shape, upper), self._side)
        return Measured(score, one_sided(score, self._side), np.full(values.shape, self._median), *limits)

    def parameters(self) -> Mapping[str, Json]:
        """Median and scale, in units."""
        return {"median": self._median, "scale": self._scale}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """Median, the robust standard deviation, and limits; a limit on a side that is not watched is infinite."""
        places = learned_places(units, *self._band(self.threshold), self._side, median=self._median)
        return places | {"scale": units.unscale_length(self._scale)}

    def _band(self, threshold: float) -> tuple[float, float]:
        return self._median - threshold * self._scale, self._median + threshold * self._scale


class _Mad:
    options_type = MadOptions
    in_units = True

    def learn(self, series: TimeSeries, options: MadOptions) -> Lesson:
        values = series.values
        median = float(np.median(values))
        deviations = np.abs(values - median)
        # More than half of the values equal: MAD is 0, and the mean takes its place.
        mad = float(np.median(deviations))
        scale = mad / _MAD_OF_NORMAL if mad else _STD_PER_MEAN_DEVIATION * float(deviations.mean())
        # The training points calibrate as they are: no one of them moves a median or a MAD far.
        return Lesson(_Limits(options, median, scale))

    def restore(self, options: MadOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Limits:
        return _Limits(options, float(parameters["median"]), float(parameters["scale"]))


DETECTOR: Final = CalibratedDetector(_Mad())
