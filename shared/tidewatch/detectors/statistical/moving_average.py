"""The moving average: how many rolling standard deviations a value lies from the mean of the points before it.

For a series whose level and spread drift: each point is measured by its own recent past, so a busy hour is judged as
busy and a calm one as calm. It follows a change of level within one window, and falls silent about it.

Source: the moving average chart, D. C. Montgomery, Introduction to Statistical Quality Control (6th edition, 2009),
section 9.3; here with the spread of the same window in place of a known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side, one_sided
from tidewatch.detectors.sides import watched
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows.before import moments_before
from tidewatch.series import TimeSeries

_CALIBRATING: Final = 3
"""Points beyond the first window that a calibration needs."""
_LEAST_STD: Final = 0.05
"""The least standard deviation of a window, in those of a typical one: after a calm that was perfect, such as a gauge
that stood still, the smallest change would be infinitely strange."""


class MovingAverageOptions(DetectorOptions):
    """Mean plus or minus a number of standard deviations, both of the points just before.

    Windows count points, not time: after a gap, the points before it are what came before.
    """

    name: Literal["moving_average"] = "moving_average"
    window: Annotated[
        int,
        Field(
            ge=3, le=1_440, description="How many points before a point it is compared with: up to a day of minutes."
        ),
    ] = 20
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many rolling standard deviations from the mean the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class _Rolling:
    """Limits at ``mean ± sigmas * std`` of the window before a point.

    The score is the signed distance from that mean in those standard deviations, which are of a sample (ddof 1).
    """

    period = None

    def __init__(self, options: MovingAverageOptions, std: float) -> None:
        self.memory = options.window
        self.threshold = options.sigmas
        self._side = options.side
        self._std = std

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by the window before it."""
        mean, std = _sample_moments_before(points.values, self.memory, skip)
        std = np.maximum(std, _LEAST_STD * self._std)
        with np.errstate(over="ignore"):
            score = (points.values[skip:] - mean) / std
            reach = threshold * std
        limits = watched(mean - reach, mean + reach, self._side)
        return Measured(score, one_sided(score, self._side), mean, *limits)

    def parameters(self) -> Mapping[str, Json]:
        """The typical standard deviation of a window, in units."""
        return {"std": self._std}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """The typical standard deviation of a window."""
        return {"std": units.unscale_length(self._std)}


class _MovingAverage:
    options_type = MovingAverageOptions
    in_units = True

    def learn(self, series: TimeSeries, options: MovingAverageOptions) -> Lesson:
        needed = options.window + _CALIBRATING
        if len(series) < needed:
            raise CannotTrain(
                f"moving_average needs at least {needed} points for a window of {options.window}, got {len(series)}",
                option="window",
            )
        _, std = _sample_moments_before(series.values, options.window, options.window)
        # Where most windows are constant the mean tells more than the median, and where all are, the whole series.
        typical = float(np.median(std)) or float(std.mean()) or float(np.abs(series.values).mean())
        return Lesson(_Rolling(options, typical))

    def restore(self, options: MovingAverageOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Rolling:
        return _Rolling(options, float(parameters["std"]))


def _sample_moments_before(values: Floats, window: int, skip: int) -> tuple[Floats, Floats]:
    mean, std = moments_before(values, window, skip)
    std *= np.sqrt(window / (window - 1.0))
    return mean, std


DETECTOR: Final = CalibratedDetector(_MovingAverage())
