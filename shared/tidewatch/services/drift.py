"""What the observations of a series' champion show of drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidewatch.lifecycle.drift import Drift, drift_of
from tidewatch.lifecycle.observations import Observations, ObservationStore
from tidewatch.registry import Head, Registry, SeriesKey, TrainingData

MOST_POINTS: Final = 50_000
"""Points that are looked at, the last ones: it bounds what is read."""


@dataclass(frozen=True, slots=True)
class ObservedDrift:
    """What is known of drift, and where the series stands.

    Attributes:
        head: of the series, with the champion that it is about.
        drift: what was found.
    """

    head: Head
    drift: Drift


def observe_drift(
    series: SeriesKey,
    *,
    registry: Registry,
    observations: ObservationStore,
    training_data: TrainingData | None,
    points_per_false_alarm: float,
) -> ObservedDrift:
    """Looks at what the champion judged since it became the champion.

    Args:
        series: the series.
        registry: where it stands.
        observations: where judgements are kept.
        training_data: what the variables are compared with; None to tell nothing of them, which spares reading it.
        points_per_false_alarm: as long as nothing changes, there is one alarm in so many points at the most, on
            average.

    Raises:
        SeriesNotFound: if the series was never trained.
        DataCorrupted: if the training data is gone or damaged.
        StorageUnavailable: if storage failed.
    """
    head = registry.head(series)
    champion = head.champion
    found = _of_its_time(observations.latest(series, champion.trained_at, MOST_POINTS), champion.number)
    # Nothing is to be compared with where nothing came.
    trained_on = training_data.read(champion) if training_data and found else None
    return ObservedDrift(head, drift_of(champion, found, trained_on, points_per_false_alarm))


def _of_its_time(observations: Sequence[Observations], champion: int) -> Sequence[Observations]:
    """Those since the version became the champion; another time that it was, before a rollback, is left out."""
    others = [place for place, each in enumerate(observations) if each.champion != champion]
    # Two functions may see a promotion one after the other: what is left of its time is what follows the others.
    return observations[others[-1] + 1 if others else 0 :]
