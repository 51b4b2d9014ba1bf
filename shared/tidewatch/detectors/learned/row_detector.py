"""The base class of the learned detectors: they turn points into rows, and learn which rows are usual."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.calibration.trimming import trim_outliers
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats, Json
from tidewatch.detectors.detector import Detector, FitResult, Nonconformity, Options
from tidewatch.detectors.learned.cross_fitting import CrossFit, L, cross_fit, rounded_scores
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

Seed = Annotated[
    int, Field(ge=0, le=2**31 - 1, description="Seed of all that is random in training: one seed, one model.")
]


class Rows(Protocol):
    """How points become rows: what was learned of the series to scale them."""

    @property
    def lookback(self) -> int:
        """How many points before a point its row is made of."""
        ...

    @property
    def names(self) -> list[str]:
        """The features of a row, in order."""
        ...

    @property
    def season(self) -> int | None:
        """The period that was found, in points; None if there is none, or if it was not looked for."""
        ...

    def rows(self, points: TimeSeries) -> tuple[Floats, NDArray[np.int8]]:
        """The rows of all points but the first ``lookback``, and the side of its past that each point is on.

        Returns:
            Float64, shape (n - lookback, features); int8, shape (n - lookback,): 1 above, -1 below, 0 neither.
        """
        ...

    def facts(self) -> dict[str, float]:
        """What people want to know of it."""
        ...

    def to_json(self) -> dict[str, Json]:
        """All that was learned."""
        ...

    @classmethod
    def from_json(cls, parts: Mapping[str, Json]) -> Self:
        """The rows that gave this."""
        ...


class RowDetector(Detector[Options], Generic[Options, L]):
    """A detector that judges each point by its row. It has no band: its score is the nonconformity of the row.

    A subclass says how points become rows and what is learned from these. Training and calibration are by
    :func:`~tidewatch.detectors.learned.cross_fitting.cross_fit`.

    Attributes:
        rows_type: the class that makes rows.
        cost_option: the option to lower where a training takes too long.
        rows_: how points become rows.
        learner_: what was learned from the rows of the training series.
        threshold_: the score of an anomaly.
    """

    chunk = 4_096
    recent = 800
    recent_events = 2
    rows_type: ClassVar[type[Rows]]
    cost_option: ClassVar[str]
    rows_: Rows
    learner_: L
    threshold_: float

    @property
    def threshold(self) -> float:
        """The score beyond which a point is an anomaly."""
        return self.threshold_

    @property
    def lookback(self) -> int:
        """How many points before a point its row is made of."""
        return self.rows_.lookback

    @property
    def period(self) -> int | None:
        """The season that rows were made by, in points."""
        return self.rows_.season

    @property
    @abstractmethod
    def most_rows(self) -> int:
        """How many rows are learned from at the most."""

    @property
    def fewest_rows(self) -> int:
        """How many rows are needed at the least."""
        return 16

    @abstractmethod
    def plan(self, series: TimeSeries) -> tuple[Rows, CrossFit]:
        """How the points of a series with values in units become rows, and how to learn from them.

        Raises:
            CannotTrain: if the series is too short, or an option does not suit another.
        """

    @abstractmethod
    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> L:
        """What scikit-learn makes of rows, shape (n, features).

        Raises:
            CannotTrain: if the options do not suit the rows.
            DeadlineExceeded: once the deadline has passed.
        """

    @abstractmethod
    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> L:
        """The learner that gave these arrays and facts."""

    @abstractmethod
    def choose_threshold(self, scores: Floats) -> float:
        """The score of an anomaly, from the scores of usual rows, shape (n,)."""

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Learns from the rows of a series, without those that hold a wild value where these are few.

        Raises:
            CannotTrain: if the series is too short, or the options would take too long.
        """
        self.rows_, plan = self.plan(series)
        rows, _ = self.rows_.rows(series)
        usual = usual_rows(series.values, self.lookback)
        fitted = cross_fit(rows, self.learn, plan, deadline, usual)
        self.learner_ = fitted.learner
        self.threshold_ = self.choose_threshold(fitted.scores)
        return FitResult(fitted.scores, fitted.independent, shared=self.lookback // plan.stride + 1)

    def score(self, points: TimeSeries, skip: int, threshold: float | Floats) -> Nonconformity:
        """Scores the row of each point; the first points have none."""
        size, first = len(points) - skip, max(self.lookback - skip, 0)
        score, direction = np.full(size, np.nan), np.zeros(size, dtype=np.int8)
        if first < size:
            rows, direction[first:] = self.rows_.rows(points.part(skip + first - self.lookback))
            score[first:] = rounded_scores(self.learner_, rows)
        return Nonconformity(score, score, direction=direction)

    def learned(self, units: Units, limit: float) -> Mapping[str, float]:
        """The threshold, and what the learner tells of itself."""
        return {"threshold": limit, **self._facts()}

    def preprocessing(self) -> Mapping[str, Json]:
        """The features of a row, each in spreads from its centre in training."""
        return {"features": self.rows_.names, "scaling": "robust", "fill": "none"}

    def parameters(self) -> Mapping[str, Json]:
        """How rows are made, the threshold, and what the learner keeps beside its arrays."""
        return {"rows": self.rows_.to_json(), "threshold": self.threshold_, "facts": self._facts()}

    def arrays(self) -> Arrays:
        """The learner's."""
        return self.learner_.arrays()

    def set_state(self, parameters: Mapping[str, Json], arrays: Arrays) -> None:
        """Sets rows, threshold and learner to what :meth:`parameters` and :meth:`arrays` gave."""
        self.rows_ = self.rows_type.from_json(parameters["rows"])
        self.threshold_ = float(parameters["threshold"])
        self.learner_ = self.restore_learner(arrays, parameters["facts"])

    def _facts(self) -> dict[str, float]:
        return {**self.rows_.facts(), **self.learner_.facts()}


def usual_rows(values: Floats, lookback: int) -> NDArray[np.bool_]:
    """Which rows hold no wild value, shape (n - lookback,).

    Wild are values so far from the median that they are no example of what is usual, at most 1 % of all; see
    :mod:`tidewatch.calibration.trimming`. One of them is in as many rows as a row has points.

    Args:
        values: of a series, shape (n,), n more than ``lookback``.
        lookback: how many points before a point its row is made of.
    """
    deviations = np.abs(values - np.median(values))
    wild = deviations > trim_outliers(deviations)[-1]
    touched: NDArray[np.bool_] = np.any(sliding_window_view(wild, lookback + 1), axis=1)
    return ~touched
