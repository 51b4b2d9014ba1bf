"""What callers of a detector of rows meet: its model and the scores that this gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Scores
from tidewatch.series import Frame


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """The judgement of n rows; every array but the last has shape (n,).

    Attributes:
        anomaly: bool, whether the row is unusual: beyond the score that usual rows exceed at the false alarm rate.
            Always false while warming up.
        score: float64, the detector's own statistic, larger for more unusual rows; NaN while warming up.
        p_value: float64, above 0 and at most 1: the share of usual rows that are at least as unusual; NaN likewise.
        severity: float64, 0 to 1, see :func:`~tidewatch.calibration.conformal.severity_of`; NaN likewise.
        warming_up: bool, whether too few rows came before to judge this one.
        names: of the c variables, and features of the calendar, that can contribute.
        contributions: float64, shape (n, c): the share of each in the score, at least 0, with a sum of 1; all 0 for a
            row that is as usual as can be; NaN while warming up.
    """

    anomaly: NDArray[np.bool_]
    score: Floats
    p_value: Floats
    severity: Floats
    warming_up: NDArray[np.bool_]
    names: tuple[str, ...]
    contributions: Floats

    def as_scores(self) -> Scores:
        """The same judgement as that of points, of which nothing was expected: for what merges and draws events."""
        nothing = np.full(self.anomaly.size, np.nan)
        return Scores(
            anomaly=self.anomaly,
            score=self.score,
            p_value=self.p_value,
            severity=self.severity,
            expected=nothing,
            lower=nothing,
            upper=nothing,
            direction=np.zeros(self.anomaly.size, dtype=np.int8),
            warming_up=self.warming_up,
        )


class RowsModel(ABC):
    """A fitted detector of rows: immutable, and a pure function of what it is asked to judge.

    Attributes:
        variables: that rows must have; more than are judged where some were constant.
    """

    variables: tuple[str, ...]

    @property
    @abstractmethod
    def options(self) -> DetectorOptions:
        """The options that it was fitted with, defaults filled in."""

    @property
    @abstractmethod
    def takes_missing(self) -> bool:
        """Whether a value may be missing."""

    @property
    @abstractmethod
    def constant(self) -> tuple[str, ...]:
        """The variables that were constant in training, and are not judged."""

    @abstractmethod
    def score(self, frame: Frame, context: Frame | None = None, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that follow the context, or else the training data.

        Args:
            frame: the rows to judge, of the model's variables.
            context: what came just before them; None if they follow the training data.
            deadline: when to give up.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """

    @abstractmethod
    def review(self, frame: Frame, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that nothing came before, such as those that it was trained on.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """

    @abstractmethod
    def parameters(self) -> Mapping[str, Json]:
        """What is needed to build the same model again beside :meth:`arrays`, as JSON."""

    @abstractmethod
    def arrays(self) -> Arrays:
        """What is too large for JSON."""

    @abstractmethod
    def preprocessing(self) -> Mapping[str, Json]:
        """What is done to rows before the method sees them: its ``features``, their ``scaling``, and the ``fill``."""

    @abstractmethod
    def learned(self) -> Mapping[str, float | None]:
        """What a person wants to know of the model."""
