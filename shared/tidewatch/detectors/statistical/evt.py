"""Peaks over a threshold."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.calibration.pareto import excesses_at, fit_pareto, log_survival
from tidewatch.calibration.trimming import trim_outliers, without_echoes
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json, Side
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, larger_of, watched
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows import moments_before
from tidewatch.series import TimeSeries

_RISK: Final = 1e-4
_FEWEST_PEAKS: Final = 10
_MOST_IN_TAIL: Final = 0.2
_FOLDS: Final = 10
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
        float | None,
        Field(
            ge=1e-9,
            le=1e-3,
            description="Probability that a usual value lies beyond a limit, on each watched side. 0.0001 is once a "
            "week where there is a point a minute; that is the most unless given, and less where training or the last "
            "points ask for it.",
        ),
    ] = None
    level: Annotated[
        float,
        Field(
            ge=1.0 - _MOST_IN_TAIL,
            le=0.999,
            description="Share of the training values below the upper tail, and above the lower one. Each tail has at "
            "least 10 values, however few there are.",
        ),
    ] = 0.98
    depth: Annotated[
        int,
        Field(
            ge=0,
            le=1_440,
            description="How many points just before a point make the mean that is taken away from it; 0 to judge "
            "values as they are.",
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
    def of(cls, rises: Floats, share: float, least: float) -> _Tail:
        """The highest share of values less their median, shape (n,), n at least 45; with a start for want of any."""
        peaks = round(rises.size * share)
        highest = np.sort(np.partition(rises, rises.size - peaks - 1)[rises.size - peaks - 1 :])
        start = float(highest[0])
        (scale,), (shape,) = fit_pareto(highest[None, 1:] - start)
        # Where so many values equal the median that the tail begins there, it begins just beside it instead.
        start = start or _LEAST * float(scale) or least
        # The same for all parts of a series: values that are equal must be as improbable by one as by another.
        height = -math.log10(share)
        return cls(start, height, max(float(scale), _LEAST * start, sys.float_info.min), float(shape))

    def heights(self, rises: Floats) -> Floats:
        """Of values less the centre; all below the centre are as usual as it is."""
        heights = np.clip(rises, 0.0, self.start) / self.start * (self.height - _HALF) + _HALF
        beyond = rises > self.start
        if beyond.any():
            heights[beyond] = self.height - log_survival(rises[beyond] - self.start, self.scale, self.shape) / _LN10
        return heights

    def at(self, heights: Floats) -> Floats:
        """How far above the centre these heights are; infinite beyond the range of a double."""
        within = self.start * np.clip((heights - _HALF) / (self.height - _HALF), 0.0, 1.0)
        with np.errstate(over="ignore"):
            depth = np.minimum(self.height - heights, 0.0) * _LN10
            return within + excesses_at(depth, self.scale, self.shape)


@dataclass(frozen=True, slots=True)
class _Tails:
    """Both tails of values around their median, in units."""

    centre: float
    upper: _Tail
    lower: _Tail

    @classmethod
    def of(cls, values: Floats, share: float, least: float) -> _Tails:
        """The tails of values, shape (n,), n at least 45; as :meth:`_Tail.of`."""
        centre = float(np.median(values))
        return cls(centre, _Tail.of(values - centre, share, least), _Tail.of(centre - values, share, least))

    def heights(self, values: Floats, side: Side) -> Floats:
        """How improbable each value is, on the side that it is on, of those that are watched."""
        rises = values - self.centre
        return larger_of(self.upper.heights(rises), self.lower.heights(-rises), side)

    def band(self, heights: Floats) -> tuple[Floats, Floats]:
        """Where the lower and the upper tail have these heights."""
        return self.centre - self.lower.at(heights), self.centre + self.upper.at(heights)


class Evt(Detector[EvtOptions]):
    """How improbable a value is by the tail of the distribution that the training values have.

    For a series whose extremes matter and whose distribution is not normal: the limit is not a number of deviations but
    a probability, read off a generalised Pareto tail, which any distribution's extremes come near. With ``depth`` the
    same is done on what is left when the mean of the last points is taken away, for a series that drifts.

        score = -log10 P(a usual value is further out on the same side)

    So 4 is one in ten thousand on its side, and at the centre half of the values are further out: 0.3.

    Source: A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, Anomaly Detection in Streams with Extreme Value Theory
    (2017), KDD: SPOT, and with ``depth`` DSPOT, both tails. Two things are done otherwise, on purpose. A model does not
    go on learning from what it judges; a new fit does that. And a tail is fitted by probability-weighted moments, its
    shape held between 0 and 0.5, not by maximum likelihood. From 1,000 values, 20 of them peaks, maximum likelihood
    lets through 5 to 9 times a risk of 0.0001 on average, for six usual distributions; moments let through 3.2 times at
    most. And a tail that ends would call the first value beyond its end impossible.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(np.arange(2_000), np.random.default_rng(0).exponential(1.0, 2_000))
    >>> model = fit_model(history, EvtOptions(side="upper", risk=1e-3))
    >>> model.score(TimeSeries(np.array([2_000, 2_001]), np.array([4.0, 20.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = EvtOptions
    tails_: _Tails

    @property
    def threshold(self) -> float:
        """The score of a value that has the risk."""
        return -math.log10(self.options.risk or _RISK)

    @property
    def decides_by_default(self) -> bool:
        """Whether ``risk`` is not given."""
        return self.options.risk is None

    @property
    def lookback(self) -> int:
        """The points whose mean is taken away."""
        return self.options.depth

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Fits both tails.

        Raises:
            CannotTrain: if the series has too few points for tails.
        """
        depth = self.options.depth
        needed = depth + round(_FEWEST_PEAKS / _MOST_IN_TAIL)
        if len(series) < needed:
            raise CannotTrain(
                f"evt needs at least {needed} points for a depth of {depth}, got {len(series)}",
                option="depth" if depth else None,
            )
        values = series.values
        if depth:
            values = values[depth:] - moments_before(values, depth, depth)[0]
        least = _LEAST * float(np.abs(series.values).mean())
        usual = _is_usual(values, depth)
        share = max(1.0 - self.options.level, _FEWEST_PEAKS / np.count_nonzero(usual))
        self.tails_ = _Tails.of(values[usual], share, least)
        heights = _cross_fitted_heights(values, usual, self.options.side, share, least)
        return FitResult(without_echoes(heights, depth))

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each by its own value, or by that less the mean of the points before it."""
        values, side = points.values[skip:], self.options.side
        lower, upper = self.tails_.band(np.full(values.shape, threshold))
        level = np.zeros(values.shape)
        if self.lookback:
            level, _ = moments_before(points.values, self.lookback, skip)
        heights = self.tails_.heights(values - level, side)
        limits = watched(level + lower, level + upper, side)
        return Nonconformity(heights, heights, level + self.tails_.centre, *limits)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The tails' shapes; median and limits, or with depth how far these are from the mean of the last points."""
        tails = self.tails_
        shapes = {"upper_shape": tails.upper.shape, "lower_shape": tails.lower.shape}
        lower, upper = (float(end) for end in tails.band(np.array(limit)))
        if self.lookback:
            return shapes | {"above": units.unscale_length(upper), "below": units.unscale_length(-lower)}
        return shapes | units.unscale_band(lower, upper, self.options.side, median=tails.centre)

    def parameters(self) -> Mapping[str, Json]:
        """Both tails, in units."""
        return asdict(self.tails_)

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Sets both tails."""
        upper, lower = _Tail(**parameters["upper"]), _Tail(**parameters["lower"])
        self.tails_ = _Tails(float(parameters["centre"]), upper, lower)

    def arrays(self) -> Arrays:
        """None."""
        return {}


def _cross_fitted_heights(values: Floats, usual: NDArray[np.bool_], side: Side, share: float, least: float) -> Floats:
    """Each point's height by tails that were fitted to the usual values outside its tenth of the series.

    An extreme value moves the tail that is fitted to it outwards, and would be judged too mildly.
    """
    heights = np.empty(values.shape)
    bounds = np.linspace(0, values.size, _FOLDS + 1).astype(np.intp).tolist()
    for start, end in pairwise(bounds):
        others = np.concatenate([values[:start][usual[:start]], values[end:][usual[end:]]])
        heights[start:end] = _Tails.of(others, share, least).heights(values[start:end], side)
    return heights


def _is_usual(values: Floats, depth: int) -> NDArray[np.bool_]:
    """Which values are not far beyond all others: one of those would make the tail so heavy that it is within it."""
    distance = np.abs(values - np.median(values))
    usual: NDArray[np.bool_] = distance <= trim_outliers(distance, 1 + depth)[-1]
    return usual
