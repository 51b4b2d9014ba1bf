"""The detector itself: it takes points, and judges each only by what came before it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER
from tidewatch.detectors.ensemble.auto.baseline import Baseline, learn, periods_of
from tidewatch.detectors.ensemble.auto.codes import rounded
from tidewatch.detectors.ensemble.auto.gaps import MOST_CREDIT, TIMES, Pace
from tidewatch.detectors.ensemble.auto.incident import FLOOR_SHARE, SLOW, Shapes, running_means
from tidewatch.detectors.ensemble.auto.order import WinsorLimits, spread_of
from tidewatch.detectors.ensemble.auto.past import BLOCK, KEPT, Deviations
from tidewatch.detectors.ensemble.auto.point import ECHO, echoed
from tidewatch.detectors.ensemble.auto.ring import Ring
from tidewatch.detectors.ensemble.auto.season import (
    choose_period,
    earlier_residuals,
    is_season,
    nearest_other,
    winsorise,
)
from tidewatch.detectors.ensemble.auto.unit import Unit
from tidewatch.detectors.events import RECOVERY, Alerts, alert_once

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

WARM_UP: Final = 32
"""Points before the first judgement: the first half tells what is usual, the second what distances from it are."""
SURE: Final = 8.0
"""Incident evidence from which on the first point of an incident is flagged, where the season explains the series.

