"""The tables and buckets of the template, and the stand-in that they are created in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.settings import UnusableAws, region
from local.sam.template import Template

_KINDS: Final = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
_TABLE_PROPERTIES: Final = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes")
_INDEX_PROPERTIES: Final = frozenset({"IndexName", "KeySchema", "Projection", "ProvisionedThroughput"})
_EXISTS: Final = frozenset({"ResourceInUseException", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
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
    """Creates the tables and buckets of the template where they do not exist yet.

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
        for logical_id in template.resources("AWS::S3::Bucket"):
            _create_bucket(s3, names[logical_id], region(os.environ))
    except (BotoCoreError, ClientError) as error:
        raise UnusableAws(f"cannot create tables and buckets: {error}") from error


def resource_variables(template: Template, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of the functions that name a table or a bucket, and the logical id of each.

    Args:
        template: the template that defines them.
        variables: the environment that the template gives to the functions.
    """
    found = {name: logical_id for logical_id, name in _names_in(template).items()}
    return {name: found[value] for name, value in variables.items() if value in found}


def resource_names(template: Template, variables: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What each table and bucket is called, by logical id: as the functions are told, or else as in the template.

    Args:
        template: the template that defines them.
        variables: the environment that the template gives to the functions.
        given: the environment that the functions have in the end.
    """
    told = resource_variables(template, variables).items()
    return _names_in(template) | {logical_id: given[name] for name, logical_id in told if given.get(name)}


def _names_in(template: Template) -> dict[str, str]:
    return {found: template.physical_name(found) for kind in _KINDS for found in template.resources(kind)}


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


def _create_bucket(client: Any, name: str, where: str) -> None:
    # us-east-1 is the one region that must not be named.
    place = {} if where == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": where}}
    _created(lambda: client.create_bucket(Bucket=name, **place))


def _created(create: Any) -> bool:
    try:
        create()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _EXISTS:
            return False
        raise
    return True
