"""Judging points by a stored model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import Scores
from tidewatch.lifecycle.observations import ObservationStore
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
from tidewatch.services.observe import observe


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
    unkept = observe(
        series,
        judges,
        points,
        scores,
        beside=lambda challenger, limit: _score_beside(challenger, points, context, limit),
        observations=observations,
        deadline=deadline,
    )
    return Prediction(loaded.version, points, scores, unkept)


def _score(loaded: LoadedModel, points: TimeSeries, context: NDArray[np.float64] | None, deadline: Deadline) -> Scores:
    before = None if context is None else _before(points.start, loaded.version.step, context)
    return loaded.of_values.score(points, before, deadline)


def _score_beside(
    challenger: LoadedModel, points: TimeSeries, context: NDArray[np.float64] | None, deadline: Deadline
) -> Scores | None:
    """How a challenger judges points; None of one that judges rows: the champion was another when it was set."""
    return None if challenger.version.kind == "rows" else _score(challenger, points, context, deadline)


def _before(start: int, step: int, values: NDArray[np.float64]) -> TimeSeries:
    """Values at a sampling step in seconds, the last of them one step before a time in Unix seconds."""
    return TimeSeries(start - step * np.arange(values.size, 0, -1, dtype=np.int64), values)
