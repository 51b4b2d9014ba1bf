"""The AWS clients, built once per process, with retries that fit a function's timeout.

A function has 25 s. A fit makes at most five storage calls in a row (idempotency record, training data, head, version,
idempotency record). A call that fails for good does so in time for its answer, where botocore's defaults would take
minutes; should every call need its last attempt, the function runs out of time, and nothing was acknowledged. Health
reads must be quick or given up.

They are botocore's own: boto3 makes the same ones, and its import adds 8 ms to each start.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config
from botocore.session import Session, get_session

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

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
def cloudwatch() -> CloudWatchClient:
    """The CloudWatch client, impatient."""
    return cast("CloudWatchClient", _session().create_client("cloudwatch", config=_HEALTH))


@lru_cache(maxsize=1)
def _session() -> Session:
    return get_session()
