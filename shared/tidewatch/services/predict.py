"""Judging points by a stored model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import Scores
from tidewatch.registry import ModelVersion, Registry, SeriesKey, VersionSelector
from tidewatch.series import InvalidSeries, Problem, TimeSeries


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """How a version judged n points.

    Attributes:
        version: the version that judged.
        points: what was judged.
        scores: of every point.
    """

    version: ModelVersion
    points: TimeSeries
    scores: Scores


def predict(
    series: SeriesKey,
    points: TimeSeries,
    *,
    registry: Registry,
    selector: VersionSelector = None,
    context: NDArray[np.float64] | None = None,
    deadline: Deadline,
) -> Prediction:
    """Judges points by a version of a series' model, each by those before it.

    Args:
        series: the series, and whose it is.
        points: n points in the order of time, n at least 1.
        registry: where versions are found.
        selector: the version; None is the champion.
        deadline: when it has to be done.
        context: the values just before the points, shape (m,), oldest first, at the sampling step of the training
            data. None where the end of the training data is what came before.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no such version.
        DataCorrupted: if the model's arrays are gone or damaged.
        StorageUnavailable: if storage failed.
        DeadlineExceeded: if the model takes too long for one point.
        InvalidSeries: if it takes too long for so many points.
    """
    loaded = registry.load(series, selector)
    before = None if context is None else _before(points.start, loaded.version.step, context)
    try:
        scores = loaded.of_values.score(points, before, deadline)
    except DeadlineExceeded:
        if len(points) == 1:
            raise
        msg = f"judging {len(points):,} points by this model takes longer than a request has: send fewer"
        raise InvalidSeries([Problem(("points",), msg, "takes_too_long")]) from None
    return Prediction(loaded.version, points, scores)


def _before(start: int, step: int, values: NDArray[np.float64]) -> TimeSeries:
    """Values at a sampling step in seconds, the last of them one step before a time in Unix seconds."""
    return TimeSeries(start - step * np.arange(values.size, 0, -1, dtype=np.int64), values)
