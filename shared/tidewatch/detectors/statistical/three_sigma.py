"""The three-sigma rule: a value is unusual when it is more than three standard deviations from the mean.

Source: W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931), part VI, three-sigma limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side, one_sided
from tidewatch.detectors.statistical.moments import ExactMoments, Moments
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries


class ThreeSigmaOptions(DetectorOptions):
    """Mean plus or minus a number of standard deviations, over the whole training series."""

    name: Literal["three_sigma"] = "three_sigma"
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many standard deviations from the mean the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "upper"


class _Limits:
    """Limits at ``mean ± sigmas * std``; a point is an anomaly strictly outside, on the chosen side.

    The score is the signed z-score, ``(value - mean) / std``.
    """

    memory = 0
    period = None

    def __init__(self, options: ThreeSigmaOptions, moments: Moments, lower: float, upper: float) -> None:
        # Infinity stands for a limit beyond the range of a double, or on a side that is not watched: no double is past
        # it, so the decision holds.
        self.threshold = options.sigmas
        self._side = options.side
        self._moments = moments
        self._lower = lower
        self._upper = upper

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """By the exact limits, or where calibration asks for others, by those in floating point."""
        values = points.values[skip:]
        score = self._moments.standardise(values)
        lower, upper = self._lower, self._upper
        if threshold != self.threshold:
            lower, upper = self._moments.at(-threshold), self._moments.at(threshold)
        return Measured(
            score=score,
            strangeness=one_sided(score, self._side),
            expected=np.full(values.shape, self._moments.mean),
            lower=None if self._side == "upper" else np.full(values.shape, lower),
            upper=None if self._side == "lower" else np.full(values.shape, upper),
        )

    def parameters(self) -> Mapping[str, Json]:
        """Moments and limits; a limit that is infinite is null."""
        limits = {"lower": self._lower, "upper": self._upper}
        return self._moments.to_json() | {name: value if np.isfinite(value) else None for name, value in limits.items()}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """Mean, standard deviation and limits, in the unit of the series."""
        return {"mean": self._moments.mean, "std": self._moments.std, "lower": self._lower, "upper": self._upper}


class _ThreeSigma:
    options_type = ThreeSigmaOptions
    in_units = False  # its moments are exact over the whole range of doubles

    def learn(self, series: TimeSeries, options: ThreeSigmaOptions) -> Lesson:
        exact = ExactMoments.of(series.values)
        upper = exact.highest_within(options.sigmas) if options.side != "lower" else np.inf
        lower = -exact.mirrored().highest_within(options.sigmas) if options.side != "upper" else -np.inf
        moments = Moments.of(exact)
        scores = _leave_one_out(moments.standardise(series.values))
        return Lesson(_Limits(options, moments, lower, upper), one_sided(scores, options.side))

    def restore(self, options: ThreeSigmaOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Limits:
        lower, upper = parameters["lower"], parameters["upper"]
        return _Limits(
            options,
            Moments.from_json(parameters),
            -np.inf if lower is None else float(lower),
            np.inf if upper is None else float(upper),
        )


def _leave_one_out(scores: Floats) -> Floats:
    """Each point's z-score by the mean and standard deviation of all others, as a new point gets it.

    Source: R. D. Cook, S. Weisberg, Residuals and Influence in Regression (1982), section 2.2, for a constant model.
    """
    size = scores.size
    return scores * np.sqrt(size / np.maximum(size - 1.0 - scores**2, 1e-12))


DETECTOR: Final = CalibratedDetector(_ThreeSigma())
