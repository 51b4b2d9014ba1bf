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

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tidewatch.calibration.conformal import Calibration
from tidewatch.detectors.base import Floats

THREE_SIGMAS: Final = 3.0
"""The threshold of a method that measures in standard deviations."""
_USUAL_RATE: Final = 0.01
"""The share of usual points that may be beyond the limit of the calibration."""
_SHORTEST, _LONGEST = 10, 40
"""Points of an event: nearer points count as one."""
_AT_ONCE: Final = 4_096
"""Windows that are looked through at once: they stay in the processor's cache."""


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

    def limits(self, scores: Floats, size: int) -> Floats:
        """The score that each of the last ``size`` points must be beyond to be an anomaly, shape (size,).

        Args:
            scores: nonconformity scores of all known points before, and of those, in the order of time; NaN for none.
            size: at most as many as there are scores.
        """
        limits = np.full(size, self.limit)
        if not self.recent or not size:
            return limits
        high = np.where(scores > self.limit, scores, -np.inf)
        padded = np.concatenate([np.full(self.recent, -np.inf), high])[high.size - size : -1]
        many = np.concatenate([[0], np.cumsum(padded > -np.inf)])
        places = np.flatnonzero(many[self.recent :] - many[: -self.recent] >= self.events)
        past = sliding_window_view(padded, self.recent)
        for begin in range(0, places.size, _AT_ONCE):
            some = places[begin : begin + _AT_ONCE]
            # At each place the highest score that one event until there reached; then two events, and so on.
            reached = np.maximum.accumulate(past[some], axis=1)
            for event in range(1, self.events):
                later = past[some][:, event * self.length :]
                reached = np.maximum.accumulate(np.minimum(reached[:, : -self.length], later), axis=1)
            limits[some] = np.maximum(limits[some], reached[:, -1])
        return limits
