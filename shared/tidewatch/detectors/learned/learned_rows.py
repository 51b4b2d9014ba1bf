"""What the learners share: rows made of points and of what came before each, and a learner that judges rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Floats, Json
from tidewatch.detectors.calibrated import Measured
from tidewatch.detectors.learned.cross_fitting import Course, CrossFitted, L, Learner, cross_fit, settled
from tidewatch.detectors.learned.features import Features
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

FEWEST: Final = 16
"""Rows from which on most learners know something."""
_AT_ONCE: Final = 4_096

Seed = Annotated[int, Field(ge=0, le=2**31 - 1, description="Of all that is random in training: one seed, one model.")]

Contamination = Annotated[
    float | None,
    Field(
        gt=0,
        le=0.5,
        description="Share of the training points to take for anomalies: the threshold is then the score that so many "
        "exceed, instead of score_threshold.",
    ),
]


class Rows(Protocol):
    """A way to make rows of points."""

    @property
    def memory(self) -> int:
        """Points before a point that its row is made of."""
        ...

    @property
    def season(self) -> int | None:
        """The period that was found, in points; None if there is none, or if it was not looked for."""
        ...

    def rows(self, points: TimeSeries) -> tuple[Floats, NDArray[np.int8]]:
        """Rows of all points but the first ``memory``, and which side of its past each point is on: -1, 0 or 1."""
        ...

    def to_json(self) -> Mapping[str, Json]:
        """All that it learned."""
        ...


class FeatureOptions(DetectorOptions):
    """Options of the learners over rolling features.

    Windows count points, not time: a gap shortens nothing, and what follows it is compared with what came before it.
    """

    short_window: Annotated[
        int, Field(ge=2, le=500, description="Points of the short rolling window, the point itself included.")
    ] = 5
    long_window: Annotated[
        int,
        Field(ge=3, le=1_000, description="Points of the long rolling window, likewise; longer than the short one."),
    ] = 20
    seed: Seed = 0

    def cross_fit(
        self, series: TimeSeries, fit: Callable[[Floats, int], L], *, most: int, fewest: int, cost_option: str
    ) -> tuple[Features, CrossFitted[L]]:
        """Features of a series with values in units, and what a learner makes of their rows.

        Args:
            series: to learn from.
            fit: learns from some rows by a seed.
            most: rows that are learned from at the most.
            fewest: those that it needs at the least.
            cost_option: the option that a client lowers when the training would take too long.

        Raises:
            CannotTrain: if the series is too short, or the training would take too long.
        """
        course = Course(
            name=self.name,
            most=most,
            fewest=fewest,
            memory=self.long_window - 1,
            seed=self.seed,
            memory_option="long_window",
            cost_option=cost_option,
        )
        course.require(len(series))
        features = self.features_of(series)
        return features, cross_fit(features.rows(series)[0], fit, course)

    def features_of(self, series: TimeSeries) -> Features:
        """The features of a series of at least ``long_window`` points, values in units.

        Raises:
            CannotTrain: if the short window is not the shorter one.
        """
        if self.short_window >= self.long_window:
            raise CannotTrain("short_window must be less than long_window", option="short_window")
        return Features.of(series, self.short_window, self.long_window)


class LearnedRows:
    """The knowledge of a learner: its score is its strangeness, and it has no band."""

    def __init__(self, rows: Rows, learner: Learner, threshold: float, facts: Mapping[str, float]) -> None:
        self._rows, self._learner, self._facts = rows, learner, facts
        self.period = rows.season
        self.memory = rows.memory
        self.threshold = threshold

    def measure(self, points: TimeSeries, skip: int, threshold: float) -> Measured:
        """Makes rows of some thousand points at once, so that memory stays bounded."""
        size, first = len(points) - skip, max(self.memory - skip, 0)
        strangeness, direction = np.full(size, np.nan), np.zeros(size, dtype=np.int8)
        for begin in range(first, size, _AT_ONCE):
            end = min(begin + _AT_ONCE, size)
            some = points.part(skip + begin - self.memory, skip + end)
            rows, direction[begin:end] = self._rows.rows(some)
            strangeness[begin:end] = settled(self._learner, rows)
        return Measured(score=strangeness, strangeness=strangeness, direction=direction)

    def parameters(self) -> Mapping[str, Json]:
        """How rows are made, the threshold, and what the learner keeps beside its arrays."""
        return {"rows": dict(self._rows.to_json()), "threshold": self.threshold, "facts": dict(self._facts)}

    def arrays(self) -> Arrays:
        """The learner's."""
        return self._learner.arrays()

    def learned(self, units: Units) -> Mapping[str, float]:
        """The threshold, and what the learner tells of itself."""
        return {"threshold": self.threshold, **self._facts}


def threshold_of(strangeness: Floats, contamination: float | None, otherwise: float) -> float:
    """The strangeness that this share of the training points exceed, each judged by the others; or the other."""
    return otherwise if contamination is None else float(np.quantile(strangeness, 1.0 - contamination))
