"""Peaks over a threshold: how improbable a value is by the tail of the distribution that the training values have.

For a series whose extremes matter and whose distribution is not normal: the limit is not a number of deviations but a
probability, read off a generalised Pareto tail, which any distribution's extremes come near. With ``depth`` the same is
done on what is left when the mean of the last points is taken away, for a series that drifts.

Source: A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, Anomaly Detection in Streams with Extreme Value Theory (2017),
KDD: SPOT, and with ``depth`` DSPOT, both tails. Two things are done otherwise, on purpose. A model does not go on
learning from what it judges; a new fit does that. And the tail is fitted by probability-weighted moments, its shape
held between 0 and 0.5, not by maximum likelihood: of 1,000 values, of which 20 are peaks, that lets 5 to 9 times the
risk through, this at most 3 times; and a tail that ends would call the first value beyond its end impossible.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.before import moments_before
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson, Measured, Side
from tidewatch.detectors.pareto import excess_at, fit_pareto, log_survival
from tidewatch.detectors.protocol import Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.sides import learned_places, stranger, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

_FEWEST_PEAKS: Final = 10
_MOST_IN_TAIL: Final = 0.2
_LEAST: Final = 0.05
"""The least scale of a tail, in distances from the median to where it begins: for peaks that are all the same."""
_LN10: Final = math.log(10.0)
_HALF: Final = math.log10(2.0)


class EvtOptions(DetectorOptions):
    """Limits that a value passes with a given probability, by the tails of the training values.

    A point is judged by its value alone, or with ``depth`` by how far it is from the mean of the last points. These are
    counted, not timed: after a gap, the points before it are the last ones.
    """

    name: Literal["evt"] = "evt"
    risk: Annotated[
        float,
        Field(
            ge=1e-9,
            le=1e-3,
            description="Probability that a usual value lies beyond a limit, on each watched side. 0.0001 is once a "
            "week where there is a point a minute.",
        ),
    ] = 1e-4
    level: Annotated[
        float,
        Field(
            ge=1.0 - _MOST_IN_TAIL,
            le=0.999,
            description="Share of the training values below the upper tail, and above the lower one. At least 10 values "
            "are in a tail, however few there are.",
        ),
    ] = 0.98
    depth: Annotated[
        int,
        Field(
            ge=0,
            le=1_440,
            description="How many points just before a point make the mean that is taken away from it; 0 to judge values "
            "as they are.",
        ),
    ] = 0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "both"


@dataclass(frozen=True, slots=True)
class _Tail:
    """How improbable it is to be so far above the centre, in units; below it, the same of negated values.

    Heights are minus the decimal logarithm of the probability that a usual value is further up. Half of the values are
    above the centre; the tail is Pareto; from the one to the other a straight line leads.

    Attributes:
        start: where the tail begins, above the centre by more than 0.
        height: there.
        scale, shape: of the tail.
    """

    start: float
    height: float
    scale: float
    shape: float

    @classmethod
    def of(cls, rises: Floats, level: float) -> _Tail:
        """The tail of values less their median, shape (n,), n at least 50."""
        peaks = max(round(rises.size * (1.0 - level)), _FEWEST_PEAKS)
        highest = np.sort(np.partition(rises, rises.size - peaks - 1)[rises.size - peaks - 1 :])
        start = float(highest[0])
        (scale,), (shape,) = fit_pareto(highest[None, 1:] - start)
        # Where so many values equal the median that the tail begins there, it begins just beside it instead.
        start = start or _LEAST * (float(scale) or float(np.abs(rises).mean()))
        height = -math.log10(peaks / rises.size)
        return cls(start, height, max(float(scale), _LEAST * start, sys.float_info.min), float(shape))

    def heights(self, rises: Floats) -> Floats:
        """Of values less the centre; all below the centre are as usual as it is."""
        heights = np.clip(rises, 0.0, self.start) * ((self.height - _HALF) / self.start) + _HALF
        beyond = rises > self.start
        if beyond.any():
            heights[beyond] = self.height - log_survival(rises[beyond] - self.start, self.scale, self.shape) / _LN10
        return heights

    def at(self, height: float) -> float:
        """How far above the centre this height is; infinite beyond the range of a double."""
        if height <= self.height:
            return self.start * max(0.0, (height - _HALF) / (self.height - _HALF))
        with np.errstate(over="ignore"):
            return self.start + excess_at((self.height - height) * _LN10, self.scale, self.shape)


class _Peaks:
    """Limits where the tails have the risk. The score is minus the decimal logarithm of a value's tail probability.

    So 4 is one in ten thousand on its side, and at the centre half of the values are further out: 0.3.
    """

    period = None

    def __init__(self, options: EvtOptions, centre: float, upper: _Tail, lower: _Tail) -> None:
        self.memory = options.depth
        self.threshold = -math.log10(options.risk)
        self._side = options.side
        self._centre, self._upper, self._lower = centre, upper, lower

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Each by its own value, or by that less the mean of the points before it."""
        values = points.values[skip:]
        if self.memory:
            expected = moments_before(points.values, self.memory, skip)[0] + self._centre
        else:
            expected = np.full(values.shape, self._centre)
        rises = values - expected
        heights = stranger(self._upper.heights(rises), self._lower.heights(-rises), self._side)
        limits = watched(expected - self._lower.at(threshold), expected + self._upper.at(threshold), self._side)
        return Measured(heights, heights, expected, *limits)

    def parameters(self) -> Mapping[str, Json]:
        """Centre and tails, in units."""
        return {"centre": self._centre, "upper": asdict(self._upper), "lower": asdict(self._lower)}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def learned(self, units: Units) -> Mapping[str, float]:
        """The tails' shapes; median and limits, or with depth how far these are from the mean of the last points."""
        shapes = {"upper_shape": self._upper.shape, "lower_shape": self._lower.shape}
        above, below = self._upper.at(self.threshold), self._lower.at(self.threshold)
        if self.memory:
            above, below = self._centre + above, below - self._centre
            return shapes | {"above": units.unscale_length(above), "below": units.unscale_length(below)}
        limits = self._centre - below, self._centre + above
        return shapes | learned_places(units, *limits, self._side, median=self._centre)


class _Evt:
    options_type = EvtOptions
    in_units = True

    def learn(self, series: TimeSeries, options: EvtOptions) -> Lesson:
        least = options.depth + round(_FEWEST_PEAKS / _MOST_IN_TAIL)
        if len(series) < least:
            raise CannotTrain(
                f"evt needs at least {least} points for a depth of {options.depth}, got {len(series)}",
                option="depth" if options.depth else None,
            )
        values = series.values
        if options.depth:
            values = values[options.depth :] - moments_before(values, options.depth, options.depth)[0]
        centre = float(np.median(values))
        upper, lower = _Tail.of(values - centre, options.level), _Tail.of(centre - values, options.level)
        return Lesson(_Peaks(options, centre, upper, lower))

    def restore(self, options: EvtOptions, parameters: Mapping[str, Json], arrays: Arrays) -> _Peaks:
        upper, lower = _Tail(**parameters["upper"]), _Tail(**parameters["lower"])
        return _Peaks(options, float(parameters["centre"]), upper, lower)


DETECTOR: Final = CalibratedDetector(_Evt())
