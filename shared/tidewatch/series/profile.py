"""What a series looks like: its range, its gaps and its flat stretches, for people who judge its model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.series.time_series import TimeSeries

_GAP: Final = 1.5
"""Steps from which on the time between two points is a gap."""
_LONG_TAIL: Final = 0.1
"""Share of the points from which on a flat end is worth a warning; at least :data:`_LONG_TAIL_POINTS`."""
_LONG_TAIL_POINTS: Final = 10
_FEW_CYCLES: Final = 3
"""Cycles of a season below which what is usual at one of its phases is a guess."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where points are missing.

    Attributes:
        gaps: how many times two neighbouring points are more than one and a half steps apart.
        missing_points: about how many points these gaps lack.
        longest_gap_seconds: the longest time between two neighbours of a gap; 0 if there is none.
        longest_gap_from: Unix seconds of the point before it; None if there is none.
    """

    gaps: int
    missing_points: int
    longest_gap_seconds: int
    longest_gap_from: int | None

    @classmethod
    def of(cls, timestamps: NDArray[np.int64], step: int) -> Gaps:
        """The gaps between at least two times that are most often so many seconds apart."""
        apart = np.diff(timestamps)
        gaps = np.flatnonzero(apart > _GAP * step)
        longest = int(gaps[np.argmax(apart[gaps])]) if gaps.size else None
        return cls(
            gaps=int(gaps.size),
            missing_points=int(np.sum(np.rint(apart[gaps] / step) - 1)),
            longest_gap_seconds=0 if longest is None else int(apart[longest]),
            longest_gap_from=None if longest is None else int(timestamps[longest]),
        )


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
        starts = np.concatenate([[0], 1 + np.flatnonzero(series.values[1:] != series.values[:-1])])
        lengths = np.diff(np.append(starts, len(series)))
        flat = int(np.argmax(lengths))
        return cls(
            min=float(series.values.min()),
            max=float(series.values.max()),
            longest_flat_points=int(lengths[flat]),
            longest_flat_from=int(series.timestamps[starts[flat]]),
            flat_tail_points=int(lengths[-1]),
            **asdict(Gaps.of(series.timestamps, series.step)),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON, by the names of its attributes."""
        return asdict(self)

    def warnings(self, points: int, period: int | None, *, seasonal: bool = False) -> list[str]:
        """What may make a model of the series worse than it could be.

        Args:
            points: how many points the series has.
            period: of its season, in points; None if there is none.
            seasonal: whether the method is for series with a season.
        """
        found = [gaps_warning(self)] if self.gaps else []
        if self.min < self.max and self.flat_tail_points >= max(_LONG_TAIL_POINTS, _LONG_TAIL * points):
            found.append(f"the last {self.flat_tail_points:,} values are all equal: check that the sensor still works")
        if seasonal and period is None and self.min < self.max:
            found.append(
                "no season was found, so points are judged by the recent level alone: set period if you know it, "
                "or send more cycles"
            )
        if period and points < _FEW_CYCLES * period:
            found.append(
                f"the series has {points / period:.1f} cycles of its season of {period:,} points; "
                f"{_FEW_CYCLES} or more make a better model"
            )
        return found


def gaps_warning(found: Gaps | SeriesProfile) -> str:
    """A sentence about the gaps of a series that has some."""
    return (
        f"the series has {found.gaps:,} {'gap' if found.gaps == 1 else 'gaps'}, the longest of "
        f"{found.longest_gap_seconds:,} seconds after {found.longest_gap_from}; about {found.missing_points:,} "
        "points are missing"
    )
