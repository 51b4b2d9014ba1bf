"""Changes of where a series stands: each is one transaction, with its entry of the audit trail."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tidewatch.adapters.items import (
    LISTED,
    TRAIL,
    count_key,
    entry_key,
    entry_to_item,
    head_key,
    head_to_item,
    item_key,
    listed_to_item,
    receipt_key,
    version_key,
    version_to_item,
)
from tidewatch.adapters.table import Item, Table, TransactionCancelled
from tidewatch.registry import Change, Head, ModelVersion, Receipt, SeriesKey


def append(table: Table, version: ModelVersion, change: Change, receipt: Receipt | None) -> None:
    """Puts ``VERSION#n`` if there is none, moves ``HEAD``, and puts the entry of the trail.

    In the same transaction it lists and counts the series if this is its first version, and puts the receipt if there
    is none.

    Raises:
        WriteConflict: if a condition is not true.
    """
    series = version.series
    parts = [table.put(version_key(series, version.number), version_to_item(version), "attribute_not_exists(pk)")]
    if change.before is None:
        # The trail of a series that was deleted goes on.
        parts += [count(table, series, 1), _trail_is_there(table, change)]
    if receipt is not None:
        parts.append(_put_receipt(table, version, receipt))
    move(table, "the publishing of a version", change, parts)


def move_head(table: Table, change: Change) -> None:
    """Moves ``HEAD`` if it is where it was seen, and puts the entry of the trail.

    Raises:
        WriteConflict: if it is not.
    """
    move(table, "the change of a champion", change, [])


def count(table: Table, series: SeriesKey, change: int) -> Any:
    """The part of a transaction that changes how many series a tenant has."""
    return table.update(
        count_key(series), "ADD series :change", ExpressionAttributeValues={":change": {"N": str(change)}}
    )


def put_entry(table: Table, change: Change) -> Any:
    """The part of a transaction that writes the entry of the trail."""
    return table.put(entry_key(change.series, change.entry), entry_to_item(change.entry), "attribute_not_exists(pk)")


def unchanged(head: Head) -> dict[str, Any]:
    """The condition that a series stands where it was seen, for any part of a transaction."""
    values: Item = {":latest": {"N": str(head.latest)}}
    if head.trail.at is not None:
        # No change leaves the hash as it was.
        condition = "latest = :latest AND audit_hash = :hash"
        values[":hash"] = {"S": head.trail.hash}
    else:
        # Of an earlier release.
        condition = "latest = :latest AND trained_at = :trained_at AND attribute_not_exists(audit_hash)"
        values[":trained_at"] = {"S": head.champion.trained_at.isoformat()}
    return {"condition": condition, "ExpressionAttributeValues": values}


def move(table: Table, operation: str, change: Change, parts: Sequence[Any]) -> None:
    """Moves ``HEAD``, puts the entry of the trail, and does more, all in one transaction.

    Raises:
        WriteConflict: if a condition is not true.
    """
    try:
        table.write(operation, [*parts, *_moved(table, change, listed=change.before is not None)])
    except TransactionCancelled as cancelled:
        # The head is in the index of series itself, as earlier releases wrote it. From now on the series has an item
        # of its own there.
        if not any("tenant" in item for item in cancelled.found):
            raise
        table.write(operation, [*parts, *_moved(table, change, listed=False)])


def _moved(table: Table, change: Change, *, listed: bool) -> list[Any]:
    """``HEAD``, if it is where it was seen; the entry; and the item in the index, unless the series is listed."""
    if change.after is None:
        raise ValueError("a head that is moved stands somewhere")
    head, attributes = head_key(change.series), head_to_item(change.after)
    entry = put_entry(table, change)
    if change.before is None:
        moved = table.put(head, attributes, "attribute_not_exists(pk)")
    else:
        expected = unchanged(change.before)
        if listed:
            expected["condition"] += " AND attribute_not_exists(tenant)"
            expected["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        moved = table.put(head, attributes, **expected)
    return [moved, entry] if listed else [moved, entry, _list(table, change.series)]


def _list(table: Table, series: SeriesKey) -> Any:
    return table.put(item_key(series, LISTED), listed_to_item(series))


def _trail_is_there(table: Table, change: Change) -> Any:
    key = item_key(change.series, TRAIL)
    if change.entry.sequence == 1:
        return table.check(key, "attribute_not_exists(pk)")
    values = {":hash": {"S": change.entry.previous}}
    return table.check(key, "audit_hash = :hash", ExpressionAttributeValues=values)


def _put_receipt(table: Table, version: ModelVersion, receipt: Receipt) -> Any:
    return table.put(
        receipt_key(version.series, receipt.request),
        {"number": {"N": str(version.number)}, "expires_at": {"N": str(receipt.expires_at)}},
        "attribute_not_exists(pk) OR expires_at < :now",
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )
