"""A DynamoDB table whose keys are ``pk`` and ``sk``: reads, pages, transactions, and what their failures mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.registry import StorageUnavailable, WriteConflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
"""Attributes in DynamoDB's own form, such as ``{"latest": {"N": "3"}}``."""

BATCH: Final = 25
"""Items; BatchWriteItem takes no more."""

# Reasons of a cancelled transaction that mean that somebody else wrote at the same time.
_LOST_RACE: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
# Others, such as an item above 400 KB, are defects.
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})


class TransactionCancelled(WriteConflict):
    """Somebody else wrote at the same time.

    Attributes:
        found: the items that conditions were not true of, where a write asked for them.
    """

    def __init__(self, found: Sequence[Item] = ()) -> None:
        super().__init__()
        self.found = found


class Table:
    """A table and its client.

    ``put``, ``delete``, ``check`` and ``update`` make the parts of a transaction; ``write`` sends them.
    """

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: Item, operation: str) -> Item | None:
        """One item: a consistent GetItem.

        Raises:
            StorageUnavailable: if storage failed; ``operation`` says at what.
        """
        with storage_call(operation):
            answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def query(self, operation: str, **query: Any) -> Any:
        """One page of a Query, as DynamoDB answers."""
        with storage_call(operation):
            return self.client.query(TableName=self.name, **query)

    def query_all(self, operation: str, **query: Any) -> Iterator[Item]:
        """The items of all pages of a Query."""
        return self._items(operation, self.client.query, query)

    def scan_all(self, operation: str, **scan: Any) -> Iterator[Item]:
        """The items of all pages of a Scan."""
        return self._items(operation, self.client.scan, scan)

    def write(self, operation: str, parts: Sequence[Any]) -> None:
        """Writes all parts in one transaction, or none.

        botocore sends a ClientRequestToken, so that its retry of a call whose answer got lost is the same transaction
        and not a second one.

        Raises:
            TransactionCancelled: if a condition is not true, or another transaction is at the same items.
            StorageUnavailable: if storage failed or is throttled.
        """
        try:
            with storage_call(operation):
                self.client.transact_write_items(TransactItems=parts)
        except ClientError as error:
            reasons = _cancellation_reasons(error)
            codes = {reason["Code"] for reason in reasons}
            if codes & _LOST_RACE:
                raise TransactionCancelled([reason["Item"] for reason in reasons if "Item" in reason]) from error
            if codes & _THROTTLED:
                raise StorageUnavailable(operation) from error
            raise

    def write_batch(self, operation: str, requests: Sequence[Any]) -> None:
        """Puts or deletes up to :data:`BATCH` items, each for itself: a BatchWriteItem, repeated for what it left.

        Raises:
            StorageUnavailable: if storage failed, or a call wrote nothing.
        """
        while requests:
            with storage_call(operation):
                answer = self.client.batch_write_item(RequestItems={self.name: requests})
            left = answer.get("UnprocessedItems", {}).get(self.name, [])
            if len(left) == len(requests):
                raise StorageUnavailable(operation)
            requests = left

    def put(self, key: Item, attributes: Item, condition: str = "", **more: Any) -> Any:
        """Writes an item whole."""
        return {"Put": self._part(condition, Item=key | attributes, **more)}

    def delete(self, key: Item, condition: str = "", **more: Any) -> Any:
        """Deletes an item."""
        return {"Delete": self._part(condition, Key=key, **more)}

    def check(self, key: Item, condition: str, **more: Any) -> Any:
        """Writes nothing, if a condition is true."""
        return {"ConditionCheck": self._part(condition, Key=key, **more)}

    def update(self, key: Item, expression: str, condition: str = "", **more: Any) -> Any:
        """Changes attributes of an item."""
        return {"Update": self._part(condition, Key=key, UpdateExpression=expression, **more)}

    def _part(self, condition: str, **part: Any) -> dict[str, Any]:
        return {"TableName": self.name, **part, **({"ConditionExpression": condition} if condition else {})}

    def _items(self, operation: str, read: Any, request: Mapping[str, Any]) -> Iterator[Item]:
        start: dict[str, Any] = {}
        while True:
            with storage_call(operation):
                answer = read(TableName=self.name, **request, **start)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _cancellation_reasons(error: ClientError) -> list[dict[str, Any]]:
    """Why a transaction was cancelled; empty for any other error."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return [reason for reason in reasons if reason.get("Code", "None") != "None"]
