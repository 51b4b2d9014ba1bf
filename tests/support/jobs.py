"""Jobs as a test drives them: a clock that it moves, kinds that it makes up, and the worker's side of the queue."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from tidewatch import composition
from tidewatch.adapters.sqs import delivery_of
from tidewatch.deadline import Deadline
from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobFunction, JobKinds
from tidewatch.jobs.ports import Delivery
from tidewatch.jobs.running import Handled, JobRunner
from tidewatch.settings import settings
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from local.sam.aws.resources import resource_names
from local.sam.console import Console
from local.sam.event_sources import QueuePoller, read_mappings
from local.sam.functions import LambdaContext
from local.sam.routes import Function, read_functions
from tests.support.api import handler_module
from tests.support.environment import REGION, ROOT
from tests.support.tables import template

KIND = "made_up"


@dataclass
class Clock:
    """A wall clock and a monotonic one that move together, when they are told to."""

    moment: datetime = datetime(2026, 1, 12, 9, tzinfo=UTC)
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.moment + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Workshop:
    """Jobs of one made-up kind over the AWS of the test, and workers that run when they are told to."""

    function: JobFunction
    clock: Clock = field(default_factory=Clock)
    run_seconds: float = 900.0
    described: list[Exception] = field(default_factory=list)

    def jobs(self) -> Jobs:
        return Jobs(composition.job_store(), composition.job_queue(), self.clock.now)

    def start(self, request: Any = None, *, key: str | None = None, tenant: Tenant = DEFAULT_TENANT) -> Job:
        return self.jobs().start(tenant, KIND, request, idempotency_key=key)

    def job(self, job: Job) -> Job:
        return self.jobs().get(job.tenant, job.job_id)

    def runner(self) -> JobRunner:
        kinds = JobKinds()
        kinds.register(KIND, self.function)
        return JobRunner(composition.job_store(), composition.job_queue(), kinds, self.clock.now, self._describe)

    def run(self, delivery: Delivery) -> Handled:
        """One run of a worker."""
        return self.runner().run(delivery, Deadline.after(self.run_seconds, self.clock.monotonic))

    def work(self) -> list[Handled]:
        """Runs a worker for each message that can be seen, until there is none."""
        done = []
        while (delivery := receive()) is not None:
            handled = self.run(delivery)
            if handled.acknowledged:
                acknowledge(delivery)
            done.append(handled)
        return done

    def _describe(self, error: Exception) -> dict[str, Any]:
        self.described.append(error)
        return {"type": type(error).__name__, "title": "…", "status": 500, "detail": "…"}


def work_off() -> int:
    """Has the real worker do all jobs that wait, as Lambda would call it; returns how many messages it got."""
    functions = read_functions(template(), ROOT)
    given = template().global_properties("Function")["Environment"]["Variables"]
    (mapping,) = read_mappings(template(), functions, resource_names(template(), given, os.environ))

    def call(function: Function, event: dict[str, Any]) -> Any:
        context = LambdaContext(function.name, function.memory_mb, "arn", function.timeout_seconds)
        return handler_module(function).lambda_handler(json.loads(json.dumps(event)), context)

    poller = QueuePoller(mapping, call, Console(sys.stdout), REGION)
    done = 0
    while count := poller.poll():
        done += count
    return done


def receive() -> Delivery | None:
    """The next message, as Lambda would bring it."""
    found = boto3.client("sqs").receive_message(
        QueueUrl=settings().jobs_queue_url, AttributeNames=["All"], MaxNumberOfMessages=1
    )
    for message in found.get("Messages", ()):
        record = {"body": message["Body"], "attributes": message["Attributes"]}
        return delivery_of(record | {"receiptHandle": message["ReceiptHandle"]})
    return None


def acknowledge(delivery: Delivery) -> None:
    """What Lambda does with a message that is done with."""
    boto3.client("sqs").delete_message(QueueUrl=settings().jobs_queue_url, ReceiptHandle=delivery.receipt)


def let_all_be_seen() -> None:
    """Ends the time for which messages are out of sight."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sqs.models import sqs_backends

    for queue in sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].queues.values():
        for message in queue._messages:
            message.visible_at = 0.0


def out_of_sight() -> int:
    """The seconds for which the only message is still out of sight."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sqs.models import sqs_backends

    name = settings().jobs_queue_url.rpartition("/")[2]
    (message,) = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].queues[name]._messages
    return round(message.visible_at / 1000 - datetime.now(UTC).timestamp())
