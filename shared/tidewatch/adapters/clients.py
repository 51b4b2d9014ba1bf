"""The AWS clients, built once per process, with retries that fit a function's timeout; and what their failures mean.

A function has 25 s. A fit makes at most six storage calls in a row (idempotency record, training data, head, in a first
fit the end of the audit trail, version, idempotency record). A call that fails for good does so in time for its
answer, where botocore's defaults would take minutes; should every call need its last attempt, the function runs out of
time, and nothing was acknowledged. Health reads must be quick or given up.

They are botocore's own: boto3 makes the same ones, and its import adds 8 ms to each start.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.session import Session, get_session

from tidewatch.registry import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_STORAGE: Final = Config(
    connect_timeout=1,
    read_timeout=1.5,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    # Otherwise botocore puts together anew, for every call, what it says of itself: a tenth of what a GetItem costs.
    user_agent="tidewatch",
)
# Training data is megabytes, not a row.
_DATA: Final = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
# /healthcheck answers within a second, with what it has.
_HEALTH: Final = Config(connect_timeout=0.3, read_timeout=0.6, retries={"mode": "standard", "total_max_attempts": 1})


@lru_cache(maxsize=1)
def dynamodb() -> DynamoDBClient:
    """The low-level DynamoDB client."""
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=_STORAGE))


@lru_cache(maxsize=1)
def s3() -> S3Client:
    """The S3 client."""
    return cast("S3Client", _session().create_client("s3", config=_DATA))


@lru_cache(maxsize=1)
def sqs() -> SQSClient:
    """The SQS client."""
    return cast("SQSClient", _session().create_client("sqs", config=_STORAGE))


@lru_cache(maxsize=1)
def apigateway() -> APIGatewayClient:
    """The API Gateway client; its control plane takes a second for some calls."""
    return cast("APIGatewayClient", _session().create_client("apigateway", config=_DATA))


@lru_cache(maxsize=1)
def cloudwatch() -> CloudWatchClient:
    """The CloudWatch client, impatient."""
    return cast("CloudWatchClient", _session().create_client("cloudwatch", config=_HEALTH))


@lru_cache(maxsize=1)
def _session() -> Session:
    _reseed_after_restore()
    return get_session()


def _reseed_after_restore() -> None:
    """Gives each instance that SnapStart restores a random state of its own.

    botocore draws the waits between its retries from ``random``, whose state is part of the snapshot: without this, all
    restored instances would wait for the same times, and a throttled table would be asked by all of them at once.
    """
    # Part of Lambda's Python runtimes, and of nothing else.
    if find_spec("snapshot_restore_py"):
        import_module("snapshot_restore_py").register_after_restore(random.seed)


_THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


def is_temporary(error: ClientError) -> bool:
    """Whether the same call may succeed a moment later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response.get("Error", {}).get("Code") in _THROTTLED or status >= 500 or status == 429


@contextmanager
def storage_call(operation: str) -> Iterator[None]:
    """Turns what is temporary about AWS into ``StorageUnavailable``; all else is a defect and passes through."""
    try:
        yield
    except ClientError as error:
        if is_temporary(error):
            raise StorageUnavailable(operation) from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
        # The last two are answers that were cut or changed on their way.
        raise StorageUnavailable(operation) from error
