"""The tables, buckets and queues of the template, and the stand-in that they are created in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.settings import UnusableAws, region
from local.sam.template import QUEUE, Template

_KINDS: Final = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
_TABLE_PROPERTIES: Final = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes")
_INDEX_PROPERTIES: Final = frozenset({"IndexName", "KeySchema", "Projection", "ProvisionedThroughput"})
_QUEUE_PROPERTIES: Final[tuple[str, ...]] = (
    *("FifoQueue", "ContentBasedDeduplication", "DelaySeconds", "MessageRetentionPeriod"),
    "VisibilityTimeout",
)
_EXISTS: Final = frozenset(
    {
        "QueueAlreadyExists",
        "QueueNameExists",
        "ResourceInUseException",
        "BucketAlreadyOwnedByYou",
        "BucketAlreadyExists",
    }
)
_QUICK: Final = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})


def start_stand_in(store: MetricStore) -> None:
    """Puts moto in the way of every call to AWS, for the life of the process."""
    from moto import mock_aws

    # Its import takes half a second, which an account needs not wait for.
    from local.sam.aws import moto_patches, reads

    moto_patches.apply(store)
    reads.answer_in_process()
    # Our own made-up credentials stay: LocalStack tells accounts apart by them and knows "test".
    mock_aws(config={"core": {"mock_credentials": False}}).start()


def create_resources(template: Template, names: Mapping[str, str]) -> None:
    """Creates the tables, buckets and queues of the template where they do not exist yet.

    Args:
        template: the template that defines them.
        names: what to call them, by logical id.

    Raises:
        UnusableAws: if the endpoint does not answer or refuses.
    """
    try:
        dynamodb: Any = boto3.client("dynamodb", config=_QUICK)
        for logical_id, properties in template.resources("AWS::DynamoDB::Table").items():
            _create_table(dynamodb, {**properties, "TableName": names[logical_id]})
        s3: Any = boto3.client("s3", config=_QUICK)
        for logical_id, properties in template.resources("AWS::S3::Bucket").items():
            _create_bucket(s3, names[logical_id], region(os.environ), properties)
        _create_queues(template, names)
    except (BotoCoreError, ClientError) as error:
        raise UnusableAws(f"cannot create tables, buckets and queues: {error}") from error


def resource_variables(template: Template, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of the functions that name a table, a bucket or a queue (by its URL), and the logical id of each.

    Args:
        template: the template that defines them.
        variables: the environment that the template gives to the functions.
    """
    found = {name: logical_id for logical_id, name in _names_in(template).items()}
    return {name: found[value] for name, value in variables.items() if value in found}


def resource_names(template: Template, variables: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What each table and bucket is called, and the URL of each queue, by logical id.

    That is as the functions are told, or else as in the template.

    Args:
        template: the template that defines them.
        variables: the environment that the template gives to the functions.
        given: the environment that the functions have in the end.
    """
    told = resource_variables(template, variables).items()
    return _names_in(template) | {logical_id: given[name] for name, logical_id in told if given.get(name)}


def _names_in(template: Template) -> dict[str, str]:
    found = {found: template.physical_name(found) for kind in _KINDS for found in template.resources(kind)}
    return found | {queue: template.queue_url(queue) for queue in template.resources(QUEUE)}


def _create_table(client: Any, properties: Mapping[str, Any]) -> None:
    wanted = {name: properties[name] for name in _TABLE_PROPERTIES if name in properties}
    wanted.setdefault("BillingMode", "PAY_PER_REQUEST")
    if indexes := properties.get("GlobalSecondaryIndexes"):
        wanted["GlobalSecondaryIndexes"] = [
            {name: value for name, value in index.items() if name in _INDEX_PROPERTIES} for index in indexes
        ]
    if not _created(lambda: client.create_table(**wanted)):
        return
    client.get_waiter("table_exists").wait(TableName=wanted["TableName"], WaiterConfig={"Delay": 1})
    if time_to_live := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=wanted["TableName"], TimeToLiveSpecification=time_to_live)


def _create_bucket(client: Any, name: str, where: str, properties: Mapping[str, Any]) -> None:
    # us-east-1 is the one region that must not be named.
    wanted: dict[str, Any] = (
        {} if where == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": where}}
    )
    locks = properties.get("ObjectLockConfiguration")
    if properties.get("ObjectLockEnabled"):
        wanted["ObjectLockEnabledForBucket"] = True
    if _created(lambda: client.create_bucket(Bucket=name, **wanted)) and locks:
        client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=locks)


def _create_queues(template: Template, names: Mapping[str, str]) -> None:
    client: Any = boto3.client("sqs", config=_QUICK)
    queues = template.resources(QUEUE)
    arns: dict[str, str] = {}
    # One that others send their dead letters to has none of its own, and must be there first.
    for logical_id, properties in sorted(queues.items(), key=lambda queue: "RedrivePolicy" in queue[1]):
        wanted: dict[str, str] = {name: _as_text(properties[name]) for name in _QUEUE_PROPERTIES if name in properties}
        if policy := properties.get("RedrivePolicy"):
            wanted["RedrivePolicy"] = json.dumps(policy | {"deadLetterTargetArn": arns[policy["deadLetterTargetArn"]]})
        name = names[logical_id].rpartition("/")[2]
        _created(lambda name=name, wanted=wanted: client.create_queue(QueueName=name, Attributes=wanted))
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arns[template.queue_arn(logical_id)] = told["Attributes"]["QueueArn"]


def _as_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | bool) else str(value)


def _created(create: Any) -> bool:
    try:
        create()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _EXISTS:
            return False
        raise
    return True
