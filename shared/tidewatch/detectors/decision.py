"""Which points a model calls anomalies, where the options name no threshold.

The threshold of a method alone is crossed too often on series that are not what the method was made for: heavy tails,
or a level that moves on after training. So by default a point is an anomaly where three things hold:

- its score is beyond the method's own threshold;
- at most 1 usual point in 100 has such a score, by the calibration, where there were so many to tell;
- it is rare in its own past: among the last 200 points, at most two events had such a score; for most
  learners, which take all that they never saw for unusual, one among 800.

The third lets a model that was fitted once live with a series that changes. After a change of level some 20 to 40
points are anomalies, and then the new level is what is usual. Events are counted, not points, so that one incident may
last, and so that what a wild value leaves in the windows after it is one event with it.

Sources: ranks among the past as a decision, V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World
(2005), chapter 2; counting clusters of points that belong together, R. Smith, I. Weissman, Estimating the Extremal
Index (1994), Journal of the Royal Statistical Society B 56(3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.conformal import Calibration
from tidewatch.detectors.base import Floats

THREE_SIGMAS: Final = 3.0
"""The threshold of a method that measures in standard deviations."""
_USUAL_RATE: Final = 0.01
"""The share of usual points that may be beyond the limit of the calibration."""
_SHORTEST, _LONGEST = 10, 40
"""Points of an event: nearer points count as one."""
_AT_ONCE: Final = 256
"""Pasts that are looked through at once: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What a decision needs of the points before a point: those whose nonconformity score was high.

    Attributes:
        ago: int64, shape (k,), how many points before, descending, at least 1.
        scores: float64, shape (k,), each beyond the limit of the decision.
    """

    ago: NDArray[np.int64]
    scores: Floats

    @classmethod
    def none(cls) -> Past:
        """Of a point before which nothing came, or nothing high."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0))

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` takes it; null for an infinite score."""
        scores = [score if np.isfinite(score) else None for score in self.scores.tolist()]
        return {"ago": self.ago.tolist(), "scores": scores}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Past:
        """The past that gave this."""
        scores = [np.inf if score is None else score for score in parts["scores"]]
        return cls(np.array(parts["ago"], dtype=np.int64), np.array(scores, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Decision:
    """Beyond which nonconformity score a point is an anomaly.

    Attributes:
        limit: a score that every anomaly is beyond.
        recent: how many points before a point it is compared with; 0 for none.
        events: so many events among them as unusual as the point make it usual.
        length: of an event, in points: high scores no further apart count once.
    """

    limit: float
    recent: int = 0
    events: int = 1
    length: int = _SHORTEST

    @classmethod
    def by_default(cls, threshold: float, calibration: Calibration, recent: int, events: int, echo: int) -> Decision:
        """The decision where the options name no threshold.

        Args:
            threshold: the method's own.
            calibration: of its scores.
            recent: as the attribute.
            events: as the attribute, at least 1.
            echo: for how many points after a wild one scores are high because of it.
        """
        # Fewer scores cannot tell what 1 in 100 is.
        enough = _USUAL_RATE * (calibration.count + 1.0) >= 1.0
        limit = max(threshold, calibration.limit(_USUAL_RATE)) if enough else threshold
        # So long that a wild value with its echo is fewer events than make a point usual.
        length = -(-(1 + echo) // max(events - 1, 1))
        return cls(limit, recent, events, min(max(length, _SHORTEST), _LONGEST))

    def after(self, past: Past, scores: Floats) -> Past:
        """The past of the point that follows some others.

        Args:
            past: of the first of them.
            scores: nonconformity scores of those others, shape (n,), in the order of time; NaN for none.
        """
        if not self.recent:
            return past
        begin = max(scores.size - self.recent, 0)
        high = begin + np.flatnonzero(scores[begin:] > self.limit)
        still = past.ago + scores.size <= self.recent
        ago = np.concatenate([past.ago[still] + scores.size, scores.size - high])
        return Past(ago, np.concatenate([past.scores[still], scores[high]]))

    def limits(self, past: Past, scores: Floats) -> Floats:
        """The score that each point must be beyond to be an anomaly, shape (n,).

        Args:
            past: of the first point.
            scores: nonconformity scores of the points, shape (n,), in the order of time; NaN for none. The last has
                no part in any limit.
        """
        limits = np.full(scores.size, self.limit)
        if not self.recent or not scores.size:
            return limits
        high = np.flatnonzero(scores[:-1] > self.limit)
        if past.ago.size + high.size < self.events:
            return limits
        places, heights = np.concatenate([-past.ago, high]), np.concatenate([past.scores, scores[high]])
        if scores.size == 1:
            changes = np.zeros(1, dtype=np.int64)
        else:
            # A limit changes only where a high score enters the past, and where it leaves.
            changes = np.unique(np.concatenate([[0], places + 1, places + 1 + self.recent]))
            changes = changes[(changes >= 0) & (changes < scores.size)]
        found = self._limits_at(changes, places, heights)
        return np.repeat(found, np.diff(changes, append=scores.size))

    def _limits_at(self, at: NDArray[np.int64], places: NDArray[np.int64], heights: Floats) -> Floats:
        """The limits of some points, shape (m,), by the places and heights of all high scores before and among them."""
        limits = np.full(at.size, self.limit)
        first, end = places.searchsorted(at - self.recent), places.searchsorted(at)
        # Only where the high scores are many enough, and far enough apart, to be so many events.
        apart = places[np.maximum(end - 1, 0)] - places[np.minimum(first, places.size - 1)]
        possible = (end - first >= self.events) & (apart >= (self.events - 1) * self.length)
        chosen = np.flatnonzero(possible)
        # The last high score that is of an earlier event than this one; -1 for none.
        earlier = places.searchsorted(places - self.length, side="right") - 1
        for begin in range(0, chosen.size, _AT_ONCE):
            some = chosen[begin : begin + _AT_ONCE]
            limits[some] = self._reached(first[some], end[some], earlier, heights)
        return limits

    def _reached(
        self, first: NDArray[np.intp], end: NDArray[np.intp], earlier: NDArray[np.intp], heights: Floats
    ) -> Floats:
        """The highest score that so many events reached, among the high scores from ``first`` to ``end``."""
        rows, most = first.size, int((end - first).max())
        of = np.minimum(first[:, None] + np.arange(most), end[:, None] - 1)
        high = heights[of]
        # Each row begins with a column for no event, and the rows lie one after the other.
        before = np.maximum(earlier[of] - first[:, None], -1) + 1 + (most + 1) * np.arange(rows)[:, None]
        reached = np.full((rows, most + 1), -np.inf)
        # Until each high score the highest that one event reached; then two events, and so on.
        np.maximum.accumulate(high, axis=1, out=reached[:, 1:])
        for _ in range(1, self.events):
            np.maximum.accumulate(np.minimum(reached.ravel()[before], high), axis=1, out=reached[:, 1:])
        highest: Floats = np.maximum(reached[:, -1], self.limit)
        return highest
