"""What a series looks like: its range, its gaps and its flat stretches, for people who judge its model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from tidewatch.series.time_series import TimeSeries

_GAP: Final = 1.5
"""Steps from which on the time between two points is a gap."""
_LONG_TAIL: Final = 0.1
"""Share of the points from which on a flat end is worth a warning; at least :data:`_LONG_TAIL_POINTS`."""
_LONG_TAIL_POINTS: Final = 10
_FEW_CYCLES: Final = 3
"""Cycles of a season below which what is usual at one of its phases is a guess."""


@dataclass(frozen=True, slots=True)
class SeriesProfile:
    """What a series of n points looks like.

    Attributes:
        min, max: of its values.
        gaps: how many times two neighbouring points are more than one and a half steps apart.
        missing_points: about how many points these gaps lack.
        longest_gap_seconds: the longest time between two neighbours of a gap; 0 if there is none.
        longest_gap_from: Unix seconds of the point before it; None if there is none.
        longest_flat_points: the largest number of neighbouring points with one value, at least 1.
        longest_flat_from: Unix seconds of the first of them.
        flat_tail_points: how many points at the end have one value, at least 1.
    """

    min: float
    max: float
    gaps: int
    missing_points: int
    longest_gap_seconds: int
    longest_gap_from: int | None
    longest_flat_points: int
    longest_flat_from: int
    flat_tail_points: int

    @classmethod
    def of(cls, series: TimeSeries) -> SeriesProfile:
        """The profile of a series of at least two points."""
        apart, step = np.diff(series.timestamps), series.step
        gaps = np.flatnonzero(apart > _GAP * step)
        longest = int(gaps[np.argmax(apart[gaps])]) if gaps.size else None
        starts = np.concatenate([[0], 1 + np.flatnonzero(series.values[1:] != series.values[:-1])])
        lengths = np.diff(np.append(starts, len(series)))
        flat = int(np.argmax(lengths))
        return cls(
            min=float(series.values.min()),
            max=float(series.values.max()),
            gaps=int(gaps.size),
            missing_points=int(np.sum(np.rint(apart[gaps] / step) - 1)),
            longest_gap_seconds=0 if longest is None else int(apart[longest]),
            longest_gap_from=None if longest is None else int(series.timestamps[longest]),
            longest_flat_points=int(lengths[flat]),
            longest_flat_from=int(series.timestamps[starts[flat]]),
            flat_tail_points=int(lengths[-1]),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON, by the names of its attributes."""
        return asdict(self)

    def warnings(self, points: int, period: int | None) -> list[str]:
        """What may make a model of the series worse than it could be.

        Args:
            points: how many points the series has.
            period: of its season, in points; None if there is none.
        """
        found = []
        if self.gaps:
            found.append(
                f"the series has {self.gaps:,} {'gap' if self.gaps == 1 else 'gaps'}, the longest of "
                f"{self.longest_gap_seconds:,} seconds after {self.longest_gap_from}; about {self.missing_points:,} "
                "points are missing"
            )
        if self.min < self.max and self.flat_tail_points >= max(_LONG_TAIL_POINTS, _LONG_TAIL * points):
            found.append(f"the last {self.flat_tail_points:,} values are all equal: check that the sensor still works")
        if period and points < _FEW_CYCLES * period:
            found.append(
                f"the series has {points / period:.1f} cycles of its season of {period:,} points; "
                f"{_FEW_CYCLES} or more make a better model"
            )
        return found
