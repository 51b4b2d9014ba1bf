"""From anomalous points to events: neighbouring ones are one thing that happened, and worth one alert.

What counts as neighbouring is the order of points, not the time between them. An event alerts once: a second alert
tells an operator nothing new, unless it got worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Scores

THRESHOLD: Final = 6.0
"""The fused score of an anomaly: for one, two experts at 1 in 300 each and a third at 1 in 10."""
RECOVERY: Final = 50
"""Points below the threshold after which an incident is over."""

GAP: Final = 3
"""So many usual points between two anomalies do not end an event: noise takes single points back below a limit."""
WORSE: Final = 1.25
"""An event alerts again when its evidence, -log10 of the p-value, is this many times that of its last alert."""
_LEAST_EVIDENCE: Final = 1.0
"""Whether 1 in 2 becomes 1 in 4 is no news: evidence below 1 in 10 counts as that."""


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


@dataclass(frozen=True, slots=True)
class Event:
    """Anomalous points that are at most ``GAP`` usual points apart. Indices are those of the series, from 0.

    Attributes:
        start_index: of its first anomalous point.
        end_index: of its last one.
        peak_index: of the one with the smallest p-value, the first of equals.
        points: how many anomalous points it has.
        severity: of the peak, 0 to 1.
        direction: of the peak: 1 where it is higher than usual, -1 where it is lower, 0 where neither is known.
        alerts: the indices at which somebody should be told, ascending: the start, and where it got worse.
    """

    start_index: int
    end_index: int
    peak_index: int
    points: int
    severity: float
    direction: int
    alerts: tuple[int, ...]


def find_events(scores: Scores) -> list[Event]:
    """The events of a series, in the order of time; each anomalous point is in exactly one.

    Args:
        scores: of n points in the order of time.
    """
    places = np.flatnonzero(scores.anomaly)
    if not places.size:
        return []
    evidence = -np.log10(scores.p_value[places])
    starts = np.flatnonzero(np.diff(places, prepend=-GAP - 2) > GAP + 1)
    ends = np.append(starts[1:], places.size)
    peaks = _first_highest(evidence, starts)
    alerts = _alerts(len(scores.anomaly), places, evidence)
    told = np.searchsorted(alerts, places[starts])
    return [
        Event(
            start_index=int(places[start]),
            end_index=int(places[end - 1]),
            peak_index=int(places[peak]),
            points=int(end - start),
            severity=float(scores.severity[places[peak]]),
            direction=int(scores.direction[places[peak]]),
            alerts=tuple(alerts[first:last].tolist()),
        )
        for start, end, peak, first, last in zip(
            starts, ends, peaks, told, np.append(told[1:], alerts.size), strict=True
        )
    ]


def _first_highest(numbers: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The index of the first highest number of each stretch; a stretch lasts until the next starts."""
    lengths = np.diff(starts, append=numbers.size)
    hits = np.flatnonzero(numbers == np.repeat(np.maximum.reduceat(numbers, starts), lengths))
    stretch = np.repeat(np.arange(starts.size), lengths)[hits]
    firsts: NDArray[np.intp] = hits[np.diff(stretch, prepend=-1) != 0]
    return firsts


def _alerts(size: int, places: NDArray[np.intp], evidence: NDArray[np.float64]) -> NDArray[np.intp]:
    """The indices of all alerts, ascending."""
    usual = -1.0
    levels = np.full(size, usual)
    levels[places] = np.maximum(evidence, _LEAST_EVIDENCE)
    return np.flatnonzero(alert_once(levels, 0.0, recovery=GAP + 1, worse=WORSE))
