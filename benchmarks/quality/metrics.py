"""Figures of one judged series against its labels, which add up over a set of series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Flags = NDArray[np.bool_]

GAP: Final = 3
"""So many points at the most may lie between two points of one event."""
EARLY: Final = 3
"""Of an event's first points, so many are asked for."""


def average_precision(labels: Flags, rank: NDArray[np.float64]) -> float:
    """The mean precision at each labelled point, from most to least unusual; equals count together.

    Args:
        labels: shape (n,), at least one of them true.
        rank: finite, shape (n,), larger for more unusual.
    """
    return float(average_precision_score(labels, rank))


def events(marks: Flags, gap: int = GAP) -> list[NDArray[np.int64]]:
    """The places of the marked points of each event: those with at most ``gap`` points between neighbours."""
    places = np.flatnonzero(marks).astype(np.int64)
    if not places.size:
        return []
    return np.split(places, np.flatnonzero(np.diff(places) > gap + 1) + 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted at the flags of one series, or of several together.

    Attributes:
        flagged_events, true_events: events of flagged points, and those of them with a labelled point flagged.
        labelled_events, found_events: events of labelled points, and those of them with a point flagged.
        early_points, early_flagged: the first three labelled points of each event, and those of them flagged.
        early_events: events of labelled points with a flag on one of the first three.
        normal_points, false_flags: points without a label, and those of them flagged.
    """

    flagged_events: int = 0
    true_events: int = 0
    labelled_events: int = 0
    found_events: int = 0
    early_points: int = 0
    early_flagged: int = 0
    early_events: int = 0
    normal_points: int = 0
    false_flags: int = 0

    @classmethod
    def of(cls, labels: Flags, flags: Flags) -> Self:
        """Counts one series; both have shape (n,)."""
        flagged, labelled = events(flags), events(labels)
        early = [event[:EARLY] for event in labelled]
        return cls(
            flagged_events=len(flagged),
            true_events=sum(bool(labels[event].any()) for event in flagged),
            labelled_events=len(labelled),
            found_events=sum(bool(flags[event].any()) for event in labelled),
            early_points=sum(event.size for event in early),
            early_flagged=sum(int(flags[event].sum()) for event in early),
            early_events=sum(bool(flags[event].any()) for event in early),
            normal_points=int((~labels).sum()),
            false_flags=int((flags & ~labels).sum()),
        )

    def __add__(self, other: Counts) -> Counts:
        """Both series together."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def precision(self) -> float:
        """The share of flagged events that are true; NaN without any."""
        return _share(self.true_events, self.flagged_events)

    @property
    def recall(self) -> float:
        """The share of labelled events that are found; NaN without any."""
        return _share(self.found_events, self.labelled_events)

    @property
    def early(self) -> float:
        """The share flagged of the first three points of events; NaN without any event."""
        return _share(self.early_flagged, self.early_points)

    @property
    def found_early(self) -> float:
        """The share of labelled events with a flag on one of their first three points; NaN without any event."""
        return _share(self.early_events, self.labelled_events)

    @property
    def false_per_thousand(self) -> float:
        """False flags per 1,000 normal points; NaN without any."""
        return 1000.0 * _share(self.false_flags, self.normal_points)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
