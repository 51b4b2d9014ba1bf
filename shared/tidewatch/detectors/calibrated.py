"""What the methods of the catalogue share: units, context, the scale of p-values and severities, the decision.

A method says how strange each point is and where its band lies; all else is here. So a method's file is short, and one
p-value means the same whoever gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.calibration.trimming import usual_among
from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json, Scores
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

Side = Literal["upper", "lower", "both"]
Options = TypeVar("Options", bound=DetectorOptions)

_LARGEST: Final = float(np.finfo(np.float64).max)
_STRANGEST: Final = 1e300
"""Differences of strangeness still are doubles."""
_FEWEST: Final = 3
"""Points that calibrate at the least."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a method says of m points, in units; every array has shape (m,).

    Attributes:
        score: the method's own statistic.
        strangeness: what orders points from usual to unusual, larger for stranger; NaN where too little came before.
        expected: what was expected; None if the method expects nothing.
        lower, upper: the band at the threshold asked for; None where the method, or its side, has no limit.
        direction: int8, -1, 0 or 1; None to take it from ``expected``.
    """

    score: Floats
    strangeness: Floats
    expected: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    direction: NDArray[np.int8] | None = None


class Knowledge(Protocol):
    """What a method learned: immutable, a pure function of what it measures."""

    @property
    def memory(self) -> int:
        """How many points before a point its judgement looks at; 0 if it is judged by itself."""
        ...

    @property
    def threshold(self) -> float:
        """The strangeness beyond which the method itself, uncalibrated, calls a point an anomaly."""
        ...

    @property
    def period(self) -> int | None:
        """The season that it found, in points; None if it knows of none."""
        ...

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Measures points by what came before each.

        Args:
            points: the context and then the points asked about, values in units.
            skip: how many of them are context: not measured.
            threshold: the strangeness at which the band is to lie.
        """
        ...

    def parameters(self) -> Mapping[str, Json]:
        """As :meth:`Method.restore` takes it, as JSON."""
        ...

    def arrays(self) -> Arrays:
        """What is too large for JSON, likewise; empty for most."""
        ...

    def learned(self, units: Units) -> Mapping[str, float]:
        """What a person wants to know, in the unit of the series; infinite beyond the range of a double."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a method took from a series.

    Attributes:
        knowledge: what it learned.
        strangeness: of usual points that it did not learn from, or as good as: what calibrates it, in any order; NaN is
            left out. None to take that of the training points.
    """

    knowledge: Knowledge
    strangeness: Floats | None = None


class Method(Protocol[Options]):
    """One way to say how strange a point is. A class without state in its own file."""

    @property
    def options_type(self) -> type[Options]:
        """The class of its options."""
        ...

    @property
    def in_units(self) -> bool:
        """Whether it wants values in :class:`Units`, as all do that do not mind overflow by themselves."""
        ...

    def learn(self, series: TimeSeries, options: Options) -> Lesson:
        """Learns from a series, its values in units.

        Raises:
            CannotTrain: if the series does not suit the method, or the options would take too long.
        """
        ...

    def restore(self, options: Options, parameters: Mapping[str, Json], arrays: Arrays) -> Knowledge:
        """The knowledge that gave these ``parameters()`` and ``arrays()``."""
        ...


