"""Versions in DynamoDB: how they are read and listed. The items are listed in docs/architecture.md."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tidewatch.adapters import deletion, publishing
from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.items import (
    DESCRIPTION,
    TIMEZONE,
    TRAIL,
    head_from_item,
    head_key,
    item_key,
    receipt_key,
    summary_from_item,
    trail_from_item,
    version_from_item,
    version_key,
)
from tidewatch.adapters.table import Item, Table
from tidewatch.deadline import Deadline
from tidewatch.registry import Change, Head, ModelVersion, Page, Receipt, SeriesKey, SeriesSummary, Trail
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

SERIES_INDEX: Final = "SeriesByTenant"

_READING: Final = "the reading of a model"
# A BatchGetItem takes no more.
_READ_AT_ONCE: Final = 100
_SUMMARY: Final = f"series_id, latest, champion, detector, points_used, trained_at, {DESCRIPTION}, {TIMEZONE}"
_LAST_NUMBER: Final = 99_999_999


class DynamoDBVersionStore:
    """The versions of all tenants, in the table of the models. Every partition key begins with the tenant."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands: one consistent GetItem."""
        item = self._table.get(head_key(series), _READING)
        return head_from_item(item, series.tenant) if item else None

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """One version: one consistent GetItem."""
        item = self._table.get(version_key(series, number), _READING)
        return version_from_item(item, series.tenant) if item else None

    def trail(self, series: SeriesKey) -> Trail:
        """Where the trail of a deleted series ends: one consistent GetItem."""
        return trail_from_item(self._table.get(item_key(series, TRAIL), _READING) or {})

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:
        """Publishes a version in one transaction."""
        publishing.append(self._table, version, change, receipt)

    def move_head(self, change: Change) -> None:
        """Moves the head in one transaction."""
        publishing.move_head(self._table, change)

    def delete_version(self, number: int, change: Change) -> None:
        """Deletes a version that is not in use in one transaction."""
        deletion.delete_version(self._table, number, change)

    def delete_series(self, change: Change, deadline: Deadline) -> None:
        """Deletes a series that stands where it was seen; its head and what is in use in the last transaction."""
        deletion.delete_series(self._table, change, deadline)

    def referenced_keys(self) -> Iterator[str]:
        """The keys that versions refer to: a consistent Scan of the table."""
        for item in self._table.scan_all(
            "the list of references", ProjectionExpression="data_key, arrays_key", ConsistentRead=True
        ):
            for attribute in item.values():
                yield attribute["S"]

    def published_by(self, series: SeriesKey, request: str) -> int | None:
        """The number that a request published: one consistent GetItem."""
        item = self._table.get(receipt_key(series, request), _READING)
        # DynamoDB takes away what has expired, but not at once.
        return int(item["number"]["N"]) if item and int(item["expires_at"]["N"]) >= time.time() else None

    def count_series(self, tenant: Tenant) -> int:
        """The sum of the shards: one Query."""
        shards = self._table.query(
            "the count of series",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"TENANT#{tenant}#STATS"}},
            ConsistentRead=True,
        )
        return sum(int(item["series"]["N"]) for item in shards["Items"])

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        """A page of series: a Query of the index, and a BatchGetItem of their heads.

        One more than asked for is read, to know whether a page follows.
        """
        condition = "tenant = :tenant"
        values = {":tenant": {"S": str(tenant)}}
        if after is not None:
            condition += " AND series_id > :after"
            values[":after"] = {"S": after}
        answer = self._table.query(
            "the list of series",
            IndexName=SERIES_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            Limit=limit + 1,
        )
        # An entry is LISTED, or HEAD of a series that an earlier release published; both for a moment in between.
        names = list(dict.fromkeys(item["series_id"]["S"] for item in answer["Items"]))
        heads = self._heads([SeriesKey(tenant, name) for name in names[:limit]])
        # A series that was just deleted may still be in the index.
        items = [summary_from_item(heads[name]) for name in names[:limit] if name in heads]
        more = len(names) > limit or "LastEvaluatedKey" in answer
        return Page(items, names[:limit][-1] if names and more else None)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        """A page of versions, newest first: one Query."""
        # Sort keys are fixed-width digits, so that their order is the order of the numbers.
        last = version_key(series, before - 1 if before is not None else _LAST_NUMBER)
        answer = self._table.query(
            "the list of versions",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": item_key(series, "")["pk"],
                ":first": version_key(series, 0)["sk"],
                ":last": last["sk"],
            },
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit + 1,
        )
        items = [version_from_item(item, series.tenant) for item in answer["Items"][:limit]]
        return Page(items, items[-1].number if _goes_on(answer, limit) else None)

    def _heads(self, series: Sequence[SeriesKey]) -> dict[str, Item]:
        """What the list shows of these series, by their ids."""
        found: dict[str, Item] = {}
        client, table = self._table.client, self._table.name
        keys: list[Any] = [head_key(each) for each in series]
        while keys:
            asked: Any = {"Keys": keys[:_READ_AT_ONCE], "ProjectionExpression": _SUMMARY}
            with storage_call("the list of series"):
                answer = client.batch_get_item(RequestItems={table: asked})
            for item in answer["Responses"].get(table, []):
                found[item["series_id"]["S"]] = item
            # DynamoDB ends an answer at 16 MB.
            unread = answer.get("UnprocessedKeys", {}).get(table)
            rest: list[Any] = list(unread["Keys"]) if unread else []
            keys = [*rest, *keys[_READ_AT_ONCE:]]
        return found


def _goes_on(answer: QueryOutputTypeDef, limit: int) -> bool:
    """Whether items follow: one more than asked for came, or DynamoDB ended the answer early, at 1 MB."""
    return len(answer["Items"]) > limit or (bool(answer["Items"]) and "LastEvaluatedKey" in answer)
