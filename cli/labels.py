"""Labels as files have them: 1 for an anomaly, 0 for a usual point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cli.data_file import read_table
from cli.errors import WrongUsage
from cli.table import Table

_LABELS: Final = "anomaly"
"""What `ingest` calls them."""


def read_labels(
    timestamps: Sequence[int], values: Sequence[float | None], where: str, *, unknown: bool = False
) -> dict[int, bool]:
    """Whether points were anomalies, by Unix seconds.

    Args:
        timestamps: of the points.
        values: 0 or 1 of each.
        where: what messages call them.
        unknown: whether a value may be empty; the point then has no label.

    Raises:
        WrongUsage: if one is anything else.
    """
    labels: dict[int, bool] = {}
    wrong = []
    for second, value in zip(timestamps, values, strict=True):
        if value in (0, 1):
            labels[second] = bool(value)
        elif value is not None or not unknown:
            wrong.append(second)
    if wrong:
        first = datetime.fromtimestamp(wrong[0], UTC).isoformat()
        raise WrongUsage(f"{where}: {len(wrong)} labels are neither 0 nor 1, the first at {first}.")
    return labels


def read_labelled(
    data: str, time: str | None, column: list[str] | None, labels: str | None, labels_file: str | None
) -> tuple[Table, dict[int, bool] | None]:
    """The data without its labels, and the labels; None if there are none.

    Args:
        data: the file.
        time: its column of times; None for the one that it suggests.
        column: its columns of numbers; None for all others.
        labels: the column of labels, of the data or of the other file; None for none, or for ``anomaly`` of the other.
        labels_file: another file that has them, if there is one.

    Raises:
        WrongUsage: if either cannot be read.
    """
    if labels_file is not None:
        of_labels = read_table(labels_file, None, [labels or _LABELS])
        where = f"{labels_file}, {labels or _LABELS}"
        return read_table(data, time, column), read_labels(of_labels.timestamps, of_labels.values, where)
    if labels is None:
        return read_table(data, time, column), None
    if column and labels in column:
        raise WrongUsage(f"--labels {labels} is a column of numbers, too: --column names it.")
    table = read_table(data, time, [*column, labels] if column else None)
    if labels not in table.columns:
        raise WrongUsage(f"{data} has no column {labels!r}; it has {', '.join(table.columns)}.")
    rest = {name: values for name, values in table.columns.items() if name != labels}
    if not rest:
        raise WrongUsage(f"{data} must have a column of numbers beside the labels.")
    truth = read_labels(table.timestamps, table.columns[labels], f"{data}, {labels}", unknown=True)
    return Table(table.timestamps, rest), truth
