"""By schedules: delete stored data that no version refers to, and look at monitored series for drift."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tidewatch import composition
from tidewatch.api.drift_watch import WATCH_DRIFT, watch_drift
from tidewatch.deadline import Deadline
from tidewatch.services.collect_garbage import collect_garbage
from tidewatch.telemetry import LogEvent, logger

# To end the call under way, and to say what was done.
_RESERVED_SECONDS = 10


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Collects until nothing is left, or until the function's time is nearly over; or watches, if that is the task."""
    if event.get("task") == WATCH_DRIFT:
        return watch_drift(context)
    deadline = Deadline.after(context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS)
    objects, versions = composition.object_store(), composition.version_store()
    done = collect_garbage(objects, versions, now=datetime.now(UTC), deadline=deadline)
    message, what = "garbage collected", LogEvent.GARBAGE_COLLECTED
    logger.info(message, event=what, objects=done.objects, size=done.size, left=done.left)
    return {"objects": done.objects, "size": done.size, "left": done.left}
