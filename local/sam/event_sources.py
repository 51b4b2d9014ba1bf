"""Event source mappings: what Lambda does for a function that reads from an SQS queue.

A poller takes messages of one queue, calls the function with them, and deletes those that it is done with. The others
come again once they are visible, until the queue gives them up to its dead-letter queue. See "Using Lambda with Amazon
SQS" in the Lambda Developer Guide. Each poller has a thread, so that a function that runs for minutes holds up nobody;
there is one batch of a queue at a time.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.sam.console import Console
from local.sam.functions import FunctionFailed, NotLoaded
from local.sam.routes import Function, UnusableTemplate
from local.sam.template import QUEUE, Template

IDLE_SECONDS: Final = 5.0
"""How long a poller waits where nothing happens. What a request may have brought, it sees at once."""
APART_SECONDS: Final = 0.1
"""How far apart polls are at the least that find nothing: under load each request wakes the poller, and a poll takes as
much of the processor as a request."""

_FUNCTION: Final = "AWS::Serverless::Function"
_REPORTS: Final = "ReportBatchItemFailures"

Call = Callable[[Function, dict[str, Any]], Any]
"""Gives an event to a function and returns its answer; may raise whatever the function raises."""


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """One event of type ``SQS`` of a function.

    Attributes:
        function: the function.
        queue: the URL of the queue.
        arn: its ARN.
        batch_size: the most messages that one invocation gets.
        reports: whether the function's answer names the messages that it is not done with.
    """

    function: Function
    queue: str
    arn: str
    batch_size: int
    reports: bool


def read_mappings(
    template: Template, functions: Mapping[str, Function], names: Mapping[str, str]
) -> list[QueueMapping]:
    """The mappings of the template.

    Args:
        template: the template.
        functions: its functions, by logical id.
        names: the URLs of its queues, by logical id.

    Raises:
        UnusableTemplate: if one reads from a queue that is not in the template.
    """
    urls = {template.queue_arn(queue): names[queue] for queue in template.resources(QUEUE)}
    found = []
    for logical_id, properties in template.resources(_FUNCTION).items():
        for event in (properties.get("Events") or {}).values():
            if event["Type"] != "SQS" or event["Properties"].get("Enabled") is False:
                continue
            given = event["Properties"]
            if given["Queue"] not in urls:
                raise UnusableTemplate(f"{logical_id} reads from {given['Queue']}, which is no queue of the template")
            reports = _REPORTS in (given.get("FunctionResponseTypes") or ())
            size = int(given.get("BatchSize", 10))
            found.append(QueueMapping(functions[logical_id], urls[given["Queue"]], given["Queue"], size, reports))
    return found


class QueuePoller:
    """Serves one mapping."""

    def __init__(self, mapping: QueueMapping, call: Call, console: Console, region: str) -> None:
        self._mapping = mapping
        self._call = call
        self._console = console
        self._region = region
        self._client: Any = boto3.client("sqs")
        self._wanted = threading.Event()
        self._stopped = False

    def poll(self) -> int:
        """Serves one batch; returns how many messages it had, 0 if the queue has none to give."""
        answer = self._client.receive_message(
            QueueUrl=self._mapping.queue,
            MaxNumberOfMessages=min(self._mapping.batch_size, 10),
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if messages:
            left = self._invoke(messages)
            for message in messages:
                if message["MessageId"] not in left:
                    self._client.delete_message(QueueUrl=self._mapping.queue, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._wanted.set()

    def run(self) -> None:
        """Serves until it is stopped; what fails is written to the console, and tried again."""
        while not self._stopped:
            self._wanted.clear()
            begin = time.monotonic()
            try:
                served = self.poll()
            except (BotoCoreError, ClientError) as error:
                self._console.failure(f"{self._mapping.function.logical_id}: its queue does not answer: {error}")
                served = 0
            if not served and not self._stopped:
                self._wanted.wait(IDLE_SECONDS)
                time.sleep(max(begin + APART_SECONDS - time.monotonic(), 0.0))

    def stop(self) -> None:
        """Ends ``run`` after the batch that it serves."""
        self._stopped = True
        self.wake()

    def _invoke(self, messages: list[dict[str, Any]]) -> set[str]:
        """Calls the function; returns the ids of the messages that it is not done with."""
        mapping = self._mapping
        everything = {message["MessageId"] for message in messages}
        records = [_record(message, mapping.arn, self._region) for message in messages]
        try:
            answer = self._call(mapping.function, {"Records": records})
        except (FunctionFailed, NotLoaded) as error:
            self._console.failure(f"{mapping.function.logical_id}: {error}")
            return everything
        except Exception:  # noqa: BLE001 - whatever a function raises is its failure, not the poller's
            self._console.failure(f"{mapping.function.logical_id} failed:\n{traceback.format_exc()}")
            return everything
        return _left(answer, everything) if mapping.reports else set()


def _record(message: Mapping[str, Any], arn: str, region: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _left(answer: Any, everything: set[str]) -> set[str]:
    """The messages that an answer reports; all of them for one that Lambda could not read."""
    try:
        left = {item["itemIdentifier"] for item in (answer or {}).get("batchItemFailures") or ()}
    except (AttributeError, KeyError, TypeError):
        return everything
    return min(left, everything)


@contextmanager
def served(pollers: Iterable[QueuePoller]) -> Iterator[Callable[[], None]]:
    """Runs pollers while it is entered; gives what wakes them all."""
    running = list(pollers)
    # A function that runs for minutes must not hold up Ctrl-C: its message comes again.
    threads = [threading.Thread(target=poller.run, name="event-source", daemon=True) for poller in running]
    for thread in threads:
        thread.start()

    def wake() -> None:
        for poller in running:
            poller.wake()

    try:
        yield wake
    finally:
        for poller in running:
            poller.stop()
        for thread in threads:
            thread.join(timeout=2)
