"""Points that come in: judged once each, by state that lives in storage.

A batch of one series costs one conditional write, and one read before it where the process does not have the stream in
memory. Two processes that go on with one stream at once cannot both write: the second reads what the first one wrote,
and judges only what that did not. So whatever fails or comes twice, each point has one judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors import Scores
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.registry import DataCorrupted, Judges, LoadedModel, ModelVersion, Registry, SeriesKey, StorageUnavailable
from tidewatch.registry.contention import until_it_succeeds
from tidewatch.series import TimeSeries
from tidewatch.services.observe import observe
from tidewatch.streaming import (
    Answer,
    Arrivals,
    Following,
    JudgedPoints,
    Outcome,
    PointsUnreadable,
    StreamCache,
    StreamStore,
    Turn,
    begin,
    change_version,
    judge,
    resume,
)

AHEAD: Final = timedelta(days=1)
"""A point that is further ahead of the clock is refused: after it all that is in time would be late."""

_WARM_UP: Final = 1_000
"""Judged points of chunks that a new champion warms up by, at the most; beside the recent ones."""
_LOOKED_UP_AT_ONCE: Final = 2_000
_COMPETES_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Ingested:
    """What became of a batch of n points.

    Attributes:
        version: the champion.
        answer: what became of each point.
        new: the judgements that this very call made, and no other did.
        unkept: why the new judgements were not kept as observations, where they should have been; None otherwise.
    """

    version: ModelVersion
    answer: Answer
    new: JudgedPoints
    unkept: StorageUnavailable | None = None


def ingest(
    series: SeriesKey,
    arrivals: Arrivals,
    *,
    registry: Registry,
    store: StreamStore,
    cache: StreamCache,
    observations: Callable[[], ObservationStore],
    now: Callable[[], datetime],
    deadline: Deadline,
) -> Ingested:
    """Judges what is new of arriving points by the champion of their series, and stores it before it answers.

    Args:
        series: the series, and whose it is.
        arrivals: n points, n at least 1.
        registry: where versions are found; it may remember the champion for a while.
        store: where streams are.
        cache: those that this process has in memory.
        observations: where judgements are kept for the comparison with a challenger; asked for when one is.
        now: the time.
        deadline: when it has to be done.

    Raises:
        SeriesNotFound: if the series was never trained.
        WrongKind: if its champion judges rows.
        DataCorrupted: if the champion's arrays, or what is stored of the stream, are gone or damaged.
        SeriesBusy: if others wrote the stream at once until too late.
        StorageUnavailable: if storage failed. Sent again, the points are judged once all the same.
        DeadlineExceeded: if the points take too long.
    """
    until = int((now() + AHEAD).timestamp())

    def once() -> _Pass:
        stream = _stream(series, registry, store, cache, deadline)
        number = stream.judges.champion.version.number
        return _Pass(stream, judge(stream.following, arrivals, number, until, deadline))

    def attempt() -> _Pass:
        done = once()
        if not len(done.turn.new) and cache.get(series) is not None:
            # Nothing is written that would show whether the stream is still there. What comes again comes seldom.
            cache.drop(series)
            registry.forget(series)
            done = once()
        if not len(done.turn.new):
            return done
        before, turn = done.stream, done.turn
        state = turn.following.state.next(new_snapshot=before.changed or turn.snapshot_changed)
        try:
            store.save(series, state, turn.chunks)
        except Exception:
            # Storage may have it all the same: the next attempt must look.
            cache.drop(series)
            raise
        cache.put(series, replace(turn.following, state=state))
        return done

    try:
        done = until_it_succeeds(attempt, series, deadline, most_seconds=_COMPETES_SECONDS)
        answer = _with_chunks(series, arrivals, done.turn.answer, store, deadline)
    except PointsUnreadable as error:
        raise DataCorrupted(f"the stream of {series.series_id}") from error
    judges, new = done.stream.judges, done.turn.new
    unkept = None
    if len(new):
        recent = done.stream.following.state.recent.points
        unkept = observe(
            series,
            judges,
            new.points,
            new.scores,
            beside=partial(_beside, recent, new.points),
            observations=observations,
            deadline=deadline,
        )
    return Ingested(judges.champion.version, answer, new, unkept)


@dataclass(frozen=True, slots=True, eq=False)
class _Stream:
    """A stream, who judges it, and whether its version was changed since it was written."""

    following: Following
    judges: Judges
    changed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """A stream before a batch, and what the batch did."""

    stream: _Stream
    turn: Turn


def _stream(
    series: SeriesKey, registry: Registry, store: StreamStore, cache: StreamCache, deadline: Deadline
) -> _Stream:
    """The stream as this process has it in memory, or else as storage has it, with the champion of now."""
    judges = registry.judges(series)
    kept = cache.get(series)
    state = kept.state if kept else store.load(series)
    if state is None or state.identity != _identity(judges):
        # The champion that the process remembers may be older than the stream, or deleted.
        registry.forget(series)
        judges = registry.judges(series)
    identity, model = _identity(judges), judges.champion.of_values
    if state is None:
        return _Stream(begin(model, identity), judges)
    if state.identity == identity:
        return _Stream(kept or resume(state, model, deadline), judges)
    earlier = JudgedPoints.joined(store.newest_chunks(series, _WARM_UP)).points
    following = change_version(state, model, identity, judges.champion.version.end, earlier, deadline)
    return _Stream(following, judges, changed=True)


def _identity(judges: Judges) -> str:
    """Tells the champion from every other version, also of other lives of the series."""
    version = judges.champion.version
    return f"{version.version}/{version.identity}"


def _with_chunks(
    series: SeriesKey, arrivals: Arrivals, answer: Answer, store: StreamStore, deadline: Deadline
) -> Answer:
    """The answer with the stored judgements of points that were judged so long ago that they are in chunks."""
    late = np.array([outcome is Outcome.TOO_LATE for outcome in answer.outcomes], dtype=np.bool_)
    if not late.any():
        return answer
    times = np.unique(arrivals.timestamps[late])
    found = JudgedPoints.joined(list(_looked_up(series, times, store, deadline)))
    known = np.isin(arrivals.timestamps, found.points.timestamps)
    outcomes = [
        Outcome.REPEATED if again else outcome for outcome, again in zip(answer.outcomes, known.tolist(), strict=True)
    ]
    return Answer(tuple(outcomes), JudgedPoints.joined([answer.judged, found]))


def _looked_up(
    series: SeriesKey, times: NDArray[np.int64], store: StreamStore, deadline: Deadline
) -> Iterator[JudgedPoints]:
    """Those of some times, in order, that are in chunks."""
    while times.size:
        deadline.check()
        chunks = store.chunks(series, int(times[0]), int(times[-1]), _LOOKED_UP_AT_ONCE)
        if not chunks:
            return
        for chunk in chunks:
            yield chunk.at(np.flatnonzero(np.isin(chunk.points.timestamps, times)))
        times = times[times > chunks[-1].points.end]


def _beside(recent: TimeSeries, new: TimeSeries, challenger: LoadedModel, deadline: Deadline) -> Scores:
    """How a challenger judges new points: after its training data, and the recent points before them."""
    before = recent.part(0, int(recent.timestamps.searchsorted(new.start)))
    return challenger.of_values.score(new, before if len(before) else None, deadline)
