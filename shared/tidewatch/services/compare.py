"""Comparing the champion of a series with its challenger on what both judged, and acting on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidewatch.deadline import Deadline
from tidewatch.lifecycle.comparison import Comparison, compare
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.registry import Cause, Head, NoChallenger, NotAsExpected, Promoter, Registry, SeriesKey

_MOST_POINTS: Final = 200_000
"""Points that a comparison looks at, from when the challenger was set."""
_ACTOR: Final = "auto_promote"


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, and where the series stood.

    Attributes:
        head: with the champion and the challenger that were compared.
        comparison: of them.
    """

    head: Head
    comparison: Comparison


def compare_versions(series: SeriesKey, *, registry: Registry, observations: ObservationStore) -> Compared:
    """Compares champion and challenger on the points that both judged since the challenger was set.

    A champion that came meanwhile begins the comparison anew.

    Raises:
        SeriesNotFound: if the series was never trained.
        NoChallenger: if it has no challenger.
        StorageUnavailable: if storage failed.
    """
    head = registry.head(series)
    challenger = head.challenger
    if challenger is None:
        raise NoChallenger(series.series_id)
    found = observations.since(series, challenger.since, _MOST_POINTS)
    both = [each for each in found if (each.champion, each.challenger) == (head.champion.number, challenger.number)]
    labels: dict[int, bool] = {}
    if both:
        start = min(each.points.start for each in both)
        labels = observations.labels(series, start, max(each.points.end for each in both))
    return Compared(head, compare(both, labels, challenger.error_rate))


def label(
    series: SeriesKey,
    labels: Mapping[int, bool],
    *,
    registry: Registry,
    observations: ObservationStore,
    promoter: Promoter,
    deadline: Deadline,
) -> Head:
    """Keeps labels; where they decide for a challenger that is to be promoted by itself, it is.

    Only labels do that: a version that alarms less is not better for it alone.

    Args:
        series: the series.
        labels: whether points were anomalies, by Unix seconds.
        registry: where the series stands.
        observations: where labels are kept, and what was judged.
        promoter: moves the champion.
        deadline: of the request.

    Returns:
        Where the series stands then.

    Raises:
        SeriesNotFound: if the series was never trained.
        SeriesBusy: if others changed the series until the deadline; the labels are kept.
        StorageUnavailable: if storage failed; some labels may be kept.
    """
    head = registry.head(series)
    observations.label(series, labels)
    if head.challenger is None or not head.challenger.auto_promote:
        return head
    compared = compare_versions(series, registry=registry, observations=observations)
    comparison = compared.comparison
    if (comparison.basis, comparison.verdict) != ("labels", "promote"):
        return compared.head
    reason = (
        f"better on {comparison.wins_of_challenger} of {comparison.wins_of_challenger + comparison.wins_of_champion} "
        f"labelled occasions, at an error rate of {head.challenger.error_rate:g}"
    )
    try:
        return promoter.promote(
            series, head.challenger.number, Cause(_ACTOR, reason), tag=compared.head.tag, deadline=deadline
        )
    except NotAsExpected:
        # Somebody changed the series meanwhile: what was compared is no longer what judges.
        return registry.head(series)
