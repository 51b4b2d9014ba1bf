"""Publishing a version: one transaction."""

from __future__ import annotations

import time
from typing import Any

from tidewatch.adapters.items import (
    LISTED,
    count_key,
    head_key,
    head_to_item,
    item_key,
    listed_to_item,
    receipt_key,
    version_key,
    version_to_item,
)
from tidewatch.adapters.table import Table, TransactionCancelled
from tidewatch.registry import ModelVersion, SeriesKey
from tidewatch.registry.ports import Receipt


def append(table: Table, version: ModelVersion, receipt: Receipt | None) -> None:
    """Puts ``VERSION#n`` if there is none, and moves ``HEAD`` from n-1 to n if it is still there.

    In the same transaction it lists and counts the series if this is its first version, and puts the receipt if there
    is none.

    Raises:
        WriteConflict: if a condition is not true.
    """
    try:
        _append(table, version, receipt, listed=version.number > 1)
    except TransactionCancelled as cancelled:
        # The head is in the index of series itself, as earlier releases wrote it. From now on the series has an item
        # of its own there.
        if not any("tenant" in item for item in cancelled.found):
            raise
        _append(table, version, receipt, listed=False)


def count(table: Table, series: SeriesKey, change: int) -> Any:
    """The part of a transaction that changes how many series a tenant has."""
    return table.update(
        count_key(series), "ADD series :change", ExpressionAttributeValues={":change": {"N": str(change)}}
    )


def _append(table: Table, version: ModelVersion, receipt: Receipt | None, *, listed: bool) -> None:
    series = version.series
    parts = [
        table.put(version_key(series, version.number), version_to_item(version), "attribute_not_exists(pk)"),
        _move_head(table, version, listed=listed),
    ]
    if not listed:
        parts.append(table.put(item_key(series, LISTED), listed_to_item(series)))
    if version.number == 1:
        parts.append(count(table, series, 1))
    if receipt is not None:
        parts.append(_put_receipt(table, version, receipt))
    table.write("the publishing of a version", parts)


def _move_head(table: Table, version: ModelVersion, *, listed: bool) -> Any:
    head, attributes = head_key(version.series), head_to_item(version)
    if version.number == 1:
        return table.put(head, attributes, "attribute_not_exists(pk)")
    return table.put(
        head,
        attributes,
        "latest = :before AND attribute_not_exists(tenant)" if listed else "latest = :before",
        ExpressionAttributeValues={":before": {"N": str(version.number - 1)}},
        **({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if listed else {}),
    )


def _put_receipt(table: Table, version: ModelVersion, receipt: Receipt) -> Any:
    return table.put(
        receipt_key(version.series, receipt.request),
        {"number": {"N": str(version.number)}, "expires_at": {"N": str(receipt.expires_at)}},
        "attribute_not_exists(pk) OR expires_at < :now",
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )
