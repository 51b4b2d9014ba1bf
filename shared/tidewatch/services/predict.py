"""Judging points by a stored model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import Scores
from tidewatch.lifecycle.observations import MOST_KEPT, Observations, ObservationStore
from tidewatch.registry import (
    Judges,
    LoadedModel,
    ModelVersion,
    Registry,
    SeriesKey,
    StorageUnavailable,
    VersionSelector,
)
from tidewatch.series import InvalidSeries, Problem, TimeSeries

_SECONDS_TO_KEEP: Final = 5.0
"""What a challenger leaves of the time of a request."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """How a version judged n points.

    Attributes:
        version: the version that judged.
        points: what was judged.
        scores: of every point.
        unkept: why the judgement was not kept, where it should have been; None otherwise.
    """

    version: ModelVersion
    points: TimeSeries
    scores: Scores
    unkept: StorageUnavailable | None = None


def predict(
    series: SeriesKey,
    points: TimeSeries,
    *,
    registry: Registry,
    selector: VersionSelector = None,
    context: NDArray[np.float64] | None = None,
    observations: Callable[[], ObservationStore],
    deadline: Deadline,
) -> Prediction:
    """Judges points by a version of a series' model, each by those before it.

    Where no version is named, and the series has a challenger or is monitored, the challenger judges too, and what both
    say is kept. Neither changes the answer: a challenger that fails is left out, and what cannot be kept is not.

    Args:
        series: the series, and whose it is.
        points: n points in the order of time, n at least 1.
        registry: where versions are found.
        selector: the version; None is the champion.
        deadline: when it has to be done.
        context: the values just before the points, shape (m,), oldest first, at the sampling step of the training
            data. None where the end of the training data is what came before.
        observations: where judgements are kept; asked for when one is.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no such version.
        DataCorrupted: if the model's arrays are gone or damaged.
        StorageUnavailable: if storage failed.
        DeadlineExceeded: if the model takes too long for one point.
        InvalidSeries: if it takes too long for so many points.
    """
    judges = registry.judges(series) if selector is None else Judges(registry.load(series, selector))
    loaded = judges.champion
    try:
        scores = _score(loaded, points, context, deadline)
    except DeadlineExceeded:
        if len(points) == 1:
            raise
        msg = f"judging {len(points):,} points by this model takes longer than a request has: send fewer"
        raise InvalidSeries([Problem(("points",), msg, "takes_too_long")]) from None
    if not judges.records:
        return Prediction(loaded.version, points, scores)
    beside = _scores_beside(judges.challenger, points, context, deadline)
    try:
        observations().append(series, _observed(judges, points, scores, beside))
    except StorageUnavailable as error:
        return Prediction(loaded.version, points, scores, error)
    return Prediction(loaded.version, points, scores)


def _score(loaded: LoadedModel, points: TimeSeries, context: NDArray[np.float64] | None, deadline: Deadline) -> Scores:
    before = None if context is None else _before(points.start, loaded.version.step, context)
    return loaded.of_values.score(points, before, deadline)


def _scores_beside(
    challenger: LoadedModel | None, points: TimeSeries, context: NDArray[np.float64] | None, deadline: Deadline
) -> Scores | None:
    """How the challenger judges; None if there is none, or if too little time is left for it."""
    if challenger is None:
        return None
    try:
        return _score(challenger, points, context, deadline.earlier(_SECONDS_TO_KEEP))
    except DeadlineExceeded:
        return None


def _observed(judges: Judges, points: TimeSeries, scores: Scores, beside: Scores | None) -> Observations:
    """What is kept: the last points."""
    kept = slice(-MOST_KEPT, None)
    return Observations(
        observed_at=datetime.now(UTC),
        champion=judges.champion.version.number,
        points=points.last(MOST_KEPT),
        p_value=scores.p_value[kept],
        anomaly=scores.anomaly[kept],
        challenger=judges.challenger.version.number if judges.challenger and beside else None,
        challenger_p_value=beside.p_value[kept] if beside else np.zeros(0),
        challenger_anomaly=beside.anomaly[kept] if beside else np.zeros(0, dtype=np.bool_),
    )


def _before(start: int, step: int, values: NDArray[np.float64]) -> TimeSeries:
    """Values at a sampling step in seconds, the last of them one step before a time in Unix seconds."""
    return TimeSeries(start - step * np.arange(values.size, 0, -1, dtype=np.int64), values)
