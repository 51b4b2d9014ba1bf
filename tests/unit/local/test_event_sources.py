"""Queues that functions read from: what is done with is deleted, what fails comes again, and is given up in the end."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import Queue, sqs_backends

from local.sam.aws import resources
from local.sam.aws.holders import Messages
from local.sam.aws.state import keep
from local.sam.console import Console
from local.sam.event_sources import APART_SECONDS, QueuePoller, read_mappings, served
from local.sam.routes import Function, UnusableTemplate
from local.sam.template import Template

REGION = "eu-central-1"
FUNCTION = Function("ReaderFunction", "reader", Path("handler.py"), "handle", {}, 3, 128)


def template(**mapping: Any) -> Template:
    arn = {"Fn::GetAtt": ["Work", "Arn"]}
    event = {
        "Type": "SQS",
        "Properties": {"Queue": arn, "FunctionResponseTypes": ["ReportBatchItemFailures"]} | mapping,
    }
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}
    queue = {"FifoQueue": True, "VisibilityTimeout": 60}
    return Template(
        {
            "Resources": {
                "Work": {"Type": "AWS::SQS::Queue", "Properties": queue | {"RedrivePolicy": redrive}},
                "Dead": {"Type": "AWS::SQS::Queue", "Properties": queue},
                "ReaderFunction": {"Type": "AWS::Serverless::Function", "Properties": {"Events": {"Work": event}}},
            }
        },
        REGION,
    )


class Stack:
    """A queue, and a function that does what it is told with each batch."""

    def __init__(self, **mapping: Any) -> None:
        declared = template(**mapping)
        names = resources.resource_names(declared, {}, {})
        resources.create_resources(declared, names)
        self.queue, self.dead = names["Work"], names["Dead"]
        self.batches: list[list[str]] = []
        self.answer: Any = None
        self.printed = io.StringIO()
        (found,) = read_mappings(declared, {"ReaderFunction": FUNCTION}, names)
        self.poller = QueuePoller(found, self._call, Console(self.printed), REGION)

    def _call(self, function: Function, event: dict[str, Any]) -> Any:
        json.dumps(event)
        self.batches.append([record["body"] for record in event["Records"]])
        return self.answer(event) if callable(self.answer) else self.answer

    def send(self, *bodies: str, group: str = "g") -> None:
        for body in bodies:
            boto3.client("sqs").send_message(
                QueueUrl=self.queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
            )

    def let_be_seen(self) -> None:
        for message in self.messages(self.queue):
            message.visible_at = 0.0

    def messages(self, url: str) -> list[Any]:
        queue: Queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[url.rpartition("/")[2]]
        return queue._messages

    def bodies(self, url: str) -> list[str]:
        return [message.body for message in self.messages(url)]


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def test_a_batch_is_called_and_deleted() -> None:
    stack = Stack()
    stack.send("a", "b")
    assert [stack.poller.poll(), stack.poller.poll()] == [2, 0]
    assert stack.batches == [["a", "b"]]
    assert stack.bodies(stack.queue) == []


def test_a_record_is_one_of_lambdas() -> None:
    stack = Stack(BatchSize=1)
    seen: list[Any] = []
    stack.answer = seen.append
    stack.send("a", "b")
    stack.poller.poll()
    ((record,),) = [event["Records"] for event in seen]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == "arn:aws:sqs:eu-central-1:123456789012:local-work.fifo"
    assert record["awsRegion"] == REGION
    assert record["attributes"]["MessageGroupId"] == "g"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_what_the_function_reports_comes_again_and_is_given_up() -> None:
    stack = Stack()
    stack.answer = lambda event: {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"] == "b"
        ]
    }
    stack.send("a", "b")
    for _ in range(3):
        stack.poller.poll()
        stack.let_be_seen()
    assert stack.batches == [["a", "b"], ["b"]]
    assert (stack.bodies(stack.queue), stack.bodies(stack.dead)) == ([], ["b"])


@pytest.mark.parametrize("answer", [{"batchItemFailures": [{}]}, {"batchItemFailures": "b"}, ["b"]])
def test_an_answer_that_lambda_could_not_read_fails_the_batch(answer: Any) -> None:
    stack = Stack()
    stack.answer = answer
    stack.send("a")
    stack.poller.poll()
    assert stack.bodies(stack.queue) == ["a"]


def test_a_function_that_fails_is_told_of_and_called_again() -> None:
    stack = Stack()
    stack.answer = lambda event: 1 / 0
    stack.send("a")
    stack.poller.poll()
    assert stack.poller.poll() == 0
    stack.let_be_seen()
    assert stack.poller.poll() == 1
    assert stack.printed.getvalue().count("ZeroDivisionError") == 2
    assert "ReaderFunction failed" in stack.printed.getvalue()


def test_without_reports_an_answer_means_success() -> None:
    stack = Stack(FunctionResponseTypes=[])
    stack.answer = {"batchItemFailures": [{"itemIdentifier": "x"}]}
    stack.send("a")
    stack.poller.poll()
    assert stack.bodies(stack.queue) == []


def test_a_mapping_that_is_off_reads_nothing() -> None:
    assert read_mappings(template(Enabled=False), {"ReaderFunction": FUNCTION}, {"Work": "w", "Dead": "d"}) == []


def test_a_queue_that_is_not_in_the_template() -> None:
    with pytest.raises(UnusableTemplate, match="arn:elsewhere, which is no queue of the template"):
        read_mappings(template(Queue="arn:elsewhere"), {"ReaderFunction": FUNCTION}, {"Work": "w", "Dead": "d"})


def test_a_poller_sees_at_once_what_it_is_woken_for() -> None:
    stack, done = Stack(), threading.Event()
    stack.answer = lambda event: done.set()
    with served([stack.poller]) as wake:
        stack.send("a")
        wake()
        assert done.wait(30)


def test_a_poller_that_is_woken_by_each_request_does_not_ask_at_each() -> None:
    stack, asked = Stack(), []
    poll = stack.poller.poll
    stack.poller.poll = lambda: asked.append(None) or poll()  # type: ignore[method-assign, func-returns-value]
    begin = time.monotonic()
    with served([stack.poller]) as wake:
        while time.monotonic() < begin + 0.3:
            wake()
            time.sleep(0.001)
    assert 1 <= len(asked) <= 2 + (time.monotonic() - begin) / APART_SECONDS


def test_messages_come_back_after_a_restart(tmp_path: Path) -> None:
    stack = Stack(BatchSize=1)
    file = tmp_path / "state"
    keeper = keep(file, [Messages(REGION)], print)
    assert keeper is not None
    stack.send("done", "waits")
    # What is written now and then has both messages, the last time only the one that is left.
    assert keeper._collect()
    keeper._write()
    stack.poller.poll()
    keeper.close()
    before = [(message.id, message.body, message.group_id) for message in stack.messages(stack.queue)]
    assert [body for _, body, _ in before] == ["waits"]
    stack.messages(stack.queue).clear()
    again = keep(file, [Messages(REGION)], print)
    assert again is not None
    assert [(message.id, message.body, message.group_id) for message in stack.messages(stack.queue)] == before
    assert stack.poller.poll() == 1
    again.close()