A stretch at its limit (:mod:`~tidewatch.detectors.ensemble.auto.stretch`) counts as much.
"""

BURN_IN: Final = WARM_UP // 2
_BLOCK_SHORTEST: Final = 8
_BLOCK_OF_CONSTANT: Final = 128
_BLOCKS: Final = 16  # places of learning while the stream doubles
_SEARCH_FIRST: Final = 64
_RANKED_ANEW: Final = 1.4
"""Where so many times as many periods are known, the nearest of them is nearer, and the past is measured again."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Of n points; every array has shape (n,).

    Attributes:
        anomaly: bool, whether the point is flagged; false while warming up.
        score: float64, 0 to 50, see :mod:`~tidewatch.detectors.ensemble.auto.point`; 0 while warming up.
        evidence: float64, ``-log10`` of the p-value; 0 while warming up.
        incident: float64, 0 to 12.5, see :mod:`~tidewatch.detectors.ensemble.auto.incident`; 0 while warming up.
        expected: float64, what the season expects, or the level where there is none, in the unit of the series; the
            value itself while warming up.
        lower, upper: float64, 997 of 1,000 usual points lie between them; infinite beyond the range of a double.
        direction: int8, 1 above what was expected, -1 below, 0 neither.
        warming_up: bool, whether too little came before.
    """

    anomaly: NDArray[np.bool_]
    score: Floats
    evidence: Floats
    incident: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    direction: NDArray[np.int8]
    warming_up: NDArray[np.bool_]


@dataclass(slots=True)
class Marks:
    """Where a stream stands; places count values, filled in ones too.

    Attributes:
        count: the place of the next value.
        learned_at: the last place of learning.
        judged_at: how many points had been judged there.
        period: by which points are compared, in points; 0 for none.
        period_at: the place where it was searched for.
        ranked_period, ranked_periods: the period, and the number of them, that the past was measured by.
        credit: how many values may be filled in.
    """

    count: int = 0
    learned_at: int = 0
    judged_at: int = 0
    period: int = 0
    period_at: int = 0
    ranked_period: int = 0
    ranked_periods: int = 0
    credit: int = 0


class Stream:
    """A stream up to its last point. Memory and work per point are bounded, however long the stream gets.

    Levels, period, scales and tails are learned at fixed places of the stream, so a judgement does not depend on how
    the stream was cut into calls.
    """

    def __init__(self, sure: float = SURE) -> None:
        """Begins a stream.

        Args:
            sure: incident evidence from which on the first point of an incident is flagged.
        """
        self.sure = sure
        self.marks = Marks()
        self.unit = Unit(0.0, 0)
        self.alerts = Alerts()
        self.early = np.zeros(0)  # the values of the burn-in, while it lasts
        self.times: Times = np.zeros(0, dtype=np.int64)  # the last
        self.values = Ring(KEPT + BLOCK)
        self.deviations = Deviations()
        self.pairs = np.zeros(ECHO)
        self._learned: tuple[Baseline, Shapes] | None = None
        self.pace = Pace(0)
        self._sizes, self._levels = np.zeros(0), np.zeros(0)  # of the points since the last learning

    @property
    def points(self) -> int:
        """How many points it was given."""
        return self.deviations.count + self.early.size

    def season(self) -> int | None:
        """The period in points, if the cycles so far agree more than those of noise would by chance; else None."""
        if not self.marks.period:
            return None
        return self.marks.period if is_season(winsorise(self.values.view()[-KEPT:]), self.marks.period) else None

    def extend(self, timestamps: Times, values: Floats, deadline: Deadline = NEVER) -> Judgement:
        """Judges the next points, and learns from them.

        Args:
            timestamps: Unix seconds, shape (n,), increasing, after all before. Only steps between them are used.
            values: finite, shape (n,).
            deadline: when to give up; looked at before every block.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        warming_up = np.arange(self.points, self.points + values.size) < WARM_UP
        out = np.zeros((4, values.size))
        band = np.tile(values, (3, 1))
        apart = np.diff(timestamps, prepend=self.times[-1:] if self.times.size else timestamps[:1])
        begin = self._burn_in(timestamps, values)
        owed: int | None = None
        while begin < values.size:
            deadline.check()
            grid, judged, taken, owed = self._lay_out(values[begin:], apart[begin:], owed)
            self._judge(grid, judged, out[:, begin : begin + taken], band[:, begin : begin + taken])
            self.times = np.append(self.times, timestamps[begin : begin + taken])[-TIMES:]
            begin += taken
            if self.marks.count == self._next():
                self._learn()
        flags = out[3] > 0.0
        out[:, warming_up] = 0.0
        expected, lower, upper = np.where(warming_up, values, band)
        direction = (values > expected).astype(np.int8) - (values < expected).astype(np.int8)
        return Judgement(flags & ~warming_up, out[0], out[1], out[2], expected, lower, upper, direction, warming_up)

    def copy(self) -> Stream:
        """Another in the same state: what happens to one does not happen to the other."""
        other = copy.copy(self)
        other.marks, other.alerts = replace(self.marks), replace(self.alerts)
        other.values, other.deviations = self.values.copy(), self.deviations.copy()
        if self._learned is not None:
            baseline, shapes = self._learned
            other._learned = baseline, shapes.copy()  # noqa: SLF001 - its own
        return other

    def resume(self) -> None:
        """Learns again what it knew at the last place of learning, from what is kept: after a rest in storage."""
        if not self.marks.learned_at:
            return
        since = self.marks.count - self.marks.learned_at
        self._begin(since)
        past = self.values.view()
        baseline, shapes = self._usual
        if since and shapes.known:
            shapes.measure(baseline.incident.limits.hold(past[-since - shapes.lookback :]), since)
        later = self.deviations.count - self.marks.judged_at
        measures = {name: self.deviations.of(name, self.deviations.count) for name in ("level", "season", "step")}
        sides = baseline.point.judge({name: past[past.size - later :] for name, past in measures.items()})
        self._sizes, self._levels = sides.size, sides.level

    @property
    def _usual(self) -> tuple[Baseline, Shapes]:
        """What was learned at the last place of learning, and the shapes up to the last point."""
        if self._learned is None:
            raise RuntimeError("nothing is learned before the burn-in is over")
        return self._learned

    def _next(self) -> int:
        """The place where it learns next."""
        learned = self.marks.learned_at
        # The first changes of what was constant tell most of how it changes.
        longest = _BLOCK_OF_CONSTANT if learned and self._usual[0].point.mostly_constant else BLOCK
        return learned + min(max(learned // _BLOCKS, _BLOCK_SHORTEST), longest)

    def _burn_in(self, timestamps: Times, values: Floats) -> int:
        """Takes the points of the burn-in; returns how many."""
        size = min(max(BURN_IN - self.points, 0), values.size)
        if size:
            self.early = np.append(self.early, values[:size])
            self.times = np.append(self.times, timestamps[:size])
            if self.early.size == BURN_IN:
                self._start()
        return size

    def _start(self) -> None:
        self.unit = Unit.of(self.early)
        values = self.unit.scale(self.early)
        self.early = np.zeros(0)
        self.values.push(values)
        levels = rounded(np.abs(values - np.sort(values)[values.size // 2]))
        steps = rounded(np.abs(np.diff(values)))
        self.deviations.push({"level": levels, "season": levels, "step": np.append(steps[:1], steps)})
        self.marks.count = self.marks.credit = BURN_IN
        self._learn()

    def _lay_out(
        self, values: Floats, apart: Times, owed: int | None
    ) -> tuple[Floats, NDArray[np.bool_] | None, int, int | None]:
        """The next values on the grid, up to the next place of learning.

        Args:
            values: in the unit of the series, shape (n,).
            apart: seconds since the point before each, shape (n,).
            owed: how many values are still to be filled in before the first; None if that is not known yet.

        Returns:
            The values in units; which of them are judged, None for all; how many points they take; what is owed then.
        """
        room = self._next() - self.marks.count
        scaled, period = self.unit.scale(values[:room]), self.marks.period
        missing = self.pace.missing(apart[:room], period)
        if not missing.any() and not owed:
            self.marks.credit = min(self.marks.credit + scaled.size, MOST_CREDIT)
            return scaled, None, scaled.size, None
        grid = np.concatenate([self.values.view()[-period:], np.zeros(room)])
        judged = np.zeros(room, dtype=np.bool_)
        place = taken = 0
        for value, skipped in zip(scaled.tolist(), missing.tolist(), strict=True):
            fill = skipped if owed is None else owed
            if owed is None:
                fill = fill if fill <= self.marks.credit else 0
                self.marks.credit -= fill
            now = min(fill, room - place)
            grid[period + place : period + place + now] = grid[place : place + now]
            place += now
            owed = fill - now
            if place == room:
                break
            grid[period + place] = value
            judged[place] = True
            place, taken, owed = place + 1, taken + 1, None
            self.marks.credit = min(self.marks.credit + 1, MOST_CREDIT)
            if place == room:
                break
        return grid[period : period + place], judged[:place], taken, owed

    def _judge(self, grid: Floats, judged: NDArray[np.bool_] | None, out: Floats, band: Floats) -> None:
        """Fills ``out`` with score, evidence, incident evidence and flag, and ``band`` with expectation and limits."""
        baseline, shapes = self._usual
        self.values.push(grid)
        self.marks.count += grid.size
        expected, measures = baseline.measure(self.values.view(), grid.size, shapes)
        if judged is not None:
            expected, measures = expected[judged], {name: sizes[judged] for name, sizes in measures.items()}
        if not expected.size:
            return
        sides = baseline.point.judge(measures)
        begin = self._sizes.size
        self._sizes, self._levels = np.append(self._sizes, sides.size), np.append(self._levels, sides.level)
        pairs = np.append(self.pairs, sides.pair)
        self.pairs = pairs[-ECHO:]
        incident = baseline.incident.evidence(measures)
        opens = self._opens(baseline, incident, measures["season"])
        out[0], out[1], out[2] = echoed(pairs), sides.evidence, incident
        out[3] = baseline.point.flag(sides, begin, self._sizes, self._levels) | opens
        expected = expected if baseline.seasonal else np.full(expected.size, baseline.point.centre)
        band[0] = self.unit.unscale(expected)
        band[1] = self.unit.unscale(expected - baseline.margin)
        band[2] = self.unit.unscale(expected + baseline.margin)
        self.deviations.push(measures)

    def _opens(self, baseline: Baseline, incident: Floats, season: Floats) -> NDArray[np.bool_]:
        """Which points are the first of an incident, or of a stretch far from its season, where there is a season.

        Args:
            baseline: what is usual.
            incident: the evidence of incidents, shape (n,).
            season: distances of the points from the season, shape (n,); not remembered yet.
        """
        past = self.deviations.of("season", self.deviations.count)
        before = min(max(baseline.stretch.width - 1, 0), past.size)
        opening = SURE * baseline.stretch.excess(np.append(past[past.size - before :], season), season.size)
        if baseline.explained:
            opening = np.maximum(opening, incident)
        # What comes again in the next period is no news.
        recovery = max(RECOVERY, self.marks.period)
        return alert_once(opening, self.sure, recovery=recovery, state=self.alerts)

    def _learn(self) -> None:
        marks = self.marks
        marks.learned_at, marks.judged_at = marks.count, self.deviations.count
        kept = self.values.view()[-KEPT:]
        if marks.count >= max(2 * marks.period_at, _SEARCH_FIRST):
            marks.period_at = _SEARCH_FIRST << ((marks.count // _SEARCH_FIRST).bit_length() - 1)
            period = choose_period(self.times, winsorise(kept), kept.size // 2)
            if period != marks.period:
                marks.period = period
                self.deviations.clear("shape")
        periods = periods_of(kept.size, marks.period)
        if periods and (marks.period != marks.ranked_period or periods >= _RANKED_ANEW * marks.ranked_periods):
            marks.ranked_period, marks.ranked_periods = marks.period, periods
            self._measure_season_anew(kept, periods)
        self.pace = Pace.of(self.times)
        self._begin(0)
        self._follow()

    def _measure_season_anew(self, kept: Floats, periods: int) -> None:
        """Measures the season's past as it would be measured now, since later points are ranked among it."""
        ordered = np.sort(kept)
        spread = spread_of(ordered)
        held = WinsorLimits.of(ordered, spread).hold(kept)
        size = min(held.size, self.deviations.count)
        period = self.marks.period
        self.deviations.replace("season", rounded(earlier_residuals(held, period, periods)[-size:]))
        means = running_means(np.concatenate([np.full(SLOW - 1, held[0]), held]), SLOW - 1)
        for name, mean in zip(("fast", "slow"), means, strict=True):
            apart = nearest_other(mean, period, periods) - FLOOR_SHARE * spread
            self.deviations.replace(name, rounded(np.maximum(apart, 0.0)[-size:]))

    def _begin(self, since: int) -> None:
        """Learns from what was kept so many values ago."""
        past = self.values.view()
        kept = past[: past.size - since][-KEPT:]
        baseline = learn(self.deviations, self.marks.judged_at, kept, self.marks.period)
        self._learned = baseline, Shapes(baseline.incident.limits.hold(kept), self.marks.period)
        self._sizes = self._levels = np.zeros(0)

    def _follow(self) -> None:
        """Moves the unit after the series, where that has gone far."""
        baseline, _ = self._usual
        spread = baseline.incident.floor / FLOOR_SHARE
        move, grow = self.unit.follow(baseline.point.centre, spread)
        if move or grow:
            self.unit = self.unit.moved(move, grow)
            self.values.replace(np.ldexp(self.values.view() - move, -grow).astype(np.float32).astype(np.float64))
            self.deviations.rescale(-grow)
            self._begin(0)
