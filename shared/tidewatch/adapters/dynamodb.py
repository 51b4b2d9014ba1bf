"""Versions in DynamoDB: one table, one transaction a version. The items are listed in docs/architecture.md."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.errors import storage_call
from tidewatch.adapters.items import Item, head_from_item, head_to_item, summary_from_item, version_from_item
from tidewatch.adapters.items import version_to_item as to_item
from tidewatch.registry import ModelVersion, Page, SeriesKey, SeriesSummary, StorageUnavailable, VersionTaken
from tidewatch.registry.ports import Head, Receipt
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

SERIES_INDEX: Final = "SeriesByTenant"

# A single counter item would take 1,000 first fits a second; sixteen take sixteen times that.
_SHARDS: Final = 16

# Reasons of a cancelled transaction that mean that somebody else wrote the series at the same time.
_LOST_RACE: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
# Others, such as an item above 400 KB, are defects.
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})


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

        Put ``VERSION#n`` if there is none, move ``HEAD`` from n-1 to n if it is still there, count the series if it is
        the first, and put the receipt if there is none. botocore sends a ClientRequestToken, so that its retry of a
        call whose answer got lost is the same transaction and not a second one.
        """
        transaction: list[Any] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": _key(version.series, _version_key(version.number)) | to_item(version),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
            self._move_head(version),
        ]
        if version.number == 1:
            transaction.append(self._count_one(version.series))
        if receipt is not None:
            transaction.append(self._put_receipt(version, receipt))
        try:
            with storage_call("the publishing of a version"):
                self._client.transact_write_items(TransactItems=transaction)
        except ClientError as error:
            reasons = _cancellation_reasons(error)
            if reasons & _LOST_RACE:
                raise VersionTaken from error
            if reasons & _THROTTLED:
                raise StorageUnavailable("the publishing of a version") from error
            raise

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
        """A page of series: one Query of the index, which holds only the heads.

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
        items = [summary_from_item(item) for item in answer["Items"][:limit]]
        return Page(items, items[-1].series_id if _goes_on(answer, limit) else None)

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

    def _move_head(self, version: ModelVersion) -> dict[str, Any]:
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": _key(version.series, "HEAD") | head_to_item(version),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if version.number > 1:
            put["ConditionExpression"] = "latest = :before"
            put["ExpressionAttributeValues"] = {":before": {"N": str(version.number - 1)}}
        return {"Put": put}

    def _put_receipt(self, version: ModelVersion, receipt: Receipt) -> dict[str, Any]:
        attributes = {"number": {"N": str(version.number)}, "expires_at": {"N": str(receipt.expires_at)}}
        return {
            "Put": {
                "TableName": self._table,
                "Item": _key(version.series, _receipt_key(receipt.request)) | attributes,
                "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now",
                "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
            }
        }

    def _count_one(self, series: SeriesKey) -> dict[str, Any]:
        shard = zlib.crc32(series.series_id.encode()) % _SHARDS
        return {
            "Update": {
                "TableName": self._table,
                "Key": {"pk": {"S": f"TENANT#{series.tenant}#STATS"}, "sk": {"S": f"SHARD#{shard:02d}"}},
                "UpdateExpression": "ADD series :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
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


def _cancellation_reasons(error: ClientError) -> frozenset[str]:
    """Why a transaction was cancelled; empty for any other error."""
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return frozenset(reason.get("Code", "None") for reason in reasons) - {"None"}
