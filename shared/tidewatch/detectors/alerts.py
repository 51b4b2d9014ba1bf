"""One alert for one incident: a second one tells an operator nothing new, until the series has been well again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

THRESHOLD: Final = 6.0
"""The fused score of an anomaly: for one, two experts at 1 in 300 each and a third at 1 in 10."""
RECOVERY: Final = 50
"""Points below the threshold after which an incident is over."""


@dataclass(slots=True)
class Alerts:
    """What is remembered of the incident under way.

    Attributes:
        since: points since the score was last at the threshold; at least ``recovery`` when there is no incident.
        worst: the highest score of an alert of this incident.
    """

    since: int = 1 << 62
    worst: float = 0.0


def alert_once(
    scores: NDArray[np.float64],
    threshold: float = THRESHOLD,
    *,
    recovery: int = RECOVERY,
    worse: float = np.inf,
    state: Alerts | None = None,
) -> NDArray[np.bool_]:
    """Which points alert, shape (n,): the first at the threshold, and no other until the series has recovered.

    Args:
        scores: shape (n,).
        threshold: an anomaly is at or above it.
        recovery: so many points below the threshold end an incident.
        worse: within an incident a point alerts again if its score is this many times the worst alerted; infinity
            for never.
        state: of the points before, moved on in place; None at the start of a stream.
    """
    state = state or Alerts()
    alerts = np.zeros(scores.size, dtype=np.bool_)
    before = -1 - state.since
    worst = state.worst
    for place in np.flatnonzero(scores >= threshold).tolist():
        score = float(scores[place])
        if place - before > recovery or score >= worse * worst:
            alerts[place] = True
            worst = score
        before = place
    state.since = scores.size - 1 - before
    state.worst = worst
    return alerts