class CalibratedModel(Generic[Options]):
    """A method's knowledge on the one scale."""

    def __init__(
        self,
        options: Options,
        knowledge: Knowledge,
        calibration: Calibration,
        units: Units | None,
        tail: TimeSeries,
    ) -> None:
        self._options, self._knowledge, self._calibration = options, knowledge, calibration
        self._units, self._tail = units, tail
        rate = options.false_alarm_rate
        self._threshold = knowledge.threshold if rate is None else calibration.limit(rate)

    @property
    def options(self) -> Options:
        """The options that it was fitted with."""
        return self._options

    @property
    def period(self) -> int | None:
        """The season that the method found, in points."""
        return self._knowledge.period

    def score(self, series: TimeSeries, context: TimeSeries | None = None) -> Scores:
        """Judges points that follow the context, or else the training data."""
        before = (self._tail if context is None else context).last(self._knowledge.memory)
        return self._judge(before.followed_by(series), len(before))

    def review(self, series: TimeSeries) -> Scores:
        """Judges points that nothing came before."""
        return self._judge(series, 0)

    def parameters(self) -> Mapping[str, Json]:
        """The method's own, the calibration and the units."""
        parameters: dict[str, Json] = {
            "method": dict(self._knowledge.parameters()),
            "calibration": self._calibration.to_json(),
        }
        return parameters | ({"units": self._units.to_json()} if self._units else {})

    def arrays(self) -> Arrays:
        """The method's own, and the tail of the training data that its judgements look back at."""
        if not len(self._tail):
            return self._knowledge.arrays()
        tail = {"tail_timestamps": self._tail.timestamps, "tail_values": self._tail.values}
        return {**self._knowledge.arrays(), **tail}

    def learned(self) -> Mapping[str, float | None]:
        """What the method learned, in the unit of the series."""
        found = self._knowledge.learned(self._units or Units(0, 0.0, 0))
        return {name: value if np.isfinite(value) else None for name, value in found.items()}

    def _judge(self, points: TimeSeries, skip: int) -> Scores:
        values = points.values[skip:]
        if self._units:
            points = TimeSeries(points.timestamps, self._units.scale(points.values))
        measured = self._knowledge.measure(points, skip, self._threshold)
        strangeness = np.minimum(measured.strangeness, _STRANGEST)
        warming_up = np.isnan(strangeness)
        evidence = self._calibration.evidence(strangeness)
        expected, lower, upper = (
            self._limit(limit, values.size) for limit in (measured.expected, measured.lower, measured.upper)
        )
        if measured.lower is None and measured.upper is None:
            anomaly = strangeness > self._threshold
        else:
            # By the limits that a client sees: an answer must not contradict itself in its last digit.
            anomaly = ((values > upper) | (values < lower)) & ~warming_up
        direction = measured.direction
        if direction is None:
            direction = (values > expected).astype(np.int8) - (values < expected).astype(np.int8)
        return Scores(
            anomaly=anomaly,
            score=np.where(warming_up, np.nan, np.clip(measured.score, -_LARGEST, _LARGEST)),
            p_value=np.power(10.0, -evidence),
            severity=severity_of(evidence),
            expected=expected,
            lower=lower,
            upper=upper,
            direction=direction,
            warming_up=warming_up,
        )

    def _limit(self, limit: Floats | None, size: int) -> Floats:
        if limit is None:
            return np.full(size, np.nan)
        if self._units:
            limit = self._units.unscale(limit)
        return np.where(np.isfinite(limit), limit, np.nan)


class CalibratedDetector(Generic[Options]):
    """A method as the catalogue wants it."""

    def __init__(self, method: Method[Options]) -> None:
        self._method = method

    @property
    def options_type(self) -> type[Options]:
        """The class of the method's options."""
        return self._method.options_type

    def fit(self, series: TimeSeries, options: DetectorOptions) -> CalibratedModel[Options]:
        """Learns, and calibrates.

        Raises:
            CannotTrain: if the series does not suit the method, or the options would take too long.
        """
        chosen = self.options_type.model_validate(options.model_dump())
        units = Units.of(series.values) if self._method.in_units else None
        scaled = TimeSeries(series.timestamps, units.scale(series.values)) if units else series
        lesson = self._method.learn(scaled, chosen)
        knowledge, strangeness = lesson.knowledge, lesson.strangeness
        if strangeness is None:
            strangeness = knowledge.measure(scaled, 0, knowledge.threshold).strangeness
        usual = strangeness[~np.isnan(strangeness)]
        if usual.size < _FEWEST:
            needed = len(series) - usual.size + _FEWEST
            raise CannotTrain(f"{chosen.name} under these options needs at least {needed} points, got {len(series)}")
        calibration = Calibration.of(usual_among(np.clip(usual, -_STRANGEST, _STRANGEST), 1 + knowledge.memory))
        return CalibratedModel(chosen, knowledge, calibration, units, series.last(knowledge.memory))

    def restore(
        self, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays
    ) -> CalibratedModel[Options]:
        """Builds the model anew."""
        chosen = self.options_type.model_validate(options)
        own = {name: array for name, array in arrays.items() if not name.startswith("tail_")}
        tail = TimeSeries.empty()
        if "tail_values" in arrays:
            tail = TimeSeries(arrays["tail_timestamps"], arrays["tail_values"])
        return CalibratedModel(
            chosen,
            self._method.restore(chosen, parameters["method"], own),
            Calibration.from_json(parameters["calibration"]),
            Units.from_json(parameters["units"]) if "units" in parameters else None,
            tail,
        )


def one_sided(signed: Floats, side: Side) -> Floats:
    """The strangeness of a statistic that is positive above and negative below what is usual."""
    if side == "both":
        return np.abs(signed)
    return signed if side == "upper" else -signed
