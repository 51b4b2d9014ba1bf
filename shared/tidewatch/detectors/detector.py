"""The base class of all detectors, and the model that a fit gives.

A detector says how unusual each point is (its nonconformity score) and where its band lies. The units of the series,
calibrated p-values and severities, the decision, context, and the stored form are handled here, so a p-value means the
same whichever detector gives it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.conformal import Calibration
from tidewatch.calibration.trimming import trim_outliers, without_echoes
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, CannotTrain, DetectorOptions, Floats, Json, Model, Side
from tidewatch.detectors.calibrated import LARGEST_NONCONFORMITY, CalibratedModel
from tidewatch.detectors.decision import Past
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

Options = TypeVar("Options", bound=DetectorOptions)

_FEWEST_CALIBRATING: Final = 3
_TIE: Final = 1e-12
"""Of a score: more than the rounding of a band, and less than any figure that is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Nonconformity:
    """What a detector says of m points, their values in units; every array has shape (m,).

    Attributes:
        statistic: the detector's own statistic, which clients see as ``score``.
        score: the nonconformity score: orders points from usual to unusual, larger for more unusual; NaN where too few
            points came before.
        expected: what was expected; None if the detector expects nothing.
        lower, upper: the band at the threshold asked for; None where the detector, or its side, has no limit.
        direction: int8, -1, 0 or 1; None to take it from ``expected``.
    """

    statistic: Floats
    score: Floats
    expected: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    direction: NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FitResult:
    """What calibrates a fitted detector.

    Attributes:
        calibration: nonconformity scores of usual points that the detector did not learn from, or as good as; in any
            order, NaN is left out. None to take the scores of the training points.
        independent: how many independent scores they are worth, fewer than there are where neighbouring scores rise and
            fall together; None to take each as independent.
        shared: in how many of them one point has a part, at the most; None for one more than the lookback.
    """

    calibration: Floats | None = None
    independent: float | None = None
    shared: int | None = None


