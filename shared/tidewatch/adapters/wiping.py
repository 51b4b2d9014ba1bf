"""Emptying tables and the bucket of all that one tenant has, wherever it lies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tidewatch.adapters.clients import storage_call
from tidewatch.registry import StorageUnavailable
from tidewatch.services.delete_tenant import Wiped
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# BatchWriteItem and DeleteObjects take no more.
_ITEMS_AT_ONCE: Final = 25
_OBJECTS_AT_ONCE: Final = 1_000
_LOCKED: Final = "AccessDenied"
_OPERATION: Final = "the deletion of a tenant"


class TableWiper:
    """A table whose partition keys begin with the tenant.

    It reads the whole table, since no index has all of a tenant's partitions: what a deleted series left behind is in
    none. The item of the tenant itself stays, and so do its keys.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def wipe(self, tenant: Tenant, check: Callable[[], None]) -> Wiped:
        """Scans, and deletes by pages."""
        names, condition = ("pk", "sk"), "begins_with(pk, :tenant)"
        return _wipe(self._client, self._table, names, condition, f"TENANT#{tenant}#", check)


class RecordsWiper:
    """The table of idempotency records, whose ids have the tenant between slashes."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def wipe(self, tenant: Tenant, check: Callable[[], None]) -> Wiped:
        """Scans, and deletes by pages. No series id has a slash, so nothing else has the tenant there."""
        return _wipe(self._client, self._table, ("id",), "contains(id, :tenant)", f"/{tenant}/", check)


class BucketWiper:
    """The bucket: every state of the objects whose second folder is the tenant, in whatever first folder."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def wipe(self, tenant: Tenant, check: Callable[[], None]) -> Wiped:
        """ListObjectVersions and DeleteObjects; what is locked is counted and stays."""
        deleted = locked = 0
        for folder in self._folders():
            for states in self._states(f"{folder}{tenant}/"):
                check()
                refused = self._delete(states)
                locked += refused
                deleted += len(states) - refused
        return Wiped(deleted, locked)

    def _folders(self) -> list[str]:
        # Also those that have noncurrent objects only.
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Delimiter="/")
        with storage_call(_OPERATION):
            return [prefix["Prefix"] for page in pages for prefix in page.get("CommonPrefixes", ())]

    def _states(self, prefix: str) -> Iterator[list[Any]]:
        pages = iter(self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix))
        while True:
            with storage_call(_OPERATION):
                page: Any = next(pages, None)
            if page is None:
                return
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            states = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            for start in range(0, len(states), _OBJECTS_AT_ONCE):
                yield states[start : start + _OBJECTS_AT_ONCE]

    def _delete(self, states: list[Any]) -> int:
        """Deletes states; how many of them are locked."""
        with storage_call(_OPERATION):
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": states, "Quiet": True})
        codes = [error.get("Code") for error in answer.get("Errors", ())]
        if any(code != _LOCKED for code in codes):
            raise StorageUnavailable(_OPERATION)
        return len(codes)


def _wipe(
    client: DynamoDBClient, table: str, names: Sequence[str], condition: str, tenant: str, check: Callable[[], None]
) -> Wiped:
    deleted = 0
    pages = iter(
        client.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression=condition,
            ExpressionAttributeValues={":tenant": {"S": tenant}},
            ProjectionExpression=", ".join(names),
            ConsistentRead=True,
        )
    )
    while True:
        check()
        with storage_call(_OPERATION):
            page = next(pages, None)
        if page is None:
            return Wiped(deleted)
        keys = [{name: item[name] for name in names} for item in page["Items"]]
        for start in range(0, len(keys), _ITEMS_AT_ONCE):
            check()
            _delete_items(client, table, keys[start : start + _ITEMS_AT_ONCE])
        deleted += len(keys)


def _delete_items(client: DynamoDBClient, table: str, keys: list[Any]) -> None:
    left: Any = {table: [{"DeleteRequest": {"Key": key}} for key in keys]}
    for wait in (0.1, 0.5, 2.0):
        with storage_call(_OPERATION):
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
        if not left:
            return
        # DynamoDB is throttling.
        time.sleep(wait)
    raise StorageUnavailable(_OPERATION)
