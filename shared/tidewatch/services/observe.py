"""Keeping what a champion said of what it judged, with what a challenger says of the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import RowScores, Scores
from tidewatch.lifecycle.observations import Observations, ObservationStore, last_kept
from tidewatch.registry import Judges, LoadedModel, SeriesKey, StorageUnavailable
from tidewatch.series import Frame, TimeSeries

_SECONDS_TO_KEEP: Final = 5.0
"""What a challenger leaves of the time of a request."""


def observe(
    series: SeriesKey,
    judges: Judges,
    judged: TimeSeries | Frame,
    scores: Scores | RowScores,
    *,
    beside: Callable[[LoadedModel, Deadline], Scores | RowScores | None],
    observations: Callable[[], ObservationStore],
    deadline: Deadline,
) -> StorageUnavailable | None:
    """Lets the challenger judge too, and keeps what both say, where the series is to keep it.

    Neither changes the answer: a challenger that takes too long is left out, and what cannot be kept is not.

    Args:
        series: the series, and whose it is.
        judges: the champion, and the challenger if there is one.
        judged: n points or rows.
        scores: what the champion said of each.
        beside: how a challenger judges them until a deadline; None where it cannot.
        observations: where judgements are kept; asked for when one is.
        deadline: of the request.

    Returns:
        Why the judgement was not kept, where it should have been; None otherwise.
    """
    if not judges.records:
        return None
    also = _also(judges.challenger, beside, deadline)
    kept = last_kept(judged)
    last = slice(len(judged) - len(kept), None)
    found = Observations(
        observed_at=datetime.now(UTC),
        champion=judges.champion.version.number,
        points=kept,
        p_value=scores.p_value[last],
        anomaly=scores.anomaly[last],
        challenger=judges.challenger.version.number if judges.challenger and also else None,
        challenger_p_value=also.p_value[last] if also else np.zeros(0),
        challenger_anomaly=also.anomaly[last] if also else np.zeros(0, dtype=np.bool_),
    )
    try:
        observations().append(series, found)
    except StorageUnavailable as error:
        return error
    return None


def _also(
    challenger: LoadedModel | None,
    beside: Callable[[LoadedModel, Deadline], Scores | RowScores | None],
    deadline: Deadline,
) -> Scores | RowScores | None:
    """How the challenger judges; None if there is none, if it cannot, or if too little time is left for it."""
    if challenger is None:
        return None
    try:
        return beside(challenger, deadline.earlier(_SECONDS_TO_KEEP))
    except DeadlineExceeded:
        return None
