"""GetItem without HTTP answers as moto does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.handlers
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.sam.aws import reads, server
from local.sam.processes import listening_socket
from tests.unit.local.test_moto_patches import ITEM, KEY

REGION = "eu-central-1"
KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


@pytest.fixture
def moto_client() -> Iterator[Any]:
    """A client of moto with one table of ``ITEM``, and one with a hash key alone."""
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name=REGION)
        for name, keys in (("items", KEYS), ("records", KEYS[:1])):
            client.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
                KeySchema=keys,
                BillingMode="PAY_PER_REQUEST",
            )
        client.put_item(TableName="items", Item=ITEM)
        client.put_item(TableName="records", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
        yield client


CALLS: list[dict[str, Any]] = [
    {"TableName": "items", "Key": KEY},
    {"TableName": "items", "Key": KEY, "ConsistentRead": True},
    {"TableName": "items", "Key": {"pk": {"S": "a"}, "sk": {"S": "none"}}},
    {"TableName": "items", "Key": {"pk": {"S": "none"}, "sk": {"S": "b"}}},
    {"TableName": "records", "Key": {"pk": {"S": "a"}}},
    {"TableName": "records", "Key": {"pk": {"S": "b"}}},
]
LEFT_TO_MOTO: list[dict[str, Any]] = [
    {"TableName": "items", "Key": KEY, "ProjectionExpression": "amount"},
    {"TableName": "missing", "Key": KEY},
    {"TableName": "items", "Key": {"pk": {"S": "a"}}},
    {"TableName": "items", "Key": {**KEY, "more": {"S": "a"}}},
    {"TableName": "items", "Key": {"pk": {"S": ""}, "sk": {"S": "b"}}},
]


def outcome(client: Any, call: dict[str, Any]) -> Any:
    try:
        return {**client.get_item(**call), "ResponseMetadata": None}
    except ClientError as error:
        return error.response["Error"]


def test_in_this_process(moto_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", list(botocore.handlers.BUILTIN_HANDLERS))
    monkeypatch.setattr(reads, "BUILTIN_HANDLERS", botocore.handlers.BUILTIN_HANDLERS)
    asked: list[Any] = []
    real = reads.get_item
    monkeypatch.setattr(reads, "get_item", lambda *call: asked.append(real(*call)) or asked[-1])
    reads.answer_in_process()
    reads.answer_in_process()
    direct = boto3.Session().client("dynamodb", region_name=REGION)
    for call in [*CALLS, *LEFT_TO_MOTO]:
        assert outcome(direct, call) == outcome(moto_client, call)
    assert [answer is None for answer in asked] == [False] * len(CALLS) + [True] * len(LEFT_TO_MOTO)
    assert asked[0]["Item"] == ITEM
    # What a caller does with an answer stays with the caller.
    direct.get_item(**CALLS[0])["Item"]["nested"]["M"]["list"]["L"].clear()
    assert direct.get_item(**CALLS[0])["Item"] == ITEM


def test_another_endpoint_is_not_answered_for(moto_client: Any) -> None:
    call = {"url": "http://127.0.0.1:8000/", "body": b'{"TableName":"items"}'}
    assert reads._before_call(call, {"client_region": REGION}) is None


def test_over_http(moto_client: Any) -> None:
    def ask(url: str) -> list[Any]:
        client = boto3.client("dynamodb", region_name=REGION, endpoint_url=url)
        return [outcome(client, call) for call in [*CALLS, *LEFT_TO_MOTO]]

    async def serve() -> list[Any]:
        with listening_socket() as listener:
            serving = await server.start(listener)
            try:
                return await asyncio.to_thread(ask, f"http://127.0.0.1:{listener.getsockname()[1]}")
            finally:
                serving.close()

    assert asyncio.run(serve()) == [outcome(moto_client, call) for call in [*CALLS, *LEFT_TO_MOTO]]
