"""Deleting a series with all that came of it."""

from __future__ import annotations

from tidewatch.deadline import Deadline
from tidewatch.registry import Cause, Deleter, SeriesKey, SeriesNotFound
from tidewatch.streaming.ports import StreamStore


def delete_series(
    series: SeriesKey, *, deleter: Deleter, streams: StreamStore, deadline: Deadline, cause: Cause
) -> None:
    """Deletes a series with its versions, and then its stream, with which nobody goes on without a model.

    Args:
        series: the series, and whose it is.
        deleter: deletes series.
        streams: where streams are.
        deadline: when it has to be done.
        cause: who asked for it, and why.

    Raises:
        SeriesNotFound: if the series has no model. Then what an earlier call left of its stream is deleted.
        SeriesBusy: if fits of the series got in the way until too late. It is still there.
        DeadlineExceeded: if there is too much of it for the time. The next call goes on.
        StorageUnavailable: if storage failed. The next call goes on.
    """
    try:
        deleter.delete_series(series, deadline, cause)
    except SeriesNotFound:
        streams.delete(series, deadline.check)
        raise
    streams.delete(series, deadline.check)
