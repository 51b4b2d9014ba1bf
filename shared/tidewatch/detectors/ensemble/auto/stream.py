"""The detector itself: it takes points, and judges each only by what came before it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER
from tidewatch.detectors.ensemble.auto.baseline import (
    CALIBRATION,
    DRIFT,
    EXPERTS,
    FUSED,
    RESIDUAL,
    ROWS,
    SEASON,
    Baseline,
    fuse,
    learn,
)
from tidewatch.detectors.ensemble.auto.experts import MARGIN, expectation, measure, remeasure_season, smoothed
from tidewatch.detectors.ensemble.auto.ring import Ring
from tidewatch.detectors.ensemble.auto.season import MOST_PERIODS, choose_period, is_season, winsorise
from tidewatch.detectors.ensemble.auto.tails import Tails

Floats = NDArray[np.float64]

LOOKBACK: Final = 16_384
"""Points of the past that are kept, and that a season is found in."""
WARM_UP: Final = 128
"""Points before the first judgement: the first half tells what is usual, the second what distances from it are."""

_BURN_IN: Final = WARM_UP // 2
_BLOCK_SHORTEST, _BLOCK_LONGEST = 16, 512
_LARGEST: Final = 1e100  # in units of the first values: squares of it still are doubles
_RANKED_ANEW: Final = 1.4
"""Where so many times as many periods are known, the nearest of them is nearer, and the past is measured again."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Of n points; every array has shape (n,) but ``experts``.

    Attributes:
        score: the fused score, 0 to 12.5: what ``baseline.fuse`` makes of the experts.
        evidence: ``-log10`` of the p-value of the score among the scores of the past; 0 while warming up.
        experts: shape (len(EXPERTS), n), the evidence of each expert.
        expected: what the season expects, or the level where there is none, in the unit of the series; the value itself
            while warming up.
        lower, upper: about 997 of 1,000 usual points lie between them; infinite beyond the range of a double.
        direction: int8, 1 above what was expected, -1 below, 0 neither.
        warming_up: bool, whether too little came before.
    """

    score: Floats
    evidence: Floats
    experts: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    direction: NDArray[np.int8]
    warming_up: NDArray[np.bool_]


class Stream:
    """A stream up to its last point. Memory and work per point are bounded, however long the stream gets.

    Values are kept in units of the power of two above those of the burn-in, which is exact and keeps squares in range.
    """

    def __init__(self) -> None:
        self.count = 0
        self._exponent = 0
        self._learned_at = 0
        self._period = 0
        self._period_at = 0
        self._ranked_season = (0, 0)  # the period and the number of them that the season's past was measured by
        self._baseline: Baseline | None = None
        self._early = np.zeros(0)  # the values of the burn-in, while it lasts
        self._values = Ring(3, LOOKBACK + _BLOCK_LONGEST)
        self._times = Ring(1, LOOKBACK + _BLOCK_LONGEST, np.int64)
        self._past = Ring(len(ROWS), CALIBRATION + _BLOCK_LONGEST)

    @property
    def period(self) -> int:
        """The period that points are compared by, in points, whether or not there is a season; 0 during the burn-in."""
        return self._period

    def season(self) -> int | None:
        """The same, if the cycles so far agree more than those of noise would by chance; else None."""
        if not self._period:
            return None
        values: Floats = self._values.view()[0, -min(LOOKBACK, self.count) :]
        return self._period if is_season(winsorise(values), self._period) else None

    def extend(self, timestamps: NDArray[np.int64], values: Floats, deadline: Deadline = NEVER) -> Judgement:
        """Judges the next points, and learns from them.

        Args:
            timestamps: Unix seconds, shape (n,), increasing, after all before. Only their median step is used: a gap
                moves the season by the points that are missing, until it is older than the lookback.
            values: finite, shape (n,).
            deadline: when to give up; looked at before every block.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        out = np.zeros((len(EXPERTS) + 4, values.size))
        warming_up = np.arange(self.count, self.count + values.size) < WARM_UP
        begin = min(max(_BURN_IN - self.count, 0), values.size)
        if begin:
            self._burn_in(timestamps[:begin], values[:begin])
        scaled = self._scaled(values)
        while begin < values.size:
            deadline.check()
            end = min(values.size, begin + self._next() - self.count)
            self._block(timestamps[begin:end], scaled[begin:end], out[:, begin:end])
            begin = end
        score, evidence, expected, margin = out[len(EXPERTS) :]
        with np.errstate(over="ignore"):
            band = np.ldexp(np.stack([expected, expected - margin, expected + margin]), self._exponent)
        expected, lower, upper = np.where(warming_up, values, band)
        direction = (values > expected).astype(np.int8) - (values < expected).astype(np.int8)
        return Judgement(score, evidence, out[: len(EXPERTS)], expected, lower, upper, direction, warming_up)

    def copy(self) -> Stream:
        """Another in the same state: what happens to one does not happen to the other."""
        other = copy.copy(self)
        other.__dict__.update({name: part.copy() for name, part in vars(self).items() if isinstance(part, Ring)})
        return other

    def state(self) -> dict[str, NDArray[Any]]:
        """All that :meth:`restore` needs, as arrays: at most 900 kB before compression."""
        scalars = (
            self.count,
            self._exponent,
            self._learned_at,
            self._period,
            self._period_at,
            *self._ranked_season,
        )
        return {
            "scalars": np.array(scalars, dtype=np.int64),
            "early": self._early,
            "values": self._values.view().copy(),
            "times": self._times.view().copy(),
            "past": self._past.view().copy(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Stream:
        """The stream that gave this state; it judges what comes next as that one would have."""
        stream = cls()
        scalars = [int(scalar) for scalar in state["scalars"]]
        stream.count, stream._exponent, stream._learned_at = scalars[:3]
        stream._period, stream._period_at = scalars[3:5]
        stream._ranked_season = (scalars[5], scalars[6])
        stream._early = np.asarray(state["early"], dtype=np.float64)
        stream._values.push(state["values"])
        stream._times.push(state["times"])
        stream._past.push(state["past"])
        if stream._learned_at:
            stream._baseline = stream._baseline_now()
        return stream

    def _burn_in(self, timestamps: NDArray[np.int64], values: Floats) -> None:
        self._early = np.append(self._early, values)
        self._times.push(timestamps[None])
        self.count += values.size
        if self.count == _BURN_IN:
            self._exponent = int(np.frexp(np.max(np.abs(self._early)))[1])
            scaled = self._scaled(self._early)
            recent = np.append(np.full(MARGIN, scaled[0]), scaled)
            self._values.push(np.tile(recent, (3, 1)))
            self._values.last(_BURN_IN)[1:] = smoothed(scaled, recent)
            self._early = np.zeros(0)
            self._learn()

    def _scaled(self, values: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.clip(np.ldexp(values, -self._exponent), -_LARGEST, _LARGEST)

    def _next(self) -> int:
        """The place in the stream where it learns next."""
        return self._learned_at + min(max(self._learned_at // 8, _BLOCK_SHORTEST), _BLOCK_LONGEST)

    def _block(self, timestamps: NDArray[np.int64], values: Floats, out: Floats) -> None:
        """Judges points up to the next place of learning."""
        # The second and third row are copies until the running means are known that belong there.
        self._values.push(np.tile(values, (3, 1)))
        self._times.push(timestamps[None])
        self.count += values.size
        if self._baseline is not None:
            self._past.push(self._judge(values, self._baseline, out))
        if self.count == self._next():
            self._learn()

    def _judge(self, values: Floats, baseline: Baseline, out: Floats) -> Floats:
        """Fills ``out`` with evidence, score, its evidence, expectation and margin; returns what to remember."""
        size = values.size
        past = self._values.view()
        expected = expectation(past[0], MARGIN + size, baseline)
        winsorised = baseline.winsorise(self._values.last(MARGIN + size)[0], expected)
        self._values.last(size)[1:] = smoothed(values, winsorised)
        seasonal = expected[MARGIN:]
        remembered = np.zeros((len(ROWS), size))
        remembered[:FUSED] = measure(winsorised, past, seasonal, baseline)
        # Only residuals of usual points may widen the band.
        remembered[RESIDUAL] = np.abs(winsorised[MARGIN:] - seasonal)
        if baseline.tails is not None:
            out[: len(EXPERTS)] = _evidence(baseline.tails, remembered)
            out[-4] = remembered[FUSED] = fuse(out[: len(EXPERTS)])
            out[-3] = baseline.tails.evidence(FUSED, remembered[FUSED])
        out[-2] = seasonal if baseline.seasonal else baseline.centre
        out[-1] = baseline.margin
        return remembered

    def _learn(self) -> None:
        self._learned_at = self.count
        if self.count >= 2 * self._period_at:
            self._period_at = self.count
            history = self._history()
            times = self._times.view()[0][-history.size :]
            self._period = choose_period(times, winsorise(history), LOOKBACK // 2)
        first = self._baseline is None or self._baseline.tails is None
        self._baseline = self._baseline_now()
        period, periods = self._ranked_season
        if self._baseline.periods and (period != self._period or self._baseline.periods >= _RANKED_ANEW * periods):
            self._ranked_season = (self._period, self._baseline.periods)
            first = first or period != self._period
            self._measure_season_anew(self._baseline)
        if first and self._baseline.tails is not None:
            past = self._past.view()
            past[FUSED] = fuse(_evidence(self._baseline.tails, past))
            self._baseline = self._baseline_now()

    def _measure_season_anew(self, baseline: Baseline) -> None:
        """Measures the season's past as it would be measured now, since later points are ranked among it."""
        past = self._past.view()
        if past.shape[1]:
            history = self._values.view()[:, -min(LOOKBACK, self.count) :]
            past[[SEASON, DRIFT, RESIDUAL]] = remeasure_season(history, past.shape[1], baseline)
            self._baseline = self._baseline_now()

    def _baseline_now(self) -> Baseline:
        """What was learned at the last place of learning, from the points before it."""
        values = self._history()
        since = self.count - self._learned_at
        past = self._past.view()[:, : len(self._past) - since][:, -CALIBRATION:]
        return learn(past, values, self._period, min(MOST_PERIODS, values.size // self._period))

    def _history(self) -> Floats:
        """The values up to the last place of learning, at most LOOKBACK of them."""
        values: Floats = self._values.view()[0, : len(self._values) - (self.count - self._learned_at)]
        return values[-min(LOOKBACK, self._learned_at) :]


def _evidence(tails: Tails, remembered: Floats) -> Floats:
    return np.stack([tails.evidence(row, remembered[row]) for row in range(len(EXPERTS))])
