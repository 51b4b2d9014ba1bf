"""The judgement of arriving points: each once, whatever the order and however often it comes.

A point that is later than all before is judged by them. A late one, of which later ones were judged already, is judged
at its place, from the snapshot: by those before it, as if it had come in time; and from then on the series knows it.
Answers that were given stay. Behind the snapshot nothing is taken any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors import Follower, Model
from tidewatch.series import TimeSeries
from tidewatch.streaming.columns import pack_state, unpack_state
from tidewatch.streaming.judged import JudgedPoints
from tidewatch.streaming.state import FULL, KEPT, MOST_IN_CHUNK, StreamState

_BEFORE_ALL: Final = -1
"""No time: the first that is taken is 0."""


class Outcome(StrEnum):
    """What became of a point that arrived."""

    JUDGED = "judged"
    LATE = "late"
    """Judged, after later ones."""
    REPEATED = "repeated"
    """Judged before; the stored judgement is the answer."""
    TOO_LATE = "too_late"
    """Not judged: too many later ones were."""
    TOO_EARLY = "too_early"
    """Not judged: its time is still to come."""


_OUTCOMES: Final = tuple(Outcome)
_JUDGED, _LATE, _REPEATED, _TOO_LATE, _TOO_EARLY = range(len(_OUTCOMES))


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Points as they came, in any order, the same time any number of times.

    Attributes:
        timestamps: int64, shape (n,), Unix seconds.
        values: float64, shape (n,), finite.
    """

    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.values.size)

    def once(self) -> tuple[TimeSeries, NDArray[np.intp]]:
        """The points in the order of time, of each time the first that came; and its place among all that came."""
        times, first = np.unique(self.timestamps, return_index=True)
        return TimeSeries(times, self.values[first]), first


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """A stream in memory: its state, and the model as it is after the newest judged point."""

    state: StreamState
    model: Model
    newest: Follower

    def from_snapshot(self) -> Follower:
        """The model as it was at the snapshot.

        Raises:
            PointsUnreadable: if the snapshot is damaged.
        """
        return self.model.follow(unpack_state(self.state.snapshot) if self.state.snapshot else None)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What became of n points that arrived.

    Attributes:
        outcomes: of each, in the order in which they came.
        judged: the judgements of those that have one, in the order of time, each time once.
    """

    outcomes: tuple[Outcome, ...]
    judged: JudgedPoints


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One pass over arriving points.

    Attributes:
        answer: to them.
        new: the judgements that were made in this pass, in the order of time.
        following: the stream after them; the very one before if nothing is new.
        chunks: judged points that are to go into chunks, each part in the order of time.
        snapshot_changed: whether the snapshot has to be written.
    """

    answer: Answer
    new: JudgedPoints
    following: Following
    chunks: Sequence[JudgedPoints] = ()
    snapshot_changed: bool = False


def begin(model: Model, identity: str) -> Following:
    """A stream that nothing came of yet, after the training data of a version."""
    return Following(StreamState(0, identity), model, model.follow())


def resume(state: StreamState, model: Model, deadline: Deadline) -> Following:
    """A stream as storage has it.

    Raises:
        PointsUnreadable: if the snapshot is damaged.
        DeadlineExceeded: once the deadline has passed.
    """
    following = Following(state, model, model.follow())
    return replace(following, newest=_after(following.from_snapshot(), state.since().points, deadline))


def change_version(
    state: StreamState, model: Model, identity: str, trained_until: int, earlier: TimeSeries, deadline: Deadline
) -> Following:
    """The stream with another version, which knows its own training data and what was judged after it.

    Args:
        state: the stream so far.
        model: of the other version.
        identity: of it.
        trained_until: the last time of its training data, in Unix seconds.
        earlier: judged points of chunks; those after the training data are what it warms up by.
        deadline: when to give up.

    Raises:
        DeadlineExceeded: once the deadline has passed.
    """
    known = _later(earlier, trained_until)
    base = _after(model.follow(), known, deadline)
    newest = state.recent.points.end if len(state.recent) else _BEFORE_ALL
    floor = max(_floor(state), min(trained_until, newest))
    changed = replace(state, identity=identity, floor=floor, snapshot=pack_state(base.state()))
    return Following(changed, model, _after(base, changed.since().points, deadline))


