"""Points with their judgements, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import Scores
from tidewatch.series import TimeSeries

_COLUMNS: Final[dict[str, Any]] = {
    "anomaly": np.bool_,
    "warming_up": np.bool_,
    "direction": np.int8,
    "score": np.float64,
    "p_value": np.float64,
    "severity": np.float64,
    "expected": np.float64,
    "lower": np.float64,
    "upper": np.float64,
    "incident": np.float64,
}
"""What :class:`~tidewatch.detectors.Scores` has of each point; here the evidence of incidents is always there."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPoints:
    """How n points of a stream were judged.

    Attributes:
        points: in the order of time.
        scores: of each; ``incident`` is NaN where the detector has no such output.
        version: int32, shape (n,), the number of the version that judged each.
        late: bool, shape (n,), whether a later point had been judged before.
    """

    points: TimeSeries
    scores: Scores
    version: NDArray[np.int32]
    late: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def of(cls, points: TimeSeries, scores: Scores, version: int, late: NDArray[np.bool_]) -> JudgedPoints:
        """Points that one version judged."""
        columns = {name: getattr(scores, name) for name in _COLUMNS}
        if scores.incident is None:
            columns["incident"] = np.full(len(points), np.nan)
        return cls(points, Scores(**columns), np.full(len(points), version, dtype=np.int32), late)

    @classmethod
    def none(cls) -> JudgedPoints:
        """Of no points."""
        scores = Scores(**{name: np.empty(0, dtype=kind) for name, kind in _COLUMNS.items()})
        return cls(TimeSeries.empty(), scores, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.bool_))

    @classmethod
    def joined(cls, parts: Sequence[JudgedPoints]) -> JudgedPoints:
        """All points of some parts, in the order of time; no time may be there twice."""
        some = [part for part in parts if len(part)]
        if len(some) <= 1:
            return some[0] if some else cls.none()
        times = np.concatenate([part.points.timestamps for part in some])
        order = np.argsort(times, kind="stable")
        values = np.concatenate([part.points.values for part in some])
        columns = {name: np.concatenate([getattr(p.scores, name) for p in some])[order] for name in _COLUMNS}
        return cls(
            TimeSeries(times[order], values[order]),
            Scores(**columns),
            np.concatenate([part.version for part in some])[order],
            np.concatenate([part.late for part in some])[order],
        )

    def at(self, places: NDArray[np.intp] | slice) -> JudgedPoints:
        """Some of the points, at increasing places."""
        columns = {name: getattr(self.scores, name)[places] for name in _COLUMNS}
        points = TimeSeries(self.points.timestamps[places], self.points.values[places])
        return JudgedPoints(points, Scores(**columns), self.version[places], self.late[places])

    def between(self, first: int, last: int) -> JudgedPoints:
        """The points from a time to another, in Unix seconds, both included."""
        times = self.points.timestamps
        return self.at(slice(int(times.searchsorted(first)), int(times.searchsorted(last, side="right"))))

    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns by name, each of shape (n,)."""
        of_scores = {name: getattr(self.scores, name) for name in _COLUMNS}
        return {
            "timestamps": self.points.timestamps,
            "values": self.points.values,
            "version": self.version,
            "late": self.late,
            **of_scores,
        }

    @classmethod
    def of_columns(cls, columns: dict[str, NDArray[Any]]) -> JudgedPoints:
        """The points that gave these columns."""
        return cls(
            TimeSeries(columns["timestamps"], columns["values"]),
            Scores(**{each.name: columns[each.name] for each in fields(Scores)}),
            columns["version"],
            columns["late"],
        )
