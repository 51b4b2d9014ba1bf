"""What the worker is: no HTTP, but messages of the queue of jobs, and the same words for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch import composition
from tidewatch.api.problems import problem_document
from tidewatch.deadline import Deadline
from tidewatch.jobs.job import JobState
from tidewatch.jobs.ports import Delivery, Ending
from tidewatch.jobs.running import JobRunner
from tidewatch.telemetry import LogEvent, Metric, Stopwatch, count_alone, logger

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def create_worker() -> Handler:
    """The Lambda handler of the queue: a message that is not done with comes again (ReportBatchItemFailures)."""

    @logger.inject_lambda_context(clear_state=True)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        left: list[dict[str, str]] = []
        for record in event["Records"]:
            # In a queue that is first in, first out, what follows a failure must wait for it.
            if left or not _handle(record, context):
                left.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": left}

    handler: Handler = lambda_handler
    return handler


def _handle(record: dict[str, Any], context: LambdaContext) -> bool:
    """Runs the job of a message; returns whether the message is done with."""
    stopwatch = Stopwatch()
    delivery = composition.delivery_of(record)
    # Whatever is logged while the job runs names it.
    logger.append_keys(tenant=str(delivery.tenant), job_id=delivery.job_id)
    runner = JobRunner(
        composition.job_store(),
        composition.job_queue(),
        composition.job_kinds(),
        now=lambda: datetime.now(UTC),
        describe=problem_document,
    )
    handled = runner.run(delivery, Deadline.after(context.get_remaining_time_in_millis() / 1000))
    if handled.ending is not None:
        _tell(handled.ending, stopwatch)
    elif not handled.acknowledged:
        _tell_delay(delivery)
    return handled.acknowledged


def _tell(ending: Ending, stopwatch: Stopwatch) -> None:
    problem = ending.error or {}
    # What a client got wrong is no failure of the service.
    if ending.state == JobState.SUCCEEDED:
        count_alone(Metric.JOBS_SUCCEEDED)
    elif problem.get("status", 0) >= 500:
        count_alone(Metric.JOBS_FAILED)
    state, kind = ending.state.value, problem.get("type")
    seconds = round(stopwatch.elapsed_ms / 1000, 1)
    logger.info("job ended", event=LogEvent.JOB_ENDED, state=state, problem=kind, seconds=seconds)


def _tell_delay(delivery: Delivery) -> None:
    logger.warning("job comes again later", event=LogEvent.JOB_DELAYED, received=delivery.received)
