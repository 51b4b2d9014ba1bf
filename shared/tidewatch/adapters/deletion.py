"""Deleting versions and series, in transactions that DynamoDB takes."""

from __future__ import annotations

from typing import Any, Final

from tidewatch.adapters.items import (
    EVALUATED,
    LISTED,
    RECEIPT,
    TRAIL,
    VERSION,
    head_key,
    item_key,
    trail_to_item,
    version_key,
)
from tidewatch.adapters.publishing import count, move, put_entry, unchanged
from tidewatch.adapters.table import Item, Table
from tidewatch.deadline import Deadline
from tidewatch.registry import Change, SeriesKey

# A transaction takes items of 4 MB together, and an item may have 400 KB.
_DELETED_AT_ONCE: Final = 9


def delete_version(table: Table, number: int, change: Change) -> None:
    """Deletes ``VERSION#n``, if ``HEAD`` is where it was seen, with its receipt and its evaluation, in a transaction.

    ``HEAD`` moves by the entry of the trail alone.

    Raises:
        WriteConflict: if it is elsewhere, or there is no such version.
    """
    series = change.series
    beside = (*_entries(table, series, RECEIPT), *_entries(table, series, f"{EVALUATED}{number:08d}"))
    its_own = [entry for entry in beside if entry["number"]["N"] == str(number)]
    move(
        table,
        "the deletion of a version",
        change,
        [
            table.delete(version_key(series, number), "attribute_exists(pk)"),
            *(_deletion(table, series, entry) for entry in its_own),
        ],
    )


def delete_series(table: Table, change: Change, deadline: Deadline) -> None:
    """Deletes what is not in use, some items in a transaction, then ``HEAD`` and the rest in a last one.

    Each transaction checks that ``HEAD`` is where the caller saw it. So nothing was published since, and nothing is
    deleted that a fit published after another deletion was faster.

    Raises:
        WriteConflict: if ``HEAD`` is no longer there.
        DeadlineExceeded: at the deadline.
    """
    series, head = change.series, change.before
    if head is None:
        raise ValueError("a series that is deleted stood somewhere")
    still_there = table.check(head_key(series), **unchanged(head))
    others: list[Any] = []
    last: list[Any] = []
    for entry in (entry for prefix in (RECEIPT, EVALUATED, VERSION) for entry in _entries(table, series, prefix)):
        (last if int(entry["number"]["N"]) in head.in_use else others).append(_deletion(table, series, entry))
    for start in range(0, len(others), _DELETED_AT_ONCE):
        deadline.check()
        table.write("the deletion of a series", [still_there, *others[start : start + _DELETED_AT_ONCE]])
    table.write(
        "the deletion of a series",
        [
            table.delete(head_key(series), **unchanged(head)),
            put_entry(table, change),
            table.put(item_key(series, TRAIL), trail_to_item(change.entry.trail)),
            table.delete(item_key(series, LISTED)),
            count(table, series, -1),
            *last,
        ],
    )


def _deletion(table: Table, series: SeriesKey, entry: Item) -> Any:
    return table.delete(item_key(series, entry["sk"]["S"]))


def _entries(table: Table, series: SeriesKey, prefix: str) -> list[Item]:
    """The items of a series whose sort key begins so: their sort keys and numbers."""
    found = table.query_all(
        "the reading of a series",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": item_key(series, "")["pk"], ":prefix": {"S": prefix}},
        ExpressionAttributeNames={"#number": "number"},
        ProjectionExpression="sk, #number",
        ConsistentRead=True,
    )
    return list(found)
