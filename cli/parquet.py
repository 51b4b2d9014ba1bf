"""Parquet files, by ``pyarrow``, which is asked for only when one is read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from cli.errors import WrongUsage
from cli.table import Cells

_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def read_parquet(raw: bytes, where: str) -> Cells:
    """The cells of a file; times of a column of timestamps or dates are Unix seconds.

    The column of times is the only one of timestamps or dates, which may stand anywhere, as an index of pandas does.
    Where there is none, or more than one, it is the first column.

    Raises:
        WrongUsage: if it is damaged, or ``pyarrow`` is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise WrongUsage(
            f"{where} is Parquet, which takes pyarrow: install it with `pip install pyarrow`, or send CSV."
        ) from None
    try:
        table = parquet.read_table(io.BytesIO(raw))
        columns = [_cells_of(pa, column) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise WrongUsage(f"{where} is no readable Parquet: {str(error).splitlines()[0]}") from error
    names = list(table.column_names)
    if not names:
        raise WrongUsage(f"{where} has no column.")
    times = [name for name, column in zip(names, table.columns, strict=True) if _has_times(pa, column.type)]
    lines = ((f"row {number}", cells) for number, cells in enumerate(zip(*columns, strict=True), start=1))
    return Cells(where, names, times[0] if len(times) == 1 else names[0], lines)


def _has_times(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _cells_of(pa: Any, column: Any) -> Sequence[Any]:
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s"))
    if not pa.types.is_timestamp(column.type):
        found: list[Any] = column.to_pylist()
        return found
    # Whole numbers since 1970, UTC, whatever zone the column is shown in.
    per_second = _PER_SECOND[column.type.unit]
    return [None if ticks is None else _second(ticks, per_second) for ticks in column.cast(pa.int64()).to_pylist()]


def _second(ticks: int, per_second: int) -> int | str:
    """Unix seconds; as text where there is a fraction, which the reading of times refuses by that text."""
    seconds, fraction = divmod(ticks, per_second)
    if not fraction:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=max(1, fraction * 10**6 // per_second)).isoformat()
