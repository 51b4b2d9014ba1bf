"""The moving average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import CannotTrain, DetectorOptions, Floats, Side
from tidewatch.detectors.decision import THREE_SIGMAS
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided, watched
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows import moments_before
from tidewatch.series import TimeSeries

_CALIBRATING: Final = 3
"""Points beyond the first window that a calibration needs."""
_LEAST_STD: Final = 0.05
"""The least standard deviation of a window, in those of a typical one: after a perfect calm, such as a gauge that stood
still, the smallest change would be infinitely unusual."""


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
        float | None,
        Field(
            gt=0,
            le=1000,
            description="How many rolling standard deviations from the mean the limit lies; unless given, 3, and no "
            "less than training and the last points ask for.",
        ),
    ] = None
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


class MovingAverage(Detector[MovingAverageOptions]):
    """How many rolling standard deviations a value lies from the mean of the points before it.

    For a series whose level and spread drift: each point is measured by its own recent past, so a busy hour is judged
    as busy and a calm one as calm. It follows a change of level within one window, and then no longer reports it. In a
    series that stands still for longer than a window and then jumps, such as on and off, a jump out of stillness is as
    many deviations as a value twenty times as far among other jumps, and may hide it.

        score[t] = (value[t] - mean) / std, both of the window before t, std as of a sample (ddof 1)

    Source: the moving average chart, D. C. Montgomery, Introduction to Statistical Quality Control (6th edition, 2009),
    section 9.3; here with the spread of the same window in place of a known one.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(np.arange(200), np.random.default_rng(0).normal(10.0, 1.0, 200))
    >>> model = fit_model(history, MovingAverageOptions())
    >>> model.score(TimeSeries(np.array([200, 201]), np.array([10.5, 20.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = MovingAverageOptions
    std_: float

    @property
    def threshold(self) -> float:
        """How many standard deviations from the mean the limits lie."""
        return self.options.sigmas or THREE_SIGMAS

    @property
    def decides_by_default(self) -> bool:
        """Whether ``sigmas`` is not given."""
        return self.options.sigmas is None

    @property
    def lookback(self) -> int:
        """The window."""
        return self.options.window

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Takes the typical standard deviation of a window.

        Raises:
            CannotTrain: if the series is shorter than a window, and a little more.
        """
        window = self.options.window
        needed = window + _CALIBRATING
        if len(series) < needed:
            raise CannotTrain(
                f"moving_average needs at least {needed} points for a window of {window}, got {len(series)}",
                option="window",
            )
        _, std = _sample_moments_before(series.values, window, window)
        # Where most windows are constant the mean tells more than the median, and where all are, the whole series.
        self.std_ = float(np.median(std)) or float(std.mean()) or float(np.abs(series.values).mean())
        return FitResult()

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by the window before it."""
        side = self.options.side
        mean, std = _sample_moments_before(points.values, self.options.window, skip)
        std = np.maximum(std, _LEAST_STD * self.std_)
        with np.errstate(over="ignore"):
            z = (points.values[skip:] - mean) / std
            reach = threshold * std
        limits = watched(mean - reach, mean + reach, side)
        return Nonconformity(z, one_sided(z, side), mean, *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The typical standard deviation of a window."""
        return {"std": units.unscale_length(self.std_)}


def _sample_moments_before(values: Floats, window: int, skip: int) -> tuple[Floats, Floats]:
    mean, std = moments_before(values, window, skip)
    std *= np.sqrt(window / (window - 1.0))
    return mean, std
