"""Audit trails in DynamoDB: the items ``AUDIT#<time>#<sequence>`` of a series. Version stores write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tidewatch.adapters.items import AUDIT, entry_from_item, item_key
from tidewatch.adapters.table import Item, Table
from tidewatch.registry import AuditEntry, Page, SeriesKey
from tidewatch.registry.audit import time_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READING: Final = "the reading of an audit trail"
# After each character of a sort key.
_END: Final = "~"
# Of entries that are looked at for those that changed the champion.
_SEARCHED_AT_ONCE: Final = 100


class DynamoDBAuditStore:
    """The audit trails of all tenants, in the table of the models."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def entries(
        self,
        series: SeriesKey,
        limit: int,
        after: str | None = None,
        *,
        until: datetime | None = None,
        moves_only: bool = False,
    ) -> Page[AuditEntry, str]:
        """A page of a trail, newest first: Queries until there are enough."""
        last = AUDIT + (after or (time_text(until) if until else "")) + ("" if after else _END)
        more: dict[str, Any] = {"Limit": _SEARCHED_AT_ONCE if moves_only else limit + 2}
        if moves_only:
            more["FilterExpression"] = "attribute_exists(moves_champion)"
        found = islice(self._items(series, last, ScanIndexForward=False, **more), limit + 1 + bool(after))
        # The key that a page goes on after is the last one of the page before.
        items = [item for item in found if item["sk"]["S"] != AUDIT + (after or "")][: limit + 1]
        page = items[:limit]
        goes_on = len(items) > limit
        return Page([entry_from_item(item) for item in page], page[-1]["sk"]["S"][len(AUDIT) :] if goes_on else None)

    def whole(self, series: SeriesKey) -> Iterator[AuditEntry]:
        """All entries, oldest first: a Query for each 1 MB."""
        return (entry_from_item(item) for item in self._items(series, AUDIT + _END))

    def _items(self, series: SeriesKey, last: str, **query: Any) -> Iterator[Item]:
        return self._table.query_all(
            _READING,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": item_key(series, "")["pk"],
                ":first": {"S": AUDIT},
                ":last": {"S": last},
            },
            ConsistentRead=True,
            **query,
        )
