"""Models that see the wall clock of a place, so that a day is a local day and nine is nine all year.

A model is trained and asked with wall clock times in the place of instants; it need not know. Where the clock is set
forward, an hour has no points, as in any gap. Where it is set back, an hour comes twice. It must not stand twice on a
clock that runs forward, so the later points follow its second pass alone, and each pass is judged by what came before
the hour. Training leaves the first pass out. The time between two points is
that between their instants, but across a change of clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Follower, Json, Model, Scores, chosen, joined
from tidewatch.detectors.rows import RowScores, RowsModel
from tidewatch.series import Frame, LocalClock, TimeSeries
from tidewatch.series.preflight import FEWEST_POINTS

TIMEZONE: Final = "timezone"
"""The parameter that names the clock of a model."""

_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_SLACK: Final = 0.01
"""Of a period: how far it may be from one of the calendar."""

M = TypeVar("M", Model, RowsModel)

_Asked = Callable[[TimeSeries, int], Scores]


class Train(Protocol):
    """How a detector is fitted to a series."""

    def __call__(self, series: TimeSeries, options: DetectorOptions, deadline: Deadline) -> Model:
        """The model."""
        ...


def train_on_wall_clock(
    train: Train, series: TimeSeries, options: DetectorOptions, clock: LocalClock, deadline: Deadline
) -> Model:
    """The model of a series by a wall clock, or by elapsed time if its season is not one of the calendar.

    A job that runs every five hours goes on every five hours when clocks are set back. By elapsed time, too, goes a
    series that would have too few points without the first pass of an hour that comes twice.

    Raises:
        CannotTrain: if the series does not suit the detector.
        DeadlineExceeded: once the deadline has passed.
    """
    later = _part(series, _later(_passes(clock, series), len(series)))
    if len(later) < FEWEST_POINTS <= len(series):
        return train(series, options, deadline)
    model = train(_by(clock, later), options, deadline)
    if model.period is not None and not _is_of_calendar(model.period * series.step):
        return train(series, options, deadline)
    return WallClockModel(model, clock)


def with_wall_clock(model: Model | RowsModel, clock: LocalClock) -> Model | RowsModel:
    """A model that was restored, with the clock that it was trained by."""
    return WallClockRowsModel(model, clock) if isinstance(model, RowsModel) else WallClockModel(model, clock)


def _is_of_calendar(seconds: int) -> bool:
    """Whether a day is a whole number of such periods, or such a period a whole number of days; within 1 %."""
    ratio = max(seconds / _DAY, _DAY / seconds)
    return abs(ratio - round(ratio)) <= _SLACK * ratio


class _ByWallClock(Generic[M]):
    """What a model that is given the wall clock of a place says of itself."""

    _model: M
    _clock: LocalClock

    @property
    def options(self) -> DetectorOptions:
        """The options that it was fitted with."""
        return self._model.options

    def parameters(self) -> Mapping[str, Json]:
        """The model's own, and the time zone."""
        return {**self._model.parameters(), TIMEZONE: self._clock.name}

    def arrays(self) -> Arrays:
        """The model's own."""
        return self._model.arrays()

    def preprocessing(self) -> Mapping[str, Json]:
        """The model's own, and the time zone."""
        return {**self._model.preprocessing(), TIMEZONE: self._clock.name}

    def learned(self) -> Mapping[str, float | None]:
        """The model's own."""
        return self._model.learned()


