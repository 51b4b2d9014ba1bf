"""The built worker, in the real runtime: a message of the queue becomes a job that ended."""

from __future__ import annotations

import json
from typing import Any

import boto3

from local.events import EVENTS
from local.sam.event_sources import QueueMapping, QueuePoller
from tests.runtime.conftest import Environments, Start
from tests.support.api import Api
from tests.support.environment import ENVIRONMENT, REGION


class Quiet:
    """A console that must hear of nothing."""

    def failure(self, text: str) -> None:
        raise AssertionError(text)


def test_a_message_whose_job_is_gone_is_dropped(start: Start, environments: Environments) -> None:
    event = json.loads((EVENTS / "job.json").read_text(encoding="utf-8"))
    assert environments.answer(start("WorkerFunction"), event) == {"batchItemFailures": []}


def test_a_version_is_trained_again_and_is_the_same(
    start: Start, environments: Environments, access: dict[str, str], monkeypatch: Any
) -> None:
    fit, manage, worker = (start(f"{name}Function") for name in ("Fit", "Manage", "Worker"))

    def call(emulator: Any, method: str, url: str, **more: Any) -> Any:
        event, _ = Api().event(method, url, **more)
        answer = environments.answer(emulator, event)
        return answer["statusCode"], json.loads(answer["body"])

    times = [1_700_000_000 + 60 * index for index in range(200)]
    values = [float(index % 12) for index in range(200)]
    body = {"timestamps": times, "values": values, "detector": {"name": "isolation_forest"}}
    assert call(fit, "POST", "/fit/again", json_body=body)[0] == 200
    status, job = call(manage, "POST", "/series/again/versions/1/reproduce")
    assert (status, job["state"]) == (202, "queued")
    for name, value in access.items():
        monkeypatch.setenv(name, value)
    queue = ENVIRONMENT["JOBS_QUEUE_URL"]
    mapping: Any = QueueMapping(None, queue, "arn", 1, reports=True)  # type: ignore[arg-type]
    console: Any = Quiet()
    poller = QueuePoller(mapping, lambda _, event: environments.answer(worker, event), console, REGION)
    assert poller.poll() == 1
    status, job = call(manage, "GET", f"/jobs/{job['job_id']}")
    assert (status, job["state"], job["result"]["outcome"]) == (200, "succeeded", "equal")
    told = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessages"] == told["ApproximateNumberOfMessagesNotVisible"] == "0"
