"""Deleting versions and series, in transactions that DynamoDB takes."""

from __future__ import annotations

from typing import Any, Final

from tidewatch.adapters.items import LISTED, RECEIPT, VERSION, head_key, item_key, version_key
from tidewatch.adapters.publishing import count
from tidewatch.adapters.table import Item, Table
from tidewatch.deadline import Deadline
from tidewatch.registry import SeriesKey
from tidewatch.registry.ports import Head

# A transaction takes items of 4 MB together, and an item may have 400 KB.
_DELETED_AT_ONCE: Final = 9


def delete_version(table: Table, series: SeriesKey, number: int) -> None:
    """Deletes ``VERSION#n``, if ``HEAD`` says that it is not in use, and its receipt: a Query and a transaction.

    Raises:
        WriteConflict: if it is in use, or there is none.
    """
    receipts = [entry for entry in _entries(table, series, RECEIPT) if entry["number"]["N"] == str(number)]
    table.write(
        "the deletion of a version",
        [
            table.check(
                head_key(series),
                "latest <> :number AND champion <> :number",
                ExpressionAttributeValues={":number": {"N": str(number)}},
            ),
            table.delete(version_key(series, number), "attribute_exists(pk)"),
            *(_deletion(table, series, entry) for entry in receipts),
        ],
    )


def delete_series(table: Table, series: SeriesKey, head: Head, deadline: Deadline) -> None:
    """Deletes what is not in use, some items in a transaction, then ``HEAD`` and the rest in a last one.

    Each transaction checks that ``HEAD`` is where the caller saw it. So nothing was published since, and nothing is
    deleted that a fit published after another deletion was faster.

    Raises:
        WriteConflict: if ``HEAD`` is no longer there.
        DeadlineExceeded: at the deadline.
    """
    condition = "latest = :latest AND champion = :champion AND trained_at = :trained_at"
    values = {
        ":latest": {"N": str(head.latest)},
        ":champion": {"N": str(head.champion.number)},
        ":trained_at": {"S": head.champion.trained_at.isoformat()},
    }
    unchanged = table.check(head_key(series), condition, ExpressionAttributeValues=values)
    in_use = {head.latest, head.champion.number}
    others: list[Any] = []
    last: list[Any] = []
    for entry in (*_entries(table, series, RECEIPT), *_entries(table, series, VERSION)):
        (last if int(entry["number"]["N"]) in in_use else others).append(_deletion(table, series, entry))
    for start in range(0, len(others), _DELETED_AT_ONCE):
        deadline.check()
        table.write("the deletion of a series", [unchanged, *others[start : start + _DELETED_AT_ONCE]])
    table.write(
        "the deletion of a series",
        [
            table.delete(head_key(series), condition, ExpressionAttributeValues=values),
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
