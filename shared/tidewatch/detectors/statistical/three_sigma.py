"""The three-sigma rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, DetectorOptions, Floats, Json, Model, Side
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, one_sided, watched
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries


class ThreeSigmaOptions(DetectorOptions):
    """Mean plus or minus a number of standard deviations, over the whole training series."""

    name: Literal["three_sigma"] = "three_sigma"
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many standard deviations from the mean the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "upper"


class ThreeSigma(Detector[ThreeSigmaOptions]):
    """How many standard deviations a value lies from the mean of the training values: the z-score.

    For a series around one level, without anomalies in its training data: a wild value there moves the mean, and widens
    the band for all others. Of a series of two values the rarer one is an anomaly each time, where it is less than one
    point in ten: it is then more than 3 standard deviations away.

        score = (value - mean) / std

    with the population standard deviation (ddof 0). A point is an anomaly where it lies strictly beyond a limit.

    Source: W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931), part VI, three-sigma limits.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(np.arange(6), np.array([1.0, 3.0, 1.0, 3.0, 1.0, 3.0]))
    >>> model = fit_model(history, ThreeSigmaOptions())
    >>> model.learned()
    {'mean': 2.0, 'lower': None, 'upper': 5.0, 'std': 1.0}
    >>> model.score(TimeSeries(np.array([6, 7]), np.array([5.0, 5.1]))).anomaly.tolist()
    [False, True]
    """

    options_type = ThreeSigmaOptions
    mean_: float
    std_: float

    @property
    def threshold(self) -> float:
        """The z-score of the limits."""
        return self.options.sigmas

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Takes the mean and the standard deviation of the values."""
        self.mean_, self.std_ = float(series.values.mean()), float(series.values.std())
        return FitResult()

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by itself."""
        values, side = points.values[skip:], self.options.side
        with np.errstate(over="ignore"):
            z = (values - self.mean_) / self.std_
        reach = np.full(values.shape, threshold) * self.std_
        limits = watched(self.mean_ - reach, self.mean_ + reach, side)
        return Nonconformity(z, one_sided(z, side), np.full(values.shape, self.mean_), *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """Mean, limits and standard deviation; a limit on a side that is not watched is infinite."""
        reach = limit * self.std_
        places = units.unscale_band(self.mean_ - reach, self.mean_ + reach, self.options.side, mean=self.mean_)
        return places | {"std": units.unscale_length(self.std_)}

    @classmethod
    def units_of(cls, values: Floats) -> Units | None:
        """Those of all values: in mean and standard deviation each counts, however wild."""
        return Units.of(values)

    @classmethod
    def restore(cls, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Model:
        """Builds a model of this form, or of the one that was stored before values came in units."""
        detector = _WithExactLimits if "exponent" in parameters["method"] else cls
        return super(ThreeSigma, detector).restore(options, parameters, arrays)


class _WithExactLimits(ThreeSigma):
    """A model that was published while limits were worked out without rounding: it judges as it did.

    The mean is ``(mean_high + mean_low) * 2**exponent``, the standard deviation ``std_scaled * 2**exponent``; the
    limits are in the unit of the series.
    """

    in_units = False

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Takes moments and limits; null is a limit that is not watched, or beyond the range of a double."""
        self._stored = parameters
        self._exponent = int(parameters["exponent"])
        self._high, self._low, self.std_ = (float(parameters[n]) for n in ("mean_high", "mean_low", "std_scaled"))
        lower, upper = parameters["lower"], parameters["upper"]
        self._limits = -np.inf if lower is None else float(lower), np.inf if upper is None else float(upper)

    def parameters(self) -> Mapping[str, Json]:
        """As they were stored."""
        return self._stored

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each value by itself."""
        values, side = points.values[skip:], self.options.side
        with np.errstate(over="ignore", under="ignore"):
            z = ((np.ldexp(values, -self._exponent) - self._high) - self._low) / self.std_
        lower, upper = self._band(float(np.max(threshold)))
        limits = watched(np.full(values.shape, lower), np.full(values.shape, upper), side)
        return Nonconformity(z, one_sided(z, side), np.full(values.shape, self._in_unit_of_series(self._high)), *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """Mean, standard deviation and limits."""
        mean, std = self._in_unit_of_series(self._high), self._in_unit_of_series(self.std_)
        return {"mean": mean, "std": std, "lower": self._limits[0], "upper": self._limits[1]}

    def _band(self, threshold: float) -> tuple[float, float]:
        if threshold == self.threshold:
            return self._limits
        lower, upper = (self._high + (sigmas * self.std_ + self._low) for sigmas in (-threshold, threshold))
        return self._in_unit_of_series(lower), self._in_unit_of_series(upper)

    def _in_unit_of_series(self, value: float) -> float:
        with np.errstate(over="ignore"):
            return float(np.ldexp(value, self._exponent))
