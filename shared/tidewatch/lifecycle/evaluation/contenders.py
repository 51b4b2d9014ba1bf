"""What is evaluated: detectors that learn from the data, and models that came trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors import DetectorOptions, Model, RowsModel, fit_model, fit_rows
from tidewatch.detectors.base import NEVER
from tidewatch.lifecycle.evaluation.plan import Fold, Points
from tidewatch.series import UTC_NAME, Frame

Flags = NDArray[np.bool_]


class Judged(Protocol):
    """What the judgements of points and of rows have in common; arrays of shape (n,)."""

    @property
    def anomaly(self) -> Flags:
        """Whether each is an anomaly."""
        ...

    @property
    def p_value(self) -> NDArray[np.float64]:
        """NaN while warming up."""
        ...

    @property
    def warming_up(self) -> Flags:
        """Whether too few came before to judge it."""
        ...


class AnyModel(Protocol):
    """What models of points and of rows have in common."""

    @property
    def options(self) -> DetectorOptions:
        """The options that it was fitted with."""
        ...

    def score(self, points: Any, context: Any = None, deadline: Deadline = NEVER, /) -> Judged:
        """Judges points that follow the context, or else the training data."""
        ...

    def review(self, points: Any, deadline: Deadline = NEVER, /) -> Judged:
        """Judges points that nothing came before."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detector that learns anew from what came before each fold.

    Attributes:
        name: by which the report calls it.
        options: the detector's.
        timezone: of the data: its days and weeks are local ones.
    """

    name: str
    options: DetectorOptions
    timezone: str = UTC_NAME


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model that came trained, such as a stored version.

    Attributes:
        name: by which the report calls it.
        model: of points, or of rows.
        trained_from, trained_to: the first and the last time that it was trained on, in Unix seconds.
    """

    name: str
    model: Model | RowsModel
    trained_from: int
    trained_to: int


Contender = Candidate | Fitted


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A model at the points of one fold, which may be changed before it judges them.

    Attributes:
        model: that judges.
        before: the data before the fold; None where the model's own training data is the context.
        anew: whether it judges as if nothing came before the data, since it was trained on some of it.
    """

    model: AnyModel
    before: Points | None
    anew: bool

    def judge(self, points: Any, deadline: Deadline) -> tuple[Flags, NDArray[np.float64], Flags]:
        """Alarms, p-values and warming up of points from the start of the fold on, each of shape (n,)."""
        if self.anew and self.before is not None:
            whole: Any = self.before
            found = self.model.review(whole.followed_by(points), deadline)
        else:
            found = self.model.score(points, self.before, deadline)
        mine = slice(found.anomaly.size - len(points), None)
        return found.anomaly[mine], found.p_value[mine], found.warming_up[mine]


def judge_of(contender: Contender, data: Points, fold: Fold, deadline: Deadline) -> Judge:
    """What judges the fold of some data, trained if it needs to be.

    Raises:
        CannotTrain: if what came before the fold does not suit the detector.
        DeadlineExceeded: once the deadline has passed.
    """
    before = data.part(0, fold.start)
    if isinstance(contender, Candidate):
        return Judge(_trained(before, contender, deadline), None, anew=False)
    if contender.trained_to >= data.start:
        return Judge(contender.model, before, anew=True)
    return Judge(contender.model, before if fold.start else None, anew=False)


def share_seen(contender: Contender, times: NDArray[np.int64]) -> float:
    """The share of points, shape (n,), that lie in the time that the contender was trained on."""
    if isinstance(contender, Candidate):
        return 0.0
    return float(np.mean((times >= contender.trained_from) & (times <= contender.trained_to)))


def _trained(data: Points, candidate: Candidate, deadline: Deadline) -> Model | RowsModel:
    options, zone = candidate.options, candidate.timezone
    if isinstance(data, Frame):
        return fit_rows(data, options, timezone=zone, deadline=deadline)
    return fit_model(data, options, allow_constant=True, timezone=zone, deadline=deadline)
