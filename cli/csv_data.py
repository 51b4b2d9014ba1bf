"""CSV files to requests: one column of numbers is a series, several are rows of variables.

Stricter than what ``make demo`` reads: a script must not lose lines unheard, so every cell that cannot be read is told.
"""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cli.errors import WrongUsage

_MOST_PROBLEMS: Final = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Times in Unix seconds, and by the name of each column as many numbers; None is a cell that is empty."""

    timestamps: list[int]
    columns: dict[str, list[float | None]]

    @property
    def is_series(self) -> bool:
        """Whether there is one column of numbers only."""
        return len(self.columns) == 1

    @property
    def values(self) -> list[float | None]:
        """Of the only column."""
        (values,) = self.columns.values()
        return values

    def as_fit(self) -> dict[str, Any]:
        """The fields of a request to train."""
        if self.is_series:
            return {"timestamps": self.timestamps, "values": self.values}
        return {"timestamps": self.timestamps, "variables": self.columns}

    def as_predict(self) -> dict[str, Any]:
        """The fields of a request to judge by a model."""
        if self.is_series:
            pairs = zip(self.timestamps, self.values, strict=True)
            return {"points": [{"timestamp": time, "value": value} for time, value in pairs]}
        names = list(self.columns)
        lines = zip(self.timestamps, *self.columns.values(), strict=True)
        return {"rows": [{"timestamp": time, **dict(zip(names, cells, strict=True))} for time, *cells in lines]}


def read_table(source: str, time: str | None, wanted: list[str] | None) -> Table:
    """Reads a CSV file with a header.

    Times are Unix seconds or ISO 8601, taken as UTC where they name no zone.

    Args:
        source: the path, or ``-`` for standard input.
        time: the column of times; the first, if None.
        wanted: the columns of numbers; all others, if None.

    Raises:
        WrongUsage: if it cannot be read; the message names lines and columns, the first ten of them.
    """
    where = "standard input" if source == "-" else source
    header, lines = _lines(source, where)
    time = header[0] if time is None else time
    names = wanted or [name for name in header if name != time]
    missing = [name for name in (time, *names) if name not in header]
    if missing:
        raise WrongUsage(f"{where} has no column {', '.join(map(repr, missing))}; it has {', '.join(header)}.")
    if not names or len(set(names)) < len(names) or time in names:
        raise WrongUsage(f"{where} must have a column of numbers beside {time!r}, each of a name of its own.")
    timestamps: list[int] = []
    columns: dict[str, list[float | None]] = {name: [] for name in names}
    places = {name: header.index(name) for name in names}
    problems: list[str] = []
    for number, cells in lines:
        if len(cells) != len(header):
            problems.append(f"line {number}: {len(cells)} cells, the header has {len(header)}")
            continue
        try:
            timestamps.append(_seconds(cells[header.index(time)]))
        except ValueError as error:
            problems.append(f"line {number}, {time}: {error}")
        for name, place in places.items():
            try:
                columns[name].append(_number(cells[place], empty=len(names) > 1))
            except ValueError as error:
                problems.append(f"line {number}, {name}: {error}")
    if problems:
        more = [f"… and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        raise WrongUsage("\n  ".join([f"{where} cannot be read:", *problems[:_MOST_PROBLEMS], *more]))
    return Table(timestamps, columns)


def _lines(source: str, where: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        reader = csv.reader(raw.decode("utf-8-sig").splitlines())
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except OSError as error:
        raise WrongUsage(f"{where}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{where} is not UTF-8.") from error
    except csv.Error as error:
        raise WrongUsage(f"{where} is no CSV: {error}") from error
    if len(lines) < 2:
        raise WrongUsage(f"{where} must have a header and at least one line.")
    return [cell.strip() for cell in lines[0][1]], lines[1:]


def _seconds(cell: str) -> int:
    text = cell.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{cell!r} is neither Unix seconds nor ISO 8601") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not seconds.is_integer():
        raise ValueError(f"{cell!r} has a fraction of a second")
    return int(seconds)


def _number(cell: str, *, empty: bool) -> float | None:
    text = cell.strip()
    if not text and empty:
        return None
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{cell!r} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is not finite")
    return number