class WallClockModel(_ByWallClock[Model]):
    """A model of values that is given the wall clock of a place."""

    def __init__(self, model: Model, clock: LocalClock) -> None:
        """Takes a model that was trained by the clock."""
        self._model, self._clock = model, clock

    @property
    def period(self) -> int | None:
        """The season that it found, in points."""
        return self._model.period

    def score(self, series: TimeSeries, context: TimeSeries | None = None, deadline: Deadline = NEVER) -> Scores:
        """Judges points that follow the context, or else the training data.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        if context is None:
            return self._judge(series, 0, lambda wall, _: self._model.score(wall, None, deadline))

        def ask(wall: TimeSeries, skip: int) -> Scores:
            return self._model.score(wall.part(skip), wall.part(0, skip), deadline)

        return self._judge(context.followed_by(series), len(context), ask)

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges points that nothing came before.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._judge(series, 0, lambda wall, _: self._model.review(wall, deadline))

    def follow(self, state: Arrays | None = None) -> WallClockFollower:
        """Goes on after the training data, or from a state."""
        if state is None:
            return WallClockFollower(self._clock, self._model.follow())
        own = {name: array for name, array in state.items() if not name.startswith(_BEFORE)}
        before = {name.removeprefix(_BEFORE): array for name, array in state.items() if name.startswith(_BEFORE)}
        return WallClockFollower(self._clock, self._model.follow(own), self._model.follow(before) if before else None)

    def _judge(self, points: TimeSeries, skip: int, ask: _Asked) -> Scores:
        """Judges all but the first points by a question to the model, which takes points and how many to skip."""
        passes, size = _passes(self._clock, points), len(points)
        if not passes:
            return ask(_by(self._clock, points), skip)
        later = _later(passes, size)
        questions = [(later, skip)]
        for begin, again in passes:
            if again > skip:
                # As if the clock had not been set back yet.
                known = later & (np.arange(size) < begin)
                known[begin:again] = True
                questions.append((known, max(begin, skip)))
        places, parts = [], []
        for known, first in questions:
            scores = ask(_by(self._clock, _part(points, known)), int(np.count_nonzero(known[:skip])))
            asked = np.flatnonzero(known)
            asked = asked[asked >= skip]
            places.append(asked[asked >= first])
            parts.append(chosen(scores, asked >= first))
        return chosen(joined(parts), np.argsort(np.concatenate(places)))


_BEFORE: Final = "before_the_hour_"


@dataclass(frozen=True, slots=True)
class WallClockFollower:
    """A model that goes on with a series by the clock of a place.

    Attributes:
        clock: of the place.
        newest: knows all points but the first passes of hours that came again.
        before: knew the points before an hour that comes twice, if the last point is in its first pass; else None.
    """

    clock: LocalClock
    newest: Follower
    before: Follower | None = None

    def judge(self, points: TimeSeries, deadline: Deadline = NEVER) -> tuple[Scores, WallClockFollower]:
        """Judges the next points; those of a second pass by what came before the first.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        wall, follower = _by(self.clock, points), self
        parts: list[Scores] = []
        for start, end, nth in self._spans(points):
            follower = follower._in(nth)
            scores, newest = follower.newest.judge(wall.part(start, end), deadline)
            parts.append(scores)
            follower = replace(follower, newest=newest)
        return joined(parts), follower

    def _spans(self, points: TimeSeries) -> Iterator[tuple[int, int, int]]:
        """From one place to another: points of the first pass of an hour, 1, of the second, 2, or of neither, 0."""
        done = 0
        for hour in self.clock.repeated_hours(points.timestamps):
            begin, again, end = hour.places_in(points.timestamps)
            spans = ((done, begin, 0), (begin, again, 1), (again, end, 2))
            yield from (span for span in spans if span[0] < span[1])
            done = end
        if done < len(points):
            yield done, len(points), 0

    def _in(self, nth: int) -> WallClockFollower:
        """What judges points of such a pass."""
        if nth == 1:
            return self if self.before is not None else replace(self, before=self.newest)
        if nth == 2 and self.before is not None:
            return replace(self, newest=self.before, before=None)
        return replace(self, before=None)

    def state(self) -> Arrays:
        """The model's own, and of a repeated hour also that before it."""
        state = dict(self.newest.state())
        if self.before is not None:
            state |= {_BEFORE + name: array for name, array in self.before.state().items()}
        return state


def _passes(clock: LocalClock, series: TimeSeries) -> list[tuple[int, int]]:
    """Where the first and the second pass of an hour begin among points, for hours with points of both passes."""
    if len(series) < 2:
        return []
    places = [hour.places_in(series.timestamps) for hour in clock.repeated_hours(series.timestamps)]
    return [(begin, again) for begin, again, end in places if begin < again < end]


def _later(passes: Sequence[tuple[int, int]], size: int) -> NDArray[np.bool_]:
    """All of so many points but the first passes of repeated hours."""
    later = np.ones(size, dtype=np.bool_)
    for begin, again in passes:
        later[begin:again] = False
    return later


def _part(series: TimeSeries, kept: NDArray[np.bool_]) -> TimeSeries:
    return series if kept.all() else TimeSeries(series.timestamps[kept], series.values[kept])


def _by(clock: LocalClock, series: TimeSeries) -> TimeSeries:
    return TimeSeries(clock.wall(series.timestamps), series.values)


class WallClockRowsModel(_ByWallClock[RowsModel], RowsModel):
    """A model of rows that is given the wall clock of a place, for the calendar among its features.

    No row follows another by the clock, so an hour may come twice.
    """

    def __init__(self, model: RowsModel, clock: LocalClock) -> None:
        """Takes a model that was trained by the clock."""
        self._model, self._clock, self.variables = model, clock, model.variables

    @property
    def takes_missing(self) -> bool:
        """Whether a value may be missing."""
        return self._model.takes_missing

    @property
    def constant(self) -> tuple[str, ...]:
        """The variables that were constant in training."""
        return self._model.constant

    def score(self, frame: Frame, context: Frame | None = None, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that follow the context, or else the training data.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        before = None if context is None else rows_by(self._clock, context)
        return self._model.score(rows_by(self._clock, frame), before, deadline)

    def review(self, frame: Frame, deadline: Deadline = NEVER) -> RowScores:
        """Judges rows that nothing came before.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._model.review(rows_by(self._clock, frame), deadline)


def rows_by(clock: LocalClock, frame: Frame) -> Frame:
    """The rows with the times of a wall clock."""
    return Frame(clock.wall(frame.timestamps), frame.values, frame.names)
