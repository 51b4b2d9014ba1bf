"""AWS's part: which AWS the functions talk to, and the tables and buckets they find there.

=====================  ==============================================================================================
unless told otherwise  moto, in the memory of this process; no call leaves it
AWS_ENDPOINT_URL,      DynamoDB Local, LocalStack and the like: that service goes there. ``AWS_ENDPOINT_URL_DYNAMODB``
AWS_ENDPOINT_URL_S3…   or ``_S3`` for one, ``AWS_ENDPOINT_URL`` for both. Metrics stay here, since only this process
                       sees what the functions print.
LOCAL_AWS=account      the real account of your credentials. Nothing is created there.
LOCAL_AWS=memory       moto, whatever the endpoints say.
=====================  ==============================================================================================

In the first two, all of the caller's AWS settings are put aside before the first client is built, so that real
credentials are never used by accident; and an endpoint of AWS itself is refused, so that the made-up ones never get to
AWS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.cloudwatch import MetricStore
from local.template import Template

DEFAULT_REGION: Final = "eu-central-1"

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3")
_KEPT: Final = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", *_ENDPOINTS})
RESOURCE_VARIABLES: Final = ("TABLE_NAME", "IDEMPOTENCY_TABLE_NAME", "DATA_BUCKET")
"""The variables that tell the functions what their tables and bucket are called."""

_TABLE_PROPERTIES: Final = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes")
_INDEX_PROPERTIES: Final = frozenset({"IndexName", "KeySchema", "Projection", "ProvisionedThroughput"})
_EXISTS: Final = frozenset({"ResourceInUseException", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_QUICK: Final = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})


class UnusableAws(RuntimeError):
    """The settings name an AWS that cannot be used; the message says why and what to do."""


def region(environment: Mapping[str, str]) -> str:
    """The region to work in."""
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def uses_account(environment: Mapping[str, str]) -> bool:
    """Whether the functions talk to a real account."""
    return environment.get("LOCAL_AWS", "") == "account"


def prepare_environment(environment: MutableMapping[str, str]) -> None:
    """Sets credentials, region and endpoints for the AWS that was chosen. Must come before the first boto3 client.

    Raises:
        UnusableAws: if the settings contradict each other.
    """
    chosen = environment.get("LOCAL_AWS", "")
    if chosen not in ("", "memory", "account"):
        raise UnusableAws(f"LOCAL_AWS={chosen} is unknown: leave it empty, or set it to memory or account")
    where = region(environment)
    if chosen == "account":
        missing = [name for name in RESOURCE_VARIABLES if not environment.get(name)]
        if missing:
            raise UnusableAws(f"LOCAL_AWS=account creates nothing: set {', '.join(missing)} to what you deployed")
    else:
        kept = _KEPT - set(_ENDPOINTS) if chosen == "memory" else _KEPT
        for name in [name for name in environment if name.startswith("AWS_") and name not in kept]:
            del environment[name]
        for name in _ENDPOINTS:
            if environment.get(name):
                environment[name] = _checked_endpoint(name, environment[name])
        made_up = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # AWS's own address is what moto answers to, whatever AWS_ENDPOINT_URL says.
            "AWS_ENDPOINT_URL_CLOUDWATCH": f"https://monitoring.{where}.amazonaws.com",
        }
        environment.update(made_up)
    environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = where


def _checked_endpoint(name: str, url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise UnusableAws(f"{name}={url} is not a URL such as http://127.0.0.1:8000")
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise UnusableAws(f"{name} is an address of AWS itself: for a real account set LOCAL_AWS=account instead")
    # With a name for a host, S3 puts the bucket before it; bucket.localhost does not resolve everywhere.
    return url.replace("//localhost", "//127.0.0.1", 1) if host == "localhost" else url


def describe(environment: Mapping[str, str]) -> str:
    """Where the data of this run is, in words."""
    if uses_account(environment):
        return "a real account; what is printed here does not reach its CloudWatch"
    elsewhere = {environment[name] for name in _ENDPOINTS if environment.get(name)}
    if elsewhere:
        return f"{', '.join(sorted(elsewhere))}; metrics in memory"
    return "in memory, gone when this stops"


def start_stand_in(store: MetricStore) -> None:
    """Puts moto in the way of every call to AWS, for the life of the process."""
    from moto import mock_aws

    from local import moto_patches

    moto_patches.apply(store)
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


def resource_names(template: Template, wanted: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What each table and bucket is called, by logical id: as the functions are told, or else as in the template.

    Args:
        template: the template that defines them.
        wanted: the environment that the template gives to the functions.
        given: the environment that the functions have in the end.
    """
    renamed = {wanted[name]: given[name] for name in RESOURCE_VARIABLES if name in wanted}
    return {
        logical_id: renamed.get(name := template.physical_name(logical_id), name)
        for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
        for logical_id in template.resources(kind)
    }


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
