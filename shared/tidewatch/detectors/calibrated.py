"""How the detectors that are still a method and its knowledge fit into the base class. Goes when none is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Model, Side
from tidewatch.detectors.detector import CalibratedModel, Detector, FitResult, Nonconformity, one_sided
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

__all__ = ["CalibratedDetector", "CalibratedModel", "Lesson", "Measured", "Side", "one_sided"]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """As :class:`~tidewatch.detectors.detector.Nonconformity`, by older names."""

    score: Floats
    strangeness: Floats
    expected: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    direction: NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Knowledge, and the nonconformity scores that calibrate it."""

    knowledge: Any
    strangeness: Floats | None = None


class CalibratedDetector:
    """A method as a detector."""

    def __init__(self, method: Any) -> None:
        class Adapted(Detector[Any]):
            """The method's detector."""

            options_type = method.options_type
            in_units = method.in_units
            knowledge: Any

            @property
            def threshold(self) -> float:
                return float(self.knowledge.threshold)

            @property
            def lookback(self) -> int:
                return int(self.knowledge.memory)

            @property
            def period(self) -> int | None:
                period: int | None = self.knowledge.period
                return period

            def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
                lesson = method.learn(series, self.options)
                self.knowledge = lesson.knowledge
                return FitResult(lesson.strangeness)

            def score(self, points: TimeSeries, skip: int, threshold: float) -> Nonconformity:
                found = self.knowledge.measure(points, skip, threshold)
                return Nonconformity(
                    found.score, found.strangeness, found.expected, found.lower, found.upper, found.direction
                )

            def learned(self, units: Units) -> Mapping[str, float]:
                found: Mapping[str, float] = self.knowledge.learned(units)
                return found

            def parameters(self) -> Mapping[str, Json]:
                found: Mapping[str, Json] = self.knowledge.parameters()
                return found

            def arrays(self) -> Arrays:
                found: Arrays = self.knowledge.arrays()
                return found

            def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
                self.knowledge = method.restore(self.options, parameters, arrays)

        self.options_type: type[Any] = method.options_type
        self._adapted = Adapted

    def train(self, series: TimeSeries, options: DetectorOptions, deadline: Deadline = NEVER) -> Model:
        """As of a detector's class."""
        return self._adapted.train(series, options, deadline)

    def fit(self, series: TimeSeries, options: DetectorOptions) -> Model:
        """The model, by an older name."""
        return self.train(series, options)

    def restore(self, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Model:
        """As of a detector's class."""
        return self._adapted.restore(options, parameters, arrays)
