"""Looking at all monitored series for drift, by a schedule: what the metric and the alarm go by."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidewatch.deadline import Deadline
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.registry import Registry, SeriesKey, SeriesNotFound
from tidewatch.services.drift import ObservedDrift, observe_drift


class MonitoredSeries(Protocol):
    """The series of all tenants that are monitored. May raise ``StorageUnavailable``."""

    def keys(self) -> Iterator[SeriesKey]:
        """Each of them once."""
        ...


@dataclass(frozen=True, slots=True)
class DriftWatch:
    """What was seen.

    Attributes:
        watched: how many series were looked at.
        drifting: those that drift.
        left: how many were not looked at, since the time was over.
    """

    watched: int
    drifting: Sequence[ObservedDrift]
    left: int


def watch_drift(
    monitored: MonitoredSeries,
    *,
    registry: Registry,
    observations: ObservationStore,
    points_per_false_alarm: float,
    deadline: Deadline,
) -> DriftWatch:
    """Looks at each monitored series, in random order, until the time is over.

    Args:
        monitored: the series.
        registry: where they stand.
        observations: where judgements are kept.
        points_per_false_alarm: as :func:`~tidewatch.services.drift.observe_drift` takes it.
        deadline: when to stop.

    Raises:
        StorageUnavailable: if storage failed.
    """
    keys = list(monitored.keys())
    # Where the time is never enough, each has its turn all the same.
    random.SystemRandom().shuffle(keys)
    watched, drifting = 0, []
    for key in keys:
        if deadline.remaining() <= 0:
            break
        watched += 1
        try:
            found = observe_drift(
                key,
                registry=registry,
                observations=observations,
                training_data=None,
                points_per_false_alarm=points_per_false_alarm,
            )
        except SeriesNotFound:
            # It was deleted meanwhile.
            continue
        if found.drift.drifting:
            drifting.append(found)
    return DriftWatch(watched, drifting, len(keys) - watched)
