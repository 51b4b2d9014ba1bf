"""The judged points of a stream, from a time to another."""

from __future__ import annotations

import numpy as np

from tidewatch.registry import DataCorrupted, Registry, SeriesKey
from tidewatch.streaming import JudgedPoints, PointsUnreadable, StreamStore


def judged_points(
    series: SeriesKey, first: int, last: int, limit: int, *, registry: Registry, store: StreamStore
) -> tuple[JudgedPoints, int | None]:
    """A page of judged points, oldest first.

    Args:
        series: the series, and whose it is.
        first: a time in Unix seconds, included.
        last: likewise.
        limit: how many points at the most, at least 1.
        registry: where versions are found.
        store: where streams are.

    Returns:
        The points, and the time from which on the next page starts; None on the last.

    Raises:
        SeriesNotFound: if the series was never trained.
        DataCorrupted: if what is stored of the stream is damaged.
        StorageUnavailable: if storage failed.
    """
    registry.head(series)
    try:
        # In this order: what moves into a chunk in between is seen twice, and not at all in the other.
        state = store.load(series)
        parts = [chunk.between(first, last) for chunk in store.chunks(series, first, last, limit + 1)]
    except PointsUnreadable as error:
        raise DataCorrupted(f"the stream of {series.series_id}") from error
    found = JudgedPoints.joined(parts)
    if state is not None:
        recent = state.recent.between(first, last)
        moved = np.isin(recent.points.timestamps, found.points.timestamps)
        found = JudgedPoints.joined([found, recent.at(np.flatnonzero(~moved))])
    if len(found) <= limit:
        return found, None
    return found.at(slice(0, limit)), int(found.points.timestamps[limit])
