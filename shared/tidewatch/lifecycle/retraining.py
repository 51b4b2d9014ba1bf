"""What a champion is trained on again: what it was trained on, and what came since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tidewatch.lifecycle.observations import Observations
from tidewatch.series import Frame, TimeSeries

Exclusion = Literal["labelled", "alarms", "none"]
"""Which points are not learned from: those that people called anomalies; beside them those that the champion called so
and nobody called usual; or none.
"""

_HELD_OUT: Final = 0.2
_FEWEST_HELD_OUT: Final = 10
_MOST_ALARMS: Final = 0.1
"""The share of alarms on points that were not learned from, up to which a model may take the champion's place."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What a retraining learns from.

    Attributes:
        points: in the order of time.
        stored: how many of them the champion was trained on.
        new: how many of them came since.
        left_out: how many points were left out as anomalies.
    """

    points: TimeSeries | Frame
    stored: int
    new: int
    left_out: int


def gather(
    stored: TimeSeries | Frame,
    observations: Sequence[Observations],
    labels: Mapping[int, bool],
    *,
    window: int,
    exclude: Exclusion,
) -> Gathered:
    """Joins stored training data and what was observed after its end, in the order of time, each point once.

    Args:
        stored: what the champion was trained on.
        observations: in the order in which they were made; those of another kind, or of other variables, are left out.
        labels: whether points were anomalies, by Unix seconds.
        window: so many of the last points are kept.
        exclude: which points are left out.
    """
    alike = [each for each in observations if _alike(stored, each.points)]
    times = np.concatenate([stored.timestamps, *(each.points.timestamps for each in alike)])
    values = np.concatenate([stored.values, *(_values(stored, each.points) for each in alike)])
    alarms = np.concatenate([np.zeros(len(stored), dtype=np.bool_), *(each.anomaly for each in alike)])
    times, first = np.unique(times, return_index=True)
    # What is not later was there when the champion was trained, and somebody left it out.
    later = (first < len(stored)) | (times > stored.end)
    times, first = times[later], first[later]
    anomalous = _anomalous(times, alarms[first], labels, exclude)
    kept = np.flatnonzero(~anomalous)[-window:]
    # Of the points that are older than the window nobody asks whether they were anomalies.
    left_out = int(np.count_nonzero(anomalous[kept[0] :])) if kept.size else int(anomalous.sum())
    known = int(np.count_nonzero(first[kept] < len(stored)))
    chosen = _of(stored, times[kept], values[first[kept]])
    return Gathered(chosen, known, int(kept.size) - known, left_out)


def hold_out(points: TimeSeries | Frame) -> tuple[TimeSeries | Frame, TimeSeries | Frame] | None:
    """Points to learn from and the last fifth of them, to see how a model does; None where they are too few."""
    held = int(_HELD_OUT * len(points))
    if held < _FEWEST_HELD_OUT:
        return None
    return points.part(0, len(points) - held), points.part(len(points) - held)


def may_judge(alarms: float, alarms_of_champion: float) -> bool:
    """Whether a model may take the champion's place, by the share of alarms of each on points that it did not learn."""
    return alarms <= max(_MOST_ALARMS, alarms_of_champion)


def _alike(stored: TimeSeries | Frame, points: TimeSeries | Frame) -> bool:
    if isinstance(stored, Frame):
        return isinstance(points, Frame) and set(points.names) == set(stored.names)
    return isinstance(points, TimeSeries)


def _values(stored: TimeSeries | Frame, points: TimeSeries | Frame) -> NDArray[np.float64]:
    if isinstance(stored, Frame) and isinstance(points, Frame):
        return points.select(stored.names).values
    return points.values


def _of(stored: TimeSeries | Frame, times: NDArray[np.int64], values: NDArray[np.float64]) -> TimeSeries | Frame:
    return Frame(times, values, stored.names) if isinstance(stored, Frame) else TimeSeries(times, values)


def _anomalous(
    times: NDArray[np.int64], alarms: NDArray[np.bool_], labels: Mapping[int, bool], exclude: Exclusion
) -> NDArray[np.bool_]:
    if exclude == "none":
        return np.zeros(times.size, dtype=np.bool_)
    unknown = alarms if exclude == "alarms" else np.zeros(times.size, dtype=np.bool_)
    found: NDArray[np.bool_] = np.array(
        [labels.get(time, said) for time, said in zip(times.tolist(), unknown.tolist(), strict=True)], dtype=np.bool_
    )
    return found
