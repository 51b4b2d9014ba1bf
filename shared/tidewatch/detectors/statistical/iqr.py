"""Tukey's fences: how many interquartile ranges a value lies beyond the nearer quartile.

For a series around one level whose values are skewed: each fence starts from its own quartile, so a long tail on one
side moves the fence of that side. Up to a quarter of the training values on either side can be wild.

Source: J. W. Tukey, Exploratory Data Analysis (1977), chapter 2: inner fences at 1.5 steps of the quartiles' distance,
outer ones at 3; the letter values that stand in for quartiles that coincide are of the same chapter.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side
from tidewatch.detectors.sides import learned_places, stranger, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

_DEEPEST: Final = 8
"""1/256 on either side: about as much of a normal distribution as lies beyond its fences."""


class IqrOptions(DetectorOptions):
    """First quartile minus, third quartile plus, a number of interquartile ranges, over the whole training series.

    A point is judged by its value alone: neither gaps nor the sampling step matter.
    """

    name: Literal["iqr"] = "iqr"
    k: Annotated[
        float, Field(gt=0, le=1000, description="How many interquartile ranges beyond a quartile its fence lies.")
    ] = 1.5
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


@dataclass(frozen=True, slots=True)
class _Box:
    """What the fences stand on, in units.

    Where the quartiles are equal, ``low`` and ``high`` are the eighths instead, else the sixteenths, and so on, and
    ``length`` is the interquartile range of a normal distribution that has these.
    """

    low: float
    high: float
    length: float

    @classmethod
    def of(cls, values: Floats) -> _Box:
        for depth in range(2, _DEEPEST + 1):
            share = 2.0**-depth
            low, high = map(float, np.quantile(values, (share, 1.0 - share)))
            if high > low:
                length = (high - low) * _normal_quantile(0.25) / _normal_quantile(share)
                return cls(low, high, max(length, sys.float_info.min))
        # All but a few values are equal, so that any other is strange; how strange is told by how far those few lie.
        deviation = float(np.abs(values - low).mean())
        return cls(low, high, -2.0 * _normal_quantile(0.25) * math.sqrt(math.pi / 2.0) * deviation)

    @property
    def middle(self) -> float:
        return 0.5 * (self.low + self.high)


def _normal_quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)


class _Fences:
    """Fences at ``low - k * length`` and ``high + k * length``.

    The score is how many lengths a value lies beyond the box: positive above it, negative below it, 0 within. The
    strangeness also orders values within, by how near they are to the nearer end; so the middle of the box, the
    midhinge, is what is expected.
    """

    memory = 0
    period = None

    def __init__(self, options: IqrOptions, box: _Box) -> None:
        self.threshold = options.k
        self._side = options.side
        self._box = box

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by its own value."""
        values, box = points.values[skip:], self._box
        with np.errstate(over="ignore"):
            above = (values - box.high) / box.length
            below = (box.low - values) / box.length
        lower, upper = self._band(threshold)
        limits = watched(np.full(values.shape, lower), np.full(values.shape, upper), self._side)
        score = np.maximum(above, 0.0) - np.maximum(below, 0.0)
        return Measured(score, stranger(above, below, self._side), np.full(values.shape, box.middle), *limits)

    def parameters(self) -> Mapping[str, Json]:
        """The box, in units."""
        return asdict(self._box)

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """Box and fences; a fence on a side that is not watched is infinite."""
        box = self._box
        places = learned_places(units, *self._band(self.threshold), self._side, q1=box.low, q3=box.high)
        return places | {"iqr": units.unscale_length(box.length)}

    def _band(self, threshold: float) -> tuple[float, float]:
        return self._box.low - threshold * self._box.length, self._box.high + threshold * self._box.length


class _Iqr:
    options_type = IqrOptions
    in_units = True

    def learn(self, series: TimeSeries, options: IqrOptions) -> Lesson:
        # The training points calibrate as they are: no one of them moves a quartile far.
        return Lesson(_Fences(options, _Box.of(series.values)))

    def restore(self, options: IqrOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Fences:
        return _Fences(options, _Box(**parameters))


DETECTOR: Final = CalibratedDetector(_Iqr())