def judge(following: Following, arrivals: Arrivals, version: int, until: int, deadline: Deadline) -> Turn:
    """Judges what is new of arriving points.

    Args:
        following: the stream before them.
        arrivals: n points.
        version: the number of the version that judges.
        until: Unix seconds; what is later is refused.
        deadline: when to give up.

    Raises:
        PointsUnreadable: if the snapshot is damaged.
        DeadlineExceeded: once the deadline has passed.
    """
    state, recent = following.state, following.state.recent
    points, first = arrivals.once()
    times = points.timestamps
    known = _among(times, recent.points.timestamps)
    early = ~known & (times > until)
    behind = ~known & (times <= _floor(state))
    fresh = ~(known | early | behind)
    late = fresh & (times < (recent.points.end if len(recent) else _BEFORE_ALL))
    outcomes = np.select([known, late, behind, early], [_REPEATED, _LATE, _TOO_LATE, _TOO_EARLY], _JUDGED)
    new = TimeSeries(times[fresh], points.values[fresh])
    if not len(new):
        found = recent.at(np.flatnonzero(_among(recent.points.timestamps, times)))
        return Turn(Answer(_told(outcomes, points, first, arrivals), found), JudgedPoints.none(), following)
    judged, newest = _judge_new(following, new, late[fresh], version, deadline)
    whole = JudgedPoints.joined([recent, judged])
    found = whole.at(np.flatnonzero(_among(whole.points.timestamps, times)))
    answer = Answer(_told(outcomes, points, first, arrivals), found)
    after = Following(replace(state, recent=whole), following.model, newest)
    if len(whole) < FULL:
        return Turn(answer, judged, after)
    moved, kept = whole.at(slice(None, -KEPT)), whole.at(slice(-KEPT, None))
    return Turn(answer, judged, _with_snapshot(after, moved, kept, deadline), _chunks(moved), snapshot_changed=True)


def _judge_new(
    following: Following, new: TimeSeries, late: NDArray[np.bool_], version: int, deadline: Deadline
) -> tuple[JudgedPoints, Follower]:
    """Judges points of which none was judged before, each by those before it."""
    if not late.any():
        scores, newest = following.newest.judge(new, deadline)
        return JudgedPoints.of(new, scores, version, late), newest
    since = following.state.since().points
    times = np.concatenate([since.timestamps, new.timestamps])
    order = np.argsort(times)
    whole = TimeSeries(times[order], np.concatenate([since.values, new.values])[order])
    scores, newest = following.from_snapshot().judge(whole, deadline)
    anew = JudgedPoints.of(whole, scores, version, np.zeros(len(whole), dtype=np.bool_))
    chosen = anew.at(np.flatnonzero(order >= len(since)))
    return replace(chosen, late=late), newest


def _with_snapshot(following: Following, moved: JudgedPoints, kept: JudgedPoints, deadline: Deadline) -> Following:
    """The stream with its snapshot after the points that move into chunks."""
    state = following.state
    base = _after(following.from_snapshot(), _later(moved.points, _floor(state)), deadline)
    floor = max(_floor(state), moved.points.end)
    ahead = replace(state, floor=floor, snapshot=pack_state(base.state()), recent=kept)
    return replace(following, state=ahead)


def _after(follower: Follower, points: TimeSeries, deadline: Deadline) -> Follower:
    """A follower that has seen points."""
    return follower.judge(points, deadline)[1] if len(points) else follower


def _later(points: TimeSeries, moment: int) -> TimeSeries:
    return points.part(int(points.timestamps.searchsorted(moment, side="right")))


def _among(times: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some times are among others, which are in order; shape of the first."""
    if not others.size:
        return np.zeros(times.size, dtype=np.bool_)
    found: NDArray[np.bool_] = others[np.minimum(others.searchsorted(times), others.size - 1)] == times
    return found


def _floor(state: StreamState) -> int:
    return _BEFORE_ALL if state.floor is None else state.floor


def _chunks(moved: JudgedPoints) -> list[JudgedPoints]:
    return [moved.at(slice(start, start + MOST_IN_CHUNK)) for start in range(0, len(moved), MOST_IN_CHUNK)]


def _told(
    outcomes: NDArray[np.intp], points: TimeSeries, first: NDArray[np.intp], arrivals: Arrivals
) -> tuple[Outcome, ...]:
    """The outcome of each point that came: of its time; but of points with one time only the first is judged."""
    places = points.timestamps.searchsorted(arrivals.timestamps)
    told = outcomes[places]
    again = first[places] != np.arange(len(arrivals))
    told[again & (told <= _LATE)] = _REPEATED
    return tuple(_OUTCOMES[code] for code in told.tolist())
