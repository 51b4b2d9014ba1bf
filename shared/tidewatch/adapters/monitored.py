"""Which series are monitored, by a Scan of the table of models: it is read twice a day, and no write pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tidewatch.adapters.items import series_of
from tidewatch.adapters.table import Table
from tidewatch.registry import SeriesKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HEAD: Final = "HEAD"


class DynamoDBMonitoredSeries:
    """The series of all tenants whose head says that they are monitored."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def keys(self) -> Iterator[SeriesKey]:
        """Scans the table."""
        for item in self._table.scan_all(
            "the list of monitored series",
            FilterExpression="sk = :head AND monitor = :yes",
            ExpressionAttributeValues={":head": {"S": _HEAD}, ":yes": {"BOOL": True}},
            ProjectionExpression="pk",
        ):
            yield series_of(item)
