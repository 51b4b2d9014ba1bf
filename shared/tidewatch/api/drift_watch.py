"""What a schedule calls to look for drift: no HTTP, but the log, the metric and what operators read of them."""

from __future__ import annotations

from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch import composition
from tidewatch.deadline import Deadline
from tidewatch.services import watch_drift as service
from tidewatch.settings import settings
from tidewatch.telemetry import LogEvent, Metric, count_alone, logger

WATCH_DRIFT: Final = "watch_drift"
"""What the event of the schedule asks for."""

# To end with the series under way, whose judgements may be many.
_RESERVED_SECONDS: Final = 60


def watch_drift(context: LambdaContext) -> dict[str, int]:
    """Looks at all monitored series; counts and names those that drift.

    Nothing is measured where nothing is monitored: a metric is charged for the hours in which it is sent.
    """
    seen = service.watch_drift(
        composition.monitored_series(),
        registry=composition.registry(),
        observations=composition.observation_store(),
        points_per_false_alarm=settings().points_per_false_alarm,
        deadline=Deadline.after(context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS),
    )
    for found in seen.drifting:
        champion, since = found.head.champion, found.drift.since
        tenant, series_id, version = str(champion.series.tenant), champion.series_id, champion.version
        message, event = "series drifts", LogEvent.DRIFT_FOUND
        logger.warning(message, event=event, tenant=tenant, series_id=series_id, version=version, since=since)
    if seen.watched:
        count_alone(Metric.DRIFTING_SERIES, len(seen.drifting))
    drifting, message, event = len(seen.drifting), "looked for drift", LogEvent.DRIFT_WATCHED
    logger.info(message, event=event, watched=seen.watched, drifting=drifting, left=seen.left)
    return {"watched": seen.watched, "drifting": drifting, "left": seen.left}