class Detector(ABC, Generic[Options]):
    """One method of the catalogue. An instance is one fit of it.

    A subclass names its options and implements :meth:`fit` and :meth:`score`. What a fit learns goes into attributes
    that end with an underscore and are annotated in the class body, as in ``median_: float``. Numbers and arrays among
    them are stored without further ado; a subclass whose attributes are of other types overrides :meth:`parameters`,
    :meth:`arrays` and :meth:`set_state`.

    Attributes:
        options_type: the class of its options; the field ``name`` has the detector's name as its default.
        in_units: whether it is given values in :class:`~tidewatch.detectors.units.Units`, in which neither sums nor
            squares overflow.
        fill: what it takes for points that are missing in training: ``none``, or ``linear`` for the line between.
        chunk: how many points it judges at once, at the most; the deadline is checked between chunks. None for all.
        uses_wall_clock: whether the hours of a day, or its season, matter to it, and so the time zone of a series.
        recent, recent_events: if among so many points before a point so many events were as unusual, it is usual; where
            the options name no threshold.
    """

    options_type: ClassVar[type[DetectorOptions]]
    in_units: ClassVar[bool] = True
    fill: ClassVar[str] = "none"
    chunk: ClassVar[int | None] = None
    uses_wall_clock: ClassVar[bool] = False
    recent: ClassVar[int] = 200
    recent_events: ClassVar[int] = 3

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    @abstractmethod
    def threshold(self) -> float:
        """The nonconformity score beyond which the method itself, uncalibrated, calls a point an anomaly."""

    @property
    def lookback(self) -> int:
        """How many points before a point its judgement looks at; 0 if it is judged by itself."""
        return 0

    @property
    def echo(self) -> int:
        """For how many points after a wild one scores are high because of it; the lookback unless overridden."""
        return self.lookback

    @property
    def decides_by_default(self) -> bool:
        """Whether the options leave the decision to :mod:`~tidewatch.detectors.decision`, as they name no threshold."""
        return False

    @property
    def period(self) -> int | None:
        """The season that was found, in points; None if the method knows of none."""
        return None

    @abstractmethod
    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Learns from a series, its values in units, and sets the fitted attributes.

        Raises:
            CannotTrain: if the series does not suit the method, or the options would take too long.
            DeadlineExceeded: once the deadline has passed.
        """

    @abstractmethod
    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores each point by what came before it.

        Args:
            points: the context and then the points asked about, values in units.
            skip: how many of them are context: they get no score.
            threshold: the nonconformity score at which the band is to lie: one, or one of each point that is not
                skipped, shape (n - skip,).
        """

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """What a person wants to know, in the unit of the series; infinite beyond the range of a double.

        Args:
            units: those that the detector works in.
            limit: the nonconformity score that every anomaly is beyond.
        """
        return {"threshold": limit}

    def preprocessing(self) -> Mapping[str, Json]:
        """What is done to points before the method sees them: its ``features``, their ``scaling``, and the ``fill``."""
        return {"features": ["value"], "scaling": "powers of two" if self.in_units else "none", "fill": self.fill}

    def parameters(self) -> Mapping[str, Json]:
        """The fitted numbers, without their underscore, as JSON."""
        return {name: value for name, value in self._fitted().items() if not isinstance(value, np.ndarray)}

    def arrays(self) -> Arrays:
        """The fitted arrays, likewise."""
        return {name: value for name, value in self._fitted().items() if isinstance(value, np.ndarray)}

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Sets the fitted attributes to what :meth:`parameters` and :meth:`arrays` gave."""
        for name in self._fitted_names():
            setattr(self, name + "_", arrays[name] if name in arrays else parameters[name])

    @classmethod
    def train(cls, series: TimeSeries, options: DetectorOptions, deadline: Deadline = NEVER) -> Model:
        """Fits the detector to a series that passed preflight, and calibrates it.

        Raises:
            CannotTrain: if the series does not suit the method, or the options would take too long.
            DeadlineExceeded: once the deadline has passed.
        """
        detector = cls._of(options.model_dump())
        units = cls.units_of(series.values)
        scaled = TimeSeries(series.timestamps, units.scale(series.values)) if units else series
        fitted = detector.fit(scaled, deadline)
        scores = fitted.calibration
        if scores is None:
            scores = without_echoes(detector.score(scaled, 0, detector.threshold).score, detector.lookback)
        known = scores[~np.isnan(scores)]
        if known.size < _FEWEST_CALIBRATING:
            needed = len(series) - known.size + _FEWEST_CALIBRATING
            raise CannotTrain(f"{options.name} under these options needs at least {needed} points, got {len(series)}")
        # A hair larger, so that the rounding of a band does not put a value that ties with training beyond it.
        known = np.clip(known + _TIE * np.abs(known), -LARGEST_NONCONFORMITY, LARGEST_NONCONFORMITY)
        shared = 1 + detector.lookback if fitted.shared is None else fitted.shared
        worth = None if fitted.independent is None else fitted.independent / known.size
        calibration = Calibration.of(trim_outliers(known, shared, worth), worth)
        return CalibratedModel(detector, calibration, units, series.last(detector.lookback + cls.recent))

    @classmethod
    def units_of(cls, values: Floats) -> Units | None:
        """The units that the method works in; None for the unit of the series."""
        return Units.of_usual(values) if cls.in_units else None

    @classmethod
    def restore(cls, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Model:
        """Builds the model that gave these ``parameters()`` and ``arrays()`` under these options."""
        detector = cls._of(options)
        own = {name: array for name, array in arrays.items() if not name.startswith("tail_")}
        detector.set_state(parameters["method"], own)
        tail = TimeSeries.empty()
        if "tail_values" in arrays:
            tail = TimeSeries(arrays["tail_timestamps"], arrays["tail_values"])
        units = Units.from_json(parameters["units"]) if "units" in parameters else None
        past = Past.from_json(parameters["past"]) if "past" in parameters else None
        return CalibratedModel(detector, Calibration.from_json(parameters["calibration"]), units, tail, past)

    @classmethod
    def _of(cls, options: Mapping[str, Json]) -> Self:
        return cls(cls.options_type.model_validate(options))  # type: ignore[arg-type]

    @classmethod
    def _fitted_names(cls) -> list[str]:
        annotated = [name for owner in reversed(cls.__mro__) for name in vars(owner).get("__annotations__", ())]
        return [name.removesuffix("_") for name in annotated if name.endswith("_") and not name.startswith("_")]

    def _fitted(self) -> dict[str, Any]:
        return {name: getattr(self, name + "_") for name in self._fitted_names()}


def one_sided(signed: Floats, side: Side) -> Floats:
    """The nonconformity of a statistic that is positive above and negative below what is usual."""
    if side == "both":
        return np.abs(signed)
    return signed if side == "upper" else -signed


def larger_of(above: Floats, below: Floats, side: Side) -> Floats:
    """The nonconformity of points that have one score for being so high, and one for being so low."""
    if side == "both":
        return np.maximum(above, below)
    return above if side == "upper" else below


def watched(lower: Floats, upper: Floats, side: Side) -> tuple[Floats | None, Floats | None]:
    """Lower and upper limits; None on a side that is not watched."""
    return None if side == "upper" else lower, None if side == "lower" else upper
