"""Streams in DynamoDB: a table of its own.

One partition for each series:

- ``STATE``, written with every batch: the sequence, and the judged points since the last chunk;
- ``SNAPSHOT``, what the model knew at the end of the last chunk, written with that one;
- ``CHUNK#<last time>``, judged points that will not change; they expire.

The first two lie side by side, so that one Query reads both. The key of a chunk is its last time and not its first: so
the Query from a time on begins with the chunk that the time is in.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.items import item_key
from tidewatch.adapters.table import BATCH, Item, Table, TransactionCancelled
from tidewatch.registry import SeriesKey, StorageUnavailable, WriteConflict
from tidewatch.streaming import JudgedPoints, StreamState, pack_points, unpack_points

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_STATE: Final = "STATE"
_SNAPSHOT: Final = "SNAPSHOT"
_CHUNK: Final = "CHUNK#"
_END: Final = "~"
_READING: Final = "the reading of a stream"
_WRITING: Final = "the writing of a stream"
_DELETING: Final = "the deletion of a stream"
# A Query may see one of two items from before a transaction and the other from after it.
_READS: Final = 3


class DynamoDBStreamStore:
    """The streams of all tenants' series."""

    def __init__(self, client: DynamoDBClient, table: str, *, days: int) -> None:
        """Joins the store to its table.

        Args:
            client: of DynamoDB.
            table: its name.
            days: after which judged points are forgotten, from when they went into a chunk.
        """
        self._table = Table(client, table)
        self._seconds = days * 86_400

    def load(self, series: SeriesKey) -> StreamState | None:
        """One Query, which reads state and snapshot."""
        for _ in range(_READS):
            found = {item["sk"]["S"]: item for item in self._items(series, _SNAPSHOT, _STATE)}
            if _STATE not in found:
                return None
            item = found[_STATE]
            wanted = int(item["snapshot_at"]["N"])
            snapshot = found.get(_SNAPSHOT) if wanted else None
            if not wanted or (snapshot and int(snapshot["sequence"]["N"]) == wanted):
                return _state(item, snapshot)
        raise StorageUnavailable(_READING)

    def save(self, series: SeriesKey, state: StreamState, chunks: Sequence[JudgedPoints] = ()) -> None:
        """One PutItem; where there are chunks or a snapshot, one TransactWriteItems."""
        token = secrets.token_hex(8)
        item = _state_item(state) | {"token": {"S": token}}
        before = {":before": {"N": str(state.sequence - 1)}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if state.sequence > 1:
            condition = {
                "ConditionExpression": "#sequence = :before",
                "ExpressionAttributeNames": {"#sequence": "sequence"},
                "ExpressionAttributeValues": before,
            }
        put = {
            "TableName": self._table.name,
            "Item": item_key(series, _STATE) | item,
            # So that a retry knows its own first attempt, whose answer was lost.
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **condition,
        }
        parts = [
            self._table.put(item_key(series, f"{_CHUNK}{_text(each.points.end)}"), self._chunk(each)) for each in chunks
        ]
        if state.carries_snapshot:
            snapshot: Item = {"snapshot": {"B": state.snapshot}, "sequence": {"N": str(state.sequence)}}
            parts.append(self._table.put(item_key(series, _SNAPSHOT), snapshot))
        found = self._put(put) if not parts else self._transact([{"Put": put}, *parts])
        if found is not None and found.get("token") != {"S": token}:
            raise WriteConflict

    def chunks(self, series: SeriesKey, first: int, last: int, most_points: int) -> list[JudgedPoints]:
        """Queries from the chunk on that the first time is in."""
        found: list[JudgedPoints] = []
        left = most_points
        for item in self._items(series, f"{_CHUNK}{_text(first)}", f"{_CHUNK}{_END}"):
            if left <= 0 or int(item["begin"]["N"]) > last:
                break
            chunk = unpack_points(item["points"]["B"])
            found.append(chunk)
            left -= len(chunk.between(first, last))
        return found

    def newest_chunks(self, series: SeriesKey, most_points: int) -> list[JudgedPoints]:
        """Queries from the last chunk backwards."""
        found: list[JudgedPoints] = []
        for item in self._items(series, _CHUNK, f"{_CHUNK}{_END}", ScanIndexForward=False):
            found.append(unpack_points(item["points"]["B"]))
            if sum(map(len, found)) >= most_points:
                break
        return found[::-1]

    def delete(self, series: SeriesKey, check: Callable[[], None]) -> None:
        """Deletes the state, and then by pages all else."""
        with storage_call(_DELETING):
            self._table.client.delete_item(TableName=self._table.name, Key=item_key(series, _STATE))
        keys = [
            {"pk": item["pk"], "sk": item["sk"]}
            for item in self._items(series, _CHUNK, _STATE, ProjectionExpression="pk, sk")
        ]
        for start in range(0, len(keys), BATCH):
            check()
            deletions = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + BATCH]]
            self._table.write_batch(_DELETING, deletions)

    def _put(self, put: Any) -> Item | None:
        """Writes a state alone; the stored one if it is not the one before, None if it was written."""
        try:
            with storage_call(_WRITING):
                self._table.client.put_item(**put)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            found: Item = error.response.get("Item", {})  # type: ignore[assignment]
            return found
        return None

    def _transact(self, parts: Sequence[Any]) -> Item | None:
        """Writes a state and more, likewise."""
        try:
            self._table.write(_WRITING, parts)
        except TransactionCancelled as error:
            return error.found[0] if error.found else {}
        return None

    def _chunk(self, chunk: JudgedPoints) -> Item:
        return {
            "begin": {"N": str(chunk.points.start)},
            "points": {"B": pack_points(chunk)},
            "expires_at": {"N": str(int(time.time()) + self._seconds)},
        }

    def _items(self, series: SeriesKey, first: str, last: str, **query: Any) -> Iterator[Item]:
        return self._table.query_all(
            _READING,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": item_key(series, "")["pk"],
                ":first": {"S": first},
                ":last": {"S": last},
            },
            ConsistentRead=True,
            **query,
        )


def _text(moment: int) -> str:
    """A time from 1970 on, so that texts are in the order of times."""
    return f"{moment:012d}"


def _state_item(state: StreamState) -> Item:
    item: Item = {
        "sequence": {"N": str(state.sequence)},
        "identity": {"S": state.identity},
        "snapshot_at": {"N": str(state.snapshot_at)},
        "recent": {"B": pack_points(state.recent)},
    }
    return item if state.floor is None else item | {"floor": {"N": str(state.floor)}}


def _state(item: Item, snapshot: Item | None) -> StreamState:
    return StreamState(
        sequence=int(item["sequence"]["N"]),
        identity=item["identity"]["S"],
        floor=int(item["floor"]["N"]) if "floor" in item else None,
        snapshot=bytes(snapshot["snapshot"]["B"]) if snapshot else b"",
        snapshot_at=int(item["snapshot_at"]["N"]),
        recent=unpack_points(bytes(item["recent"]["B"])),
    )
