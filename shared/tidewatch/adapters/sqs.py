"""The queue of jobs in SQS, first in first out within a group.

SQS hands out one message of a group at a time, so the groups of a tenant are the jobs that it may have running at once;
further ones wait in their group. A group is chosen by the job's id, so that all messages of one job are in one group.
"""

from __future__ import annotations

import math
import time
import uuid
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson
from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.jobs.ports import Delivery
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Of a delivery whose time is over, or whose message is gone.
_GONE: Final = frozenset({"InvalidParameterValue", "ReceiptHandleIsInvalid", "MessageNotInflight"})
_LONGEST_WAIT: Final = 12 * 3600


class SqsJobQueue:
    """Sends to one queue."""

    def __init__(self, client: SQSClient, url: str, jobs_per_tenant: int) -> None:
        self._client = client
        self._url = url
        self._jobs_per_tenant = jobs_per_tenant

    def send(self, tenant: Tenant, job_id: str) -> None:
        """SendMessage. A message that botocore sends twice is one: it has the id that tells duplicates."""
        group = zlib.crc32(job_id.encode()) % self._jobs_per_tenant
        with storage_call("the queue of jobs"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=orjson.dumps({"tenant": str(tenant), "job_id": job_id}).decode(),
                MessageGroupId=f"{tenant}.{group}",
                # Not the job's: a second message of a job is one that is wanted.
                MessageDeduplicationId=uuid.uuid4().hex,
            )

    def postpone(self, receipt: str, seconds: float) -> None:
        """ChangeMessageVisibility; does nothing to a delivery that is no longer this one's."""
        wait = min(max(math.ceil(seconds), 0), _LONGEST_WAIT)
        try:
            with storage_call("the queue of jobs"):
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=wait
                )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code")).rpartition(".")[2]
            if code not in _GONE:
                raise


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    """A record of an SQS event, as Lambda brings it."""
    body = orjson.loads(record["body"])
    attributes = record["attributes"]
    return Delivery(
        tenant=Tenant(body["tenant"]),
        job_id=body["job_id"],
        age=time.time() - int(attributes["SentTimestamp"]) / 1000,
        received=int(attributes["ApproximateReceiveCount"]),
        receipt=record["receiptHandle"],
    )
