"""What the stand-ins hold outlives them: whole, or as it was some seconds before."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.s3.utils import _VersionedKeyStore

from local.sam.aws import moto_patches, state
from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.holders import Objects, TableItems
from local.sam.aws.state import Changes, Entry, Holder, Key, StateFile, StateInUse, keep, kept
from tests.unit.local.test_moto_patches import ITEM, KEY

REGION = "eu-central-1"


class Names:
    """A holder of some names, each with bytes."""

    kind = "name"

    def __init__(self, **names: bytes | None) -> None:
        self.names = dict(names)

    def changes(self) -> Changes:
        return {(name,): None if body is None else Entry({"of": name}, body) for name, body in self.names.items()}

    def fill(self, entries: Mapping[Key, Entry]) -> None:
        for (name,), entry in entries.items():
            if entry.head["of"] != name:
                raise ValueError(name)
            self.names[name] = entry.body

    def clear(self) -> None:
        self.names.clear()


def save(path: Path, *holders: Holder) -> list[str]:
    """Begins anew, and writes what holders hold; returns what was said."""
    said: list[str] = []
    keeper = keep(path, holders, said.append, fresh=True)
    assert keeper is not None
    keeper.close()
    return said


def load(path: Path, *holders: Holder) -> list[str]:
    """Fills holders; returns what was said."""
    said: list[str] = []
    keeper = keep(path, holders, said.append)
    assert keeper is not None
    keeper.close()
    return said


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.sqlite3"
    assert save(path, Names(a=b"1", b=b"2")) == []
    # Another run changes some.
    changed = Names()
    keeper = keep(path, [changed], print)
    assert keeper is not None
    changed.names = {"a": None, "c": b"3"}
    keeper.close()
    found = Names()
    assert load(path, found) == []
    assert found.names == {"b": b"2", "c": b"3"}
    save(path)
    assert load(path, found := Names()) == []
    assert found.names == {}


def execute(path: Path, statement: str) -> Any:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return database.execute(statement).fetchone()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"not a database at all" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        lambda path: path.write_bytes(path.read_bytes()[:4200] + b"\xff" * 4000 + path.read_bytes()[8200:]),
        lambda path: execute(path, "PRAGMA user_version = 99"),
        lambda path: execute(path, "UPDATE entry SET head = '[]'"),
        lambda path: execute(path, "UPDATE entry SET head = '{'"),
    ],
    ids=["garbage", "cut", "cut short", "overwritten", "another format", "another content", "no JSON"],
)
def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path, spoil: Any) -> None:
    path = tmp_path / "state.sqlite3"
    save(path, Names(a=b"1" * 9000, b=b"2"))
    spoil(path)
    spoilt = path.read_bytes()
    found = Names()
    (sentence,) = load(path, found)
    assert found.names == {}
    (aside,) = tmp_path.glob("state-unreadable-*.sqlite3")
    assert aside.read_bytes() == spoilt
    assert f"{path} cannot be read (" in sentence
    assert f"It is now {aside.name}, and this stack begins with nothing." in sentence
    assert load(path, Names()) == []


@given(data=st.data())
def test_any_cut_or_change_ends_in_a_sentence_at_most(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("state") / "state.sqlite3"
    save(path, Names(a=b"1" * 9000, b=b"2"))
    raw = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        del raw[start:]
    else:
        raw[start : start + 64] = data.draw(st.binary(min_size=1, max_size=64))
    path.write_bytes(raw)
    found = Names()
    assert len(load(path, found)) <= 1
    assert found.names.keys() <= {"a", "b"}


def test_an_unfinished_write_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    save(path, Names(a=b"1"))
    file = StateFile(path)
    file._database.execute("PRAGMA cache_size = 1")
    file._database.execute("BEGIN IMMEDIATE")
    file._database.executemany(state._WRITE, [("name", f'["{n}"]', "{}", b"x" * 5000) for n in range(50)])
    # As if the process was killed here, with some pages written and some not.
    killed = tmp_path / "killed.sqlite3"
    killed.write_bytes(path.read_bytes())
    (tmp_path / "killed.sqlite3-journal").write_bytes((tmp_path / "state.sqlite3-journal").read_bytes())
    file.close()
    assert killed.stat().st_size > 50_000
    assert load(killed, found := Names()) == []
    assert found.names == {"a": b"1"}


def test_two_stacks_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    first = StateFile(path)
    with pytest.raises(StateInUse):
        StateFile(path)
    said: list[str] = []
    for fresh in (False, True):
        assert keep(path, [Names()], said.append, fresh=fresh) is None
    assert said == [f"What this stack holds is gone when it stops: {path} is in use by another stack."] * 2
    first.close()
    assert load(path, Names()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    assert keep(tmp_path / "file" / "state.sqlite3", [Names()], said.append) is None
    assert "is gone when it stops" in said[0]


def test_a_write_that_fails_is_told_once_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.sqlite3"
    said: list[str] = []
    real, full = StateFile.write, True

    def write(file: StateFile, changes: Mapping[str, Changes]) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        real(file, changes)

    monkeypatch.setattr(StateFile, "write", write)
    monkeypatch.setattr(state, "EVERY_SECONDS", 0)

    class Once(Names):
        """Tells of each change once, as the holders do."""

        def changes(self) -> Changes:
            found = super().changes()
            self.names = {}
            return found

    async def run() -> None:
        nonlocal full
        holder = Once(a=b"1")
        async with kept(path, [holder], said.append, fresh=False) as keeps:
            assert keeps
            while not said:
                await asyncio.sleep(0)
            holder.names = {"b": b"2"}
            full = False

    asyncio.run(run())
    assert said == [f"{path} cannot be written: database or disk is full. What changes now may not be kept."]
    load(path, found := Names())
    assert found.names == {"a": b"1", "b": b"2"}


@pytest.fixture
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes back what the holders note their changes by."""
    for owner, names in (
        (Table, ("put_item", "delete_item")),
        (DynamoDBBackend, ("update_item",)),
        (_VersionedKeyStore, ("setlist", "pop", "__setitem__")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(Table, "__deepcopy__", None, raising=False)
    moto_patches._copy_tables_lazily()


@contextmanager
def empty_aws() -> Iterator[tuple[Any, Any]]:
    """DynamoDB with two tables and S3 with a bucket, all empty."""
    with mock_aws():
        yield tables_and_bucket()


def tables_and_bucket() -> tuple[Any, Any]:
    dynamodb: Any = boto3.client("dynamodb", region_name=REGION)
    for name, keys in (("items", ("pk", "sk")), ("records", ("pk",))):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    s3: Any = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="data")
    return dynamodb, s3


ADD = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
RECORD = {"TableName": "records", "Key": {"pk": {"S": "a"}}}


def change_items(dynamodb: Any) -> None:
    """Deletes, updates, and has a transaction refused."""
    dynamodb.delete_item(TableName="items", Key={**KEY, "sk": {"S": "gone"}})
    dynamodb.update_item(**RECORD, **ADD)
    put = {"Put": {"TableName": "items", "Item": {**KEY, "sk": {"S": "never"}}}}
    never = {"TableName": "records", "Key": {"pk": {"S": "none"}}, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(
            TransactItems=[put, {"Delete": {"TableName": "items", "Key": KEY}}, {"ConditionCheck": never}]
        )


def all_there_is(dynamodb: Any, s3: Any) -> Any:
    found = s3.get_object(Bucket="data", Key="a/b.gz", ChecksumMode="ENABLED")
    return {
        **{name: dynamodb.scan(TableName=name)["Items"] for name in ("items", "records")},
        "keys": [each["Key"] for each in s3.list_objects_v2(Bucket="data")["Contents"]],
        "object": {name: value for name, value in found.items() if name not in ("Body", "ResponseMetadata")},
        "bytes": found["Body"].read(),
    }


@pytest.mark.usefixtures("unpatched")
def test_items_and_objects_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    with empty_aws() as (dynamodb, s3):
        keeper = keep(path, [TableItems(REGION), Objects()], print)
        assert keeper is not None
        dynamodb.put_item(TableName="items", Item=ITEM)
        dynamodb.put_item(TableName="items", Item={**ITEM, "sk": {"S": "gone"}})
        dynamodb.put_item(TableName="records", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
        keeper._collect()
        keeper._write()
        change_items(dynamodb)
        s3.put_object(
            Bucket="data",
            Key="a/b.gz",
            Body=b"\x1f\x8b",
            ContentType="text/csv",
            ContentEncoding="gzip",
            Metadata={"points": "5"},
            ChecksumAlgorithm="SHA256",
        )
        s3.put_object(Bucket="data", Key="gone", Body=b"1")
        s3.delete_object(Bucket="data", Key="gone")
        keeper.close()
        before = all_there_is(dynamodb, s3)
        assert before["items"] == [ITEM]
    with empty_aws() as (dynamodb, s3):
        assert load(path, TableItems(REGION), Objects()) == []
        assert all_there_is(dynamodb, s3) == before
        # They are as good as any others.
        dynamodb.update_item(**RECORD, **ADD)
        assert dynamodb.get_item(**RECORD)["Item"]["n"] == {"N": "3"}
    with mock_aws():
        # The template of today has neither tables nor a bucket.
        assert load(path, TableItems(REGION), Objects()) == []


@pytest.mark.usefixtures("unpatched")
def test_an_object_with_other_bytes_is_not_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    with empty_aws() as (_, s3):
        keeper = keep(path, [Objects()], print)
        assert keeper is not None
        s3.put_object(Bucket="data", Key="a", Body=b"whole")
        keeper.close()
    execute(path, "UPDATE entry SET body = 'half'")
    with empty_aws() as (_, s3):
        (sentence,) = load(path, Objects())
        assert "a has other bytes than were stored" in sentence
        assert "Contents" not in s3.list_objects_v2(Bucket="data")


def test_metrics_of_the_last_hours_come_back(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    now = 1_767_225_600

    def datum(value: float, age: int) -> dict[str, Any]:
        moment = datetime.fromtimestamp(now - age, UTC)
        return {
            "MetricName": "Latency",
            "Value": value,
            "Timestamp": moment,
            "Dimensions": [{"Name": "a", "Value": "b"}],
        }

    def values(store: MetricStore, stat: str) -> list[float]:
        metric = {"Namespace": "N", "MetricName": "Latency", "Dimensions": [{"Name": "a", "Value": "b"}]}
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": stat}}
        start, end = (datetime.fromtimestamp(now + shift, UTC) for shift in (-86_400, 60))
        return store.get_metric_data([query], start, end)[0]["Values"]

    store = MetricStore(lambda: now)
    store.put_metric_data("N", [datum(value, 60) for value in (1.0, 2.0, 9.0)])
    before = {stat: values(store, stat) for stat in ("p50", "Sum", "SampleCount", "Maximum")}
    # Too old to count.
    store.put_metric_data("N", [datum(5.0, 4 * 3600)])
    save(path, store)
    again = MetricStore(lambda: now)
    assert load(path, again) == []
    assert {stat: values(again, stat) for stat in before} == before
    again.put_metric_data("N", [datum(4.0, 0)])
    assert sum(values(again, "SampleCount")) == 4
    # Half a day later there is nothing to tell.
    assert load(path, late := MetricStore(lambda: now + 43_200)) == []
    assert values(late, "Sum") == []
    assert execute(path, "SELECT count(*) FROM entry") == (0,)
