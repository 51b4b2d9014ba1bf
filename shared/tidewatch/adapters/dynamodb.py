"""Versions in DynamoDB: one table, one transaction a version. The items are listed in docs/architecture.md."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.items import (
    Item,
    head_from_item,
    head_to_item,
    listed_to_item,
    summary_from_item,
    version_from_item,
)
from tidewatch.adapters.items import version_to_item as to_item
from tidewatch.deadline import Deadline
from tidewatch.registry import ModelVersion, Page, SeriesKey, SeriesSummary, StorageUnavailable, WriteConflict
from tidewatch.registry.ports import Head, Receipt
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

SERIES_INDEX: Final = "SeriesByTenant"

# The only item of a series that is in the index. It never changes, so that a fit does not write the index: all entries
# of a tenant lie in one partition of it, which takes 1,000 writes a second. Before, HEAD was the item in the index.
_LISTED: Final = "LISTED"

# A single counter item would take 1,000 first fits a second; sixteen take sixteen times that.
_SHARDS: Final = 16

# Reasons of a cancelled transaction that mean that somebody else wrote the series at the same time.
_LOST_RACE: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
# Others, such as an item above 400 KB, are defects.
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})


# A transaction takes items of 4 MB together, and an item may have 400 KB.
_DELETED_AT_ONCE: Final = 9
# A BatchGetItem takes no more.
_READ_AT_ONCE: Final = 100
_SUMMARY: Final = "series_id, latest, detector, points_used, trained_at"


class _HeadIsListed(Exception):
    """The head of the series is in the index of series itself, as earlier releases wrote it."""


class DynamoDBVersionStore:
    """The versions of all tenants, in the table of the models. Every partition key begins with the tenant."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands: one consistent GetItem."""
        item = self._get(series, "HEAD")
        return head_from_item(item, series.tenant) if item else None

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """One version: one consistent GetItem."""
        item = self._get(series, _version_key(number))
        return version_from_item(item, series.tenant) if item else None

    def append(self, version: ModelVersion, receipt: Receipt | None = None) -> None:
        """Publishes a version in one transaction.

        Put ``VERSION#n`` if there is none, move ``HEAD`` from n-1 to n if it is still there, list and count the series
        if it is the first, and put the receipt if there is none. botocore sends a ClientRequestToken, so that its retry
        of a call whose answer got lost is the same transaction and not a second one.
        """
        try:
            self._append(version, receipt, listed=version.number > 1)
        except _HeadIsListed:
            # Published by an earlier release. From now on the series has an item of its own in the index.
            self._append(version, receipt, listed=False)

    def delete_version(self, series: SeriesKey, number: int) -> None:
        """Deletes ``VERSION#n``, if ``HEAD`` says that it is not in use, and its receipt: a Query and a transaction."""
        receipts = [entry for entry in self._entries(series, "REQUEST#") if entry["number"]["N"] == str(number)]
        unused = {
            "TableName": self._table,
            "Key": _key(series, "HEAD"),
            "ConditionExpression": "latest <> :number AND champion <> :number",
            "ExpressionAttributeValues": {":number": {"N": str(number)}},
        }
        self._transact(
            "the deletion of a version",
            [
                {"ConditionCheck": unused},
                self._delete(series, _version_key(number), "attribute_exists(pk)"),
                *(self._delete(series, entry["sk"]["S"]) for entry in receipts),
            ],
        )

    def delete_series(self, series: SeriesKey, head: Head, deadline: Deadline) -> None:
        """Deletes what is not in use, some items in a transaction, then ``HEAD`` and the rest in a last one.

        Each transaction checks that ``HEAD`` is where the caller saw it. So nothing was published since, and nothing is
        deleted that a fit published after another deletion was faster.
        """
        unchanged = {
            "TableName": self._table,
            "Key": _key(series, "HEAD"),
            "ConditionExpression": "latest = :latest AND champion = :champion AND trained_at = :trained_at",
            "ExpressionAttributeValues": {
                ":latest": {"N": str(head.latest)},
                ":champion": {"N": str(head.champion.number)},
                ":trained_at": {"S": head.champion.trained_at.isoformat()},
            },
        }
        in_use = {head.latest, head.champion.number}
        others: list[Any] = []
        last: list[Any] = []
        for entry in (*self._entries(series, "REQUEST#"), *self._entries(series, "VERSION#")):
            deletion = self._delete(series, entry["sk"]["S"])
            (last if int(entry["number"]["N"]) in in_use else others).append(deletion)
        for start in range(0, len(others), _DELETED_AT_ONCE):
            deadline.check()
            chosen = others[start : start + _DELETED_AT_ONCE]
            self._transact("the deletion of a series", [{"ConditionCheck": unchanged}, *chosen])
        rest = [self._delete(series, _LISTED), self._count(series, -1), *last]
        self._transact("the deletion of a series", [{"Delete": unchanged}, *rest])

    def referenced_keys(self) -> Iterator[str]:
        """The keys that versions refer to: a consistent Scan of the table."""
        for page in self._pages(
            "the list of references",
            self._client.scan,
            ProjectionExpression="data_key, arrays_key",
            ConsistentRead=True,
        ):
            for item in page["Items"]:
                for attribute in item.values():
                    yield attribute["S"]

    def published_by(self, series: SeriesKey, request: str) -> int | None:
        """The number that a request published: one consistent GetItem."""
        item = self._get(series, _receipt_key(request))
        # DynamoDB takes away what has expired, but not at once.
        return int(item["number"]["N"]) if item and int(item["expires_at"]["N"]) >= time.time() else None

    def count_series(self, tenant: Tenant) -> int:
        """The sum of the shards: one Query."""
        with storage_call("the count of series"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"TENANT#{tenant}#STATS"}},
                ConsistentRead=True,
            )
        return sum(int(item["series"]["N"]) for item in answer["Items"])

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        """A page of series: a Query of the index, and a BatchGetItem of their heads.

        One more than asked for is read, to know whether a page follows.
        """
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": SERIES_INDEX,
            "KeyConditionExpression": "tenant = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": str(tenant)}},
            "Limit": limit + 1,
        }
        if after is not None:
            query["KeyConditionExpression"] += " AND series_id > :after"
            query["ExpressionAttributeValues"][":after"] = {"S": after}
        with storage_call("the list of series"):
            answer = self._client.query(**query)
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
        last = _version_key(before - 1 if before is not None else 99_999_999)
        with storage_call("the list of versions"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": _key(series, "")["pk"],
                    ":first": {"S": _version_key(0)},
                    ":last": {"S": last},
                },
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit + 1,
            )
        items = [version_from_item(item, series.tenant) for item in answer["Items"][:limit]]
        return Page(items, items[-1].number if _goes_on(answer, limit) else None)

    def _get(self, series: SeriesKey, sort_key: str) -> Item | None:
        with storage_call("the reading of a model"):
            answer = self._client.get_item(TableName=self._table, Key=_key(series, sort_key), ConsistentRead=True)
        return answer.get("Item")

    def _heads(self, series: Sequence[SeriesKey]) -> dict[str, Item]:
        """What the list shows of these series, by their ids."""
        found: dict[str, Item] = {}
        keys: list[Any] = [_key(each, "HEAD") for each in series]
        while keys:
            asked: Any = {"Keys": keys[:_READ_AT_ONCE], "ProjectionExpression": _SUMMARY}
            with storage_call("the list of series"):
                answer = self._client.batch_get_item(RequestItems={self._table: asked})
            for item in answer["Responses"].get(self._table, []):
                found[item["series_id"]["S"]] = item
            # DynamoDB ends an answer at 16 MB.
            unread = answer.get("UnprocessedKeys", {}).get(self._table)
            rest: list[Any] = list(unread["Keys"]) if unread else []
            keys = [*rest, *keys[_READ_AT_ONCE:]]
        return found

    def _entries(self, series: SeriesKey, prefix: str) -> list[Item]:
        """The items of a series whose sort key begins so: their sort keys and numbers."""
        pages = self._pages(
            "the reading of a series",
            self._client.query,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": _key(series, "")["pk"], ":prefix": {"S": prefix}},
            ExpressionAttributeNames={"#number": "number"},
            ProjectionExpression="sk, #number",
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def _pages(self, operation: str, read: Any, **query: Any) -> Iterator[Any]:
        start: dict[str, Any] = {}
        while True:
            with storage_call(operation):
                answer = read(TableName=self._table, **query, **start)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _append(self, version: ModelVersion, receipt: Receipt | None, *, listed: bool) -> None:
        series = version.series
        transaction: list[Any] = [
            self._put(series, _version_key(version.number), to_item(version), "attribute_not_exists(pk)"),
            self._move_head(version, listed=listed),
        ]
        if not listed:
            transaction.append(self._put(series, _LISTED, listed_to_item(series)))
        if version.number == 1:
            transaction.append(self._count(series, 1))
        if receipt is not None:
            transaction.append(self._put_receipt(version, receipt))
        self._transact("the publishing of a version", transaction)

    def _transact(self, operation: str, items: Sequence[Any]) -> None:
        try:
            with storage_call(operation):
                self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            reasons = _cancellation_reasons(error)
            codes = {reason["Code"] for reason in reasons}
            if any("tenant" in reason.get("Item", {}) for reason in reasons):
                raise _HeadIsListed from error
            if codes & _LOST_RACE:
                raise WriteConflict from error
            if codes & _THROTTLED:
                raise StorageUnavailable(operation) from error
            raise

    def _put(self, series: SeriesKey, sort_key: str, attributes: Item, condition: str = "", **more: Any) -> Any:
        put = {"TableName": self._table, "Item": _key(series, sort_key) | attributes, **more}
        return {"Put": put | ({"ConditionExpression": condition} if condition else {})}

    def _move_head(self, version: ModelVersion, *, listed: bool) -> Any:
        attributes = head_to_item(version)
        if version.number == 1:
            return self._put(version.series, "HEAD", attributes, "attribute_not_exists(pk)")
        return self._put(
            version.series,
            "HEAD",
            attributes,
            "latest = :before AND attribute_not_exists(tenant)" if listed else "latest = :before",
            ExpressionAttributeValues={":before": {"N": str(version.number - 1)}},
            **({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if listed else {}),
        )

    def _put_receipt(self, version: ModelVersion, receipt: Receipt) -> Any:
        return self._put(
            version.series,
            _receipt_key(receipt.request),
            {"number": {"N": str(version.number)}, "expires_at": {"N": str(receipt.expires_at)}},
            "attribute_not_exists(pk) OR expires_at < :now",
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )

    def _delete(self, series: SeriesKey, sort_key: str, condition: str = "") -> Any:
        delete = {"TableName": self._table, "Key": _key(series, sort_key)}
        return {"Delete": delete | ({"ConditionExpression": condition} if condition else {})}

    def _count(self, series: SeriesKey, change: int) -> Any:
        shard = zlib.crc32(series.series_id.encode()) % _SHARDS
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"pk": {"S": f"TENANT#{series.tenant}#STATS"}, "sk": {"S": f"SHARD#{shard:02d}"}},
                "UpdateExpression": "ADD series :change",
                "ExpressionAttributeValues": {":change": {"N": str(change)}},
            }
        }


def _key(series: SeriesKey, sort_key: str) -> Item:
    return {"pk": {"S": f"TENANT#{series.tenant}#SERIES#{series.series_id}"}, "sk": {"S": sort_key}}


def _version_key(number: int) -> str:
    return f"VERSION#{number:08d}"


def _receipt_key(request: str) -> str:
    return f"REQUEST#{request}"


def _goes_on(answer: QueryOutputTypeDef, limit: int) -> bool:
    """Whether items follow: one more than asked for came, or DynamoDB ended the answer early, at 1 MB."""
    return len(answer["Items"]) > limit or (bool(answer["Items"]) and "LastEvaluatedKey" in answer)


def _cancellation_reasons(error: ClientError) -> list[dict[str, Any]]:
    """Why a transaction was cancelled; empty for any other error."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return [reason for reason in reasons if reason.get("Code", "None") != "None"]
