"""The patched moto answers as moto does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import moto.core.responses
import pytest
from botocore.exceptions import ClientError
from moto import backend_index, mock_aws
from moto.cloudwatch.models import CloudWatchBackend
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoResult

from local.sam.aws import moto_patches
from local.sam.aws.cloudwatch import MetricStore

ITEM: dict[str, Any] = {
    "pk": {"S": "a"},
    "sk": {"S": "b"},
    "text": {"S": 'é\n"quoted"'},
    "amount": {"N": "1.5"},
    "raw": {"B": b"\x00\xff"},
    "raws": {"BS": [b"\x01", b"\x02"]},
    "numbers": {"NS": ["1", "2"]},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "nested": {"M": {"list": {"L": [{"N": "1"}, {"B": b"x"}]}}},
}
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MetricStore:
    """Applies the patches, and has them taken back at the end."""
    for owner, name in (
        (CloudWatchBackend, "get_metric_data"),
        (CloudWatchBackend, "put_metric_data"),
        (DynamoDBBackend, "update_item"),
        (Table, "put_item"),
        (Table, "delete_item"),
        (DynamoResult, "execute_result"),
        (moto.core.responses, "method_names_from_class"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(Table, "__deepcopy__", None, raising=False)
    monkeypatch.setattr(backend_index, "backend_url_patterns", list(backend_index.backend_url_patterns))
    store = MetricStore()
    moto_patches.apply(store)
    return store


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="eu-central-1")
        for name, keys in (("items", ("pk", "sk")), ("records", ("pk",))):
            client.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield client


def test_get_item_as_by_itself(dynamodb: Any, request: pytest.FixtureRequest) -> None:
    dynamodb.put_item(TableName="items", Item=ITEM)
    calls: list[dict[str, Any]] = [
        {"Key": KEY},
        {"Key": KEY, "ProjectionExpression": "#t, amount", "ExpressionAttributeNames": {"#t": "text"}},
        {"Key": {"pk": {"S": "none"}, "sk": {"S": "b"}}},
        {"Key": KEY, "ReturnConsumedCapacity": "TOTAL"},
    ]

    def answers() -> list[Any]:
        return [{**dynamodb.get_item(TableName="items", **call), "ResponseMetadata": None} for call in calls]

    by_itself = answers()
    request.getfixturevalue("store")
    assert answers() == by_itself
    assert by_itself[0]["Item"] == ITEM
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.get_item(TableName="missing", Key=KEY)


@pytest.mark.usefixtures("store")
def test_a_failed_transaction_changes_nothing(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="items", Item=ITEM)
    dynamodb.put_item(TableName="records", Item={"pk": {"S": "a"}, "n": {"N": "1"}})

    def add(table: str, key: dict[str, Any], name: str) -> dict[str, Any]:
        update = {"Key": key, "UpdateExpression": f"ADD {name} :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        return {"Update": {"TableName": table, **update}}

    put = {"Put": {"TableName": "items", "Item": {"pk": {"S": "a"}, "sk": {"S": "new"}}}}
    refused = {
        "Put": {"TableName": "items", "Item": {**KEY, "sk": {"S": "c"}}, "ConditionExpression": "attribute_exists(pk)"}
    }
    delete = {"Delete": {"TableName": "items", "Key": {"pk": {"S": "a"}, "sk": {"S": "d"}}}}
    dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}, "sk": {"S": "d"}})
    changes = [
        add("items", KEY, "amount"),
        add("records", {"pk": {"S": "a"}}, "n"),
        add("records", {"pk": {"S": "fresh"}}, "n"),
        put,
        delete,
    ]
    before = [dynamodb.scan(TableName=table)["Items"] for table in ("items", "records")]
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[*changes, refused])
    assert [dynamodb.scan(TableName=table)["Items"] for table in ("items", "records")] == before

    dynamodb.transact_write_items(TransactItems=changes)
    assert dynamodb.get_item(TableName="items", Key=KEY)["Item"]["amount"] == {"N": "2.5"}
    assert dynamodb.get_item(TableName="records", Key={"pk": {"S": "a"}})["Item"]["n"] == {"N": "2"}
    assert dynamodb.get_item(TableName="records", Key={"pk": {"S": "fresh"}})["Item"]["n"] == {"N": "1"}
    assert (
        dynamodb.query(
            TableName="items", KeyConditionExpression="pk = :a", ExpressionAttributeValues={":a": {"S": "a"}}
        )["Count"]
        == 2
    )


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "change",
    [
        {"Put": {"TableName": "items", "Item": {"pk": {"S": "a"}, "sk": {"S": "new"}}}},
        {"Put": {"TableName": "items", "Item": KEY}},
        {"Delete": {"TableName": "items", "Key": KEY}},
        {"Update": {"TableName": "items", "Key": KEY, "UpdateExpression": "REMOVE nested"}},
    ],
    ids=["put", "replace", "delete", "update"],
)
def test_a_failed_transaction_takes_back_each_change_alone(dynamodb: Any, change: dict[str, Any]) -> None:
    dynamodb.put_item(TableName="items", Item=ITEM)
    missing = {"TableName": "items", "Key": {"pk": {"S": "none"}, "sk": {"S": "b"}}}
    refused = {"ConditionCheck": {**missing, "ConditionExpression": "attribute_exists(pk)"}}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[change, refused])
    assert dynamodb.scan(TableName="items")["Items"] == [ITEM]


def test_metrics_through_the_api(store: MetricStore) -> None:
    with mock_aws():
        cloudwatch: Any = boto3.client("cloudwatch", region_name="eu-central-1")
        data = [{"MetricName": "Latency", "Value": float(value)} for value in range(1, 101)]
        cloudwatch.put_metric_data(Namespace="Tidewatch", MetricData=data)
        end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)

        def ask(stat: str) -> Any:
            metric = {"Namespace": "Tidewatch", "MetricName": "Latency"}
            return cloudwatch.get_metric_data(
                MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}],
                StartTime=end - timedelta(hours=1),
                EndTime=end,
            )

        (result,) = ask("p95")["MetricDataResults"]
        assert result["Values"] == [pytest.approx(95.05)]
        assert result["Timestamps"] == [end - timedelta(hours=1)]
        with pytest.raises(ClientError, match="no statistic 'median'"):
            ask("median")


@pytest.mark.usefixtures("store")
def test_s3_is_still_there() -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="a/b.gz", Body=b"\x1f\x8b")
        assert s3.get_object(Bucket="data", Key="a/b.gz")["Body"].read() == b"\x1f\x8b"
