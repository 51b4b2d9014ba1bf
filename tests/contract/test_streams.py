"""What the store of streams promises, over moto, over Amazon's DynamoDB Local and of the stand-in in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import EndpointConnectionError
from tidewatch.adapters.streams import DynamoDBStreamStore
from tidewatch.registry import SeriesKey, StorageUnavailable, WriteConflict
from tidewatch.series import TimeSeries
from tidewatch.streaming import JudgedPoints, StreamState, StreamStore

from tests.support import dynamodb_local as installed
from tests.support.dynamodb_local import tables_in
from tests.support.environment import ENVIRONMENT
from tests.support.samples import a_model, key
from tests.support.streams import MemoryStreamStore
from tests.support.tables import aws_in_memory

BACKENDS: tuple[str, ...] = ()


@pytest.fixture(scope="module", params=["memory", "moto", pytest.param("dynamodb", marks=pytest.mark.dynamodb_local)])
def store(request: pytest.FixtureRequest) -> Iterator[StreamStore]:
    if request.param == "memory":
        yield MemoryStreamStore()
        return
    with aws_in_memory():
        if request.param == "moto" or installed.missing():
            yield DynamoDBStreamStore(boto3.client("dynamodb"), ENVIRONMENT["STREAMS_TABLE_NAME"], days=60)
            return
        url = request.getfixturevalue("dynamodb_local")
        with tables_in(url, f"streams-{uuid.uuid4()}", STREAMS_TABLE_NAME=f"streams-{uuid.uuid4()}") as names:
            client = boto3.client("dynamodb", endpoint_url=url)
            yield DynamoDBStreamStore(client, names["STREAMS_TABLE_NAME"], days=60)


@pytest.fixture
def series() -> SeriesKey:
    """A series without a stream."""
    return key(f"s-{uuid.uuid4()}")


def judged(first: int, points: int) -> JudgedPoints:
    values = np.random.default_rng(first).normal(5, 2, points)
    some = TimeSeries(60 * np.arange(first, first + points, dtype=np.int64), values)
    return JudgedPoints.of(some, a_model().score(some), 1, np.arange(points) % 7 == 3)


def state(sequence: int, first: int = 0, points: int = 3, **changes: Any) -> StreamState:
    return replace(StreamState(sequence, "v1/of some time", recent=judged(first, points)), **changes)


def same(one: JudgedPoints, other: JudgedPoints) -> None:
    for name, column in one.columns().items():
        np.testing.assert_array_equal(column, other.columns()[name])


def test_a_state_comes_back_to_the_bit(store, series):
    assert store.load(series) is None
    written = state(1, floor=0, snapshot=b"\x00" * 150_000, snapshot_at=1)
    store.save(series, written)
    found = store.load(series)
    assert (found.sequence, found.identity, found.floor) == (1, written.identity, 0)
    assert (found.snapshot, found.snapshot_at) == (written.snapshot, 1)
    same(found.recent, written.recent)
    assert store.load(key(series.series_id + "x")) is None


def test_a_snapshot_stays_until_another_is_written(store, series):
    store.save(series, state(1))
    assert store.load(series).snapshot == b""
    store.save(series, state(2, snapshot=b"two", snapshot_at=2))
    store.save(series, state(3, snapshot=b"two", snapshot_at=2))
    assert store.load(series).snapshot == b"two"


@pytest.mark.parametrize("with_chunks", [False, True])
def test_a_state_is_written_only_after_the_one_before_it(store, series, with_chunks):
    chunks = [judged(200, 40)] if with_chunks else []
    for sequence in (2, 3):
        with pytest.raises(WriteConflict):
            store.save(series, state(sequence), chunks)
    store.save(series, state(1), chunks)
    for sequence in (1, 3):
        with pytest.raises(WriteConflict):
            store.save(series, state(sequence, 99), [judged(500, 5)] if with_chunks else [])
    same(store.load(series).recent, judged(0, 3))
    assert store.chunks(series, 60 * 400, 60 * 600, 10) == []


def test_of_many_at_once_one_writes(store, series):
    if isinstance(store, MemoryStreamStore):
        return

    def write(first: int) -> bool:
        try:
            store.save(series, state(1, first), [judged(first, 2)] if first % 2 else [])
        except WriteConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = [first for first, done in zip(range(100, 106), pool.map(write, range(100, 106)), strict=True) if done]
    assert len(won) == 1
    same(store.load(series).recent, judged(won[0], 3))


def test_chunks_from_a_time_to_another_whole_and_not_too_many(store, series):
    parts = [judged(first, 10) for first in (0, 10, 20, 30)]
    store.save(series, state(1, 40), parts)
    assert [each.points.start // 60 for each in store.chunks(series, 60 * 15, 60 * 30, 1_000)] == [10, 20, 30]
    assert [each.points.start // 60 for each in store.chunks(series, 60 * 19, 60 * 39, 2)] == [10, 20]
    assert [each.points.start // 60 for each in store.newest_chunks(series, 15)] == [20, 30]
    same(store.chunks(series, 0, 0, 1)[0], parts[0])
    assert store.chunks(series, 60 * 40, 10**9, 9) == store.chunks(key("none"), 0, 10**9, 9) == []


def test_a_stream_is_deleted_whole_and_no_other(store, series):
    other = key(series.series_id + "-other")
    for each in (series, other):
        store.save(each, state(1, 40, snapshot=b"one", snapshot_at=1), [judged(first, 1) for first in range(40)])
    store.delete(series, lambda: None)
    assert store.load(series) is None
    assert store.newest_chunks(series, 9) == []
    assert len(store.newest_chunks(other, 100)) == 40
    store.save(series, state(1))
    assert store.load(series).snapshot == b""


@pytest.mark.parametrize("with_chunks", [False, True])
def test_a_write_whose_answer_was_lost_is_known_again_by_its_retry(series, with_chunks, monkeypatch):
    with aws_in_memory():
        client = boto3.client("dynamodb")
        store = DynamoDBStreamStore(client, ENVIRONMENT["STREAMS_TABLE_NAME"], days=60)
        call = client._make_api_call

        def twice(operation: str, parameters: dict[str, Any]) -> Any:
            if operation in ("PutItem", "TransactWriteItems"):
                call(operation, parameters)
            return call(operation, parameters)

        monkeypatch.setattr(client, "_make_api_call", twice)
        store.save(series, state(1), [judged(200, 2)] if with_chunks else [])
        store.save(series, state(2))
        assert store.load(series).sequence == 2


def test_what_expires_are_chunks_and_failures_are_told_by_kind(series):
    with aws_in_memory():
        client = boto3.client("dynamodb")
        store = DynamoDBStreamStore(client, ENVIRONMENT["STREAMS_TABLE_NAME"], days=60)
        store.save(series, state(1, 9, snapshot=b"one", snapshot_at=1), [judged(0, 5)])
        found = client.scan(TableName=ENVIRONMENT["STREAMS_TABLE_NAME"])["Items"]
        items = [item for item in found if item["pk"]["S"].endswith(series.series_id)]
        assert {item["sk"]["S"][:5] for item in items if "expires_at" in item} == {"CHUNK"}
        assert len(items) == 3
        client.delete_item(
            TableName=ENVIRONMENT["STREAMS_TABLE_NAME"], Key={"pk": items[0]["pk"], "sk": {"S": "SNAPSHOT"}}
        )
        with pytest.raises(StorageUnavailable):
            store.load(series)

    def fail(*_: Any, **__: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://nowhere")

    client.put_item = fail
    with pytest.raises(StorageUnavailable):
        store.save(series, state(1))
