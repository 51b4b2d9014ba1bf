"""What callers of a detector meet: its options, its model, the scores that this gives, and what it may refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tidewatch.deadline import Deadline
from tidewatch.series import TimeSeries

NEVER = Deadline.never()
"""For calls that may take as long as they need."""

Json = Any
"""What ``json.loads`` can return."""

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]
"""Plain arrays by name, of numbers only."""

Side = Literal["upper", "lower", "both"]
"""Which values may be anomalies: those above the band, those below it, or both."""


class DetectorOptions(BaseModel):
    """The options of one detector. A subclass adds ``name: Literal[...]`` and its own fields with defaults."""

    made_for_seasons: ClassVar[bool] = False
    """Whether the method is for series with a season, so that whoever asks for it wants to know where there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: str
    false_alarm_rate: Annotated[
        float | None,
        Field(
            gt=0,
            le=0.5,
            description="Share of usual points that may be called anomalies, such as 0.001: the limit then comes from "
            "calibration instead of the method's own threshold.",
        ),
    ] = None


class CannotTrain(ValueError):
    """The detector cannot learn from this series under these options.

    Attributes:
        option: the option to change, or None if the series itself does not suit.
        field: what the request called the series.
    """

    field = "values"

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The judgement of n points, aligned with the series that was scored; every array has shape (n,).

    Attributes:
        anomaly: bool, whether the point is unusual: beyond the method's own threshold, or beyond the calibrated one
            where the options name a ``false_alarm_rate``. Always false while warming up.
        score: float64, the detector's own statistic; NaN while warming up.
        p_value: float64, above 0 and at most 1: the share of usual points that are at least as unusual; NaN while
            warming up.
        severity: float64, 0 to 1, see :func:`~tidewatch.calibration.conformal.severity_of`; NaN while warming up.
        expected: float64, what the model expected, in the unit of the series; NaN where it expects nothing.
        lower: float64, the lower limit of the band; NaN where there is none or it is beyond the range of a double.
        upper: float64, the upper limit, likewise.
        direction: int8, 1 where the point is higher than usual, -1 where it is lower, 0 where neither is known.
        warming_up: bool, whether too few points came before to judge this one.
        incident: float64, the evidence that something is going on, for alerting once per incident
            (:func:`~tidewatch.detectors.events.alert_once`); NaN while warming up. None of a detector that has no such
            output.
    """

    anomaly: NDArray[np.bool_]
    score: Floats
    p_value: Floats
    severity: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    direction: NDArray[np.int8]
    warming_up: NDArray[np.bool_]
    incident: Floats | None = None


def joined(parts: Sequence[Scores]) -> Scores:
    """Scores one after the other, of one model; at least one part."""
    if len(parts) == 1:
        return parts[0]
    names = [each.name for each in fields(Scores) if getattr(parts[0], each.name) is not None]
    return Scores(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def chosen(scores: Scores, places: NDArray[Any]) -> Scores:
    """Some of the scores, by their places or by a mask."""
    arrays: dict[str, Any] = {each.name: getattr(scores, each.name) for each in fields(Scores)}
    known = {name: array[places] for name, array in arrays.items() if array is not None}
    return Scores(**known)


class Follower(Protocol):
    """A model that goes on with a series, from the last point that it judged. Immutable, as the model is."""

    def judge(self, points: TimeSeries, deadline: Deadline = NEVER) -> tuple[Scores, Follower]:
        """Judges the next points, and gives the follower that knows them too.

        However a series is cut into calls, its points are judged alike, but for rounding.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        ...

    def state(self) -> Arrays:
        """What :meth:`Model.follow` needs to go on from here."""
        ...


class Model(Protocol):
    """A fitted detector: immutable, and a pure function of what it is asked to judge."""

    @property
    def options(self) -> DetectorOptions:
        """The options that it was fitted with, defaults filled in."""
        ...

    @property
    def period(self) -> int | None:
        """The season that it found, in points; None if it knows of none."""
        ...

    def score(self, series: TimeSeries, context: TimeSeries | None = None, deadline: Deadline = NEVER) -> Scores:
        """Judges every point of a series by the points before it.

        Args:
            series: the points to judge.
            context: what came just before them; None if they follow the training data.
            deadline: when to give up.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        ...

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges every point of a series that nothing came before, such as the one it was trained on.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        ...

    def follow(self, state: Arrays | None = None) -> Follower:
        """Goes on with a series.

        Args:
            state: of a follower of this model, to go on from where that one was; None to begin after the training data.
        """
        ...

    def parameters(self) -> Mapping[str, Json]:
        """What is needed to build the same model again beside :meth:`arrays`, as JSON."""
        ...

    def arrays(self) -> Arrays:
        """What is too large for JSON; empty for most."""
        ...

    def preprocessing(self) -> Mapping[str, Json]:
        """What is done to points before the method sees them: its ``features``, their ``scaling``, and the ``fill``."""
        ...

    def learned(self) -> Mapping[str, float | None]:
        """What a person wants to know of the model, in the unit of the series; None beyond the range of a double."""
        ...
