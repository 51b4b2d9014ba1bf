"""The function that a schedule calls once a day."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from tidewatch.registry import StorageUnavailable

from local.sam.functions import LambdaContext
from local.sam.routes import read_functions
from tests.support.api import Api, handler_module
from tests.support.boundary import Boundary, throttled
from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.stored import stored
from tests.support.tables import template

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
BUCKET = ENVIRONMENT["DATA_BUCKET"]


def collect() -> dict[str, int]:
    function = read_functions(template(), ROOT)["CollectFunction"]
    context = LambdaContext("collect", 1024, "arn:aws:lambda:eu-central-1:123456789012:function:collect", 900)
    counts: dict[str, int] = handler_module(function).lambda_handler({"source": "aws.events"}, context)
    return counts


@pytest.fixture
def eight_days_old(api: Api) -> str:
    """A trained series, beside it an object that no version refers to; its key. Both are older than a week."""
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert api.fit("cpu", VALUES).status == 200
    garbage = f"training/default/{'0' * 64}.csv.gz"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=garbage, Body=b"left by a fit that failed")
    for stored_object in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys.values():
        stored_object.last_modified -= timedelta(days=8)
    return garbage


def test_deletes_what_no_version_refers_to_and_says_how_much(eight_days_old: str, api: Api, caplog):
    assert collect() == {"objects": 1, "size": 25, "left": 0}
    assert eight_days_old not in stored().check().objects
    assert api.call("GET", "/plot?series_id=cpu&width=320&height=320").status == 200
    assert "garbage collected" in caplog.text
    assert collect() == {"objects": 0, "size": 0, "left": 0}


@pytest.mark.parametrize("operation", ["s3.ListObjectVersions", "dynamodb.Scan", "s3.DeleteObjects"])
def test_a_failure_leaves_the_rest_for_the_next_time(eight_days_old: str, boundary: Boundary, operation):
    boundary.on(operation, throttled)
    with pytest.raises(StorageUnavailable):
        collect()
    boundary.heal()
    assert collect()["objects"] == 1
    stored().check()
