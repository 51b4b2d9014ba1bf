"""Reads a time series from a CSV file as people have it, and tells what it had to leave out.

pandas or polars would read the file in a few lines, but neither tells which rows it left out and why, and each is
larger than all else that ``make demo`` installs.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

_TIME_NAMES: Final = ("timestamp", "time", "datetime", "date", "ts")
_VALUE_NAMES: Final = ("value", "values", "y")
# Unix times of these sizes cannot be seconds of this age of the world.
_MILLISECONDS_FROM: Final = 1e11
_MICROSECONDS_FROM: Final = 1e14


class UnusableFile(ValueError):
    """The file holds no time series; the message says why."""


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """A series from a file: strictly increasing Unix seconds and finite values, of one length."""

    timestamps: list[int]
    values: list[float]
    remarks: tuple[str, ...]
    """What a person should know of how the file was read, in sentences."""


def read_series(path: Path) -> SeriesFile:
    """The series in a CSV file of times and values.

    Times are ISO 8601 (taken as UTC where they name no zone) or Unix seconds, milliseconds or microseconds. A header is
    optional. Rows that cannot be read are left out, rows out of order are sorted, and of rows with the same second the
    first is kept; ``remarks`` counts them all.

    Raises:
        UnusableFile: if it has no two columns of times and numbers.
        OSError: if the file cannot be read.
    """
    delimiter, rows = _rows(path)
    header, data = _split_header(rows)
    to_number = _decimal_comma if delimiter == ";" else float
    time_column, value_column = _columns(header, data, to_number)
    names = header if len(header) > max(time_column, value_column) else None
    remarks = [
        f"Time is column '{names[time_column].strip()}', value is column '{names[value_column].strip()}'."
        if names
        else f"Time is column {time_column + 1}, value is column {value_column + 1}."
    ]
    points: list[tuple[float, float]] = []
    unreadable: list[int] = []
    for number, row in enumerate(data, start=len(rows) - len(data) + 1):
        point = _point(row, time_column, value_column, to_number)
        points.append(point) if point else unreadable.append(number)
    if unreadable:
        remarks.append(f"Left out {_rows_word(unreadable)} without a readable time and number.")
    return _in_order(points, remarks)


def _rows(path: Path) -> tuple[str, list[list[str]]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        delimiter = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|").delimiter
    except csv.Error:
        delimiter = ","
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UnusableFile(f"it is no CSV file: {error}") from error
    if not rows:
        raise UnusableFile("it is empty")
    if max(map(len, rows)) < 2:
        raise UnusableFile("it has one column; a time and a value are needed, such as 2026-01-05T00:00:00Z,3.5")
    return delimiter, rows


def _split_header(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """A first row in which nothing is a time or a number is a header."""
    if len(rows) > 1 and not any(_seconds(cell) is not None for cell in rows[0]):
        return rows[0], rows[1:]
    return [], rows


def _columns(
    header: Sequence[str], data: Sequence[Sequence[str]], to_number: Callable[[str], float]
) -> tuple[int, int]:
    """Which columns hold time and value: by name, or else the first ones that can be read as such in most rows.

    Raises:
        UnusableFile: if there are no such columns.
    """
    names = [name.strip().lower() for name in header]
    sample = data[:100]
    columns = range(max(len(row) for row in sample))
    times = [column for column in columns if _mostly(sample, column, lambda cell: _seconds(cell) is not None)]
    numbers = [column for column in columns if _mostly(sample, column, lambda cell: _is_finite(cell, to_number))]
    # Any number could be a time; a column of dates is surely one.
    times.sort(key=lambda column: column in numbers)
    times = [column for column in times if column < len(names) and names[column] in _TIME_NAMES] or times
    if not times:
        raise UnusableFile(f"no column of times, such as 2026-01-05T00:00:00Z or Unix seconds: {list(sample[0])}")
    values = sorted((column for column in numbers if column != times[0]), key=lambda column: column < times[0])
    values = [column for column in values if column < len(names) and names[column] in _VALUE_NAMES] or values
    if not values:
        raise UnusableFile(f"no column of numbers beside the times: {list(sample[0])}")
    return times[0], values[0]


def _mostly(rows: Sequence[Sequence[str]], column: int, test: Callable[[str], bool]) -> bool:
    return sum(len(row) > column and test(row[column]) for row in rows) * 2 > len(rows)


def _is_finite(cell: str, to_number: Callable[[str], float]) -> bool:
    try:
        return math.isfinite(to_number(cell))
    except ValueError:
        return False


def _decimal_comma(cell: str) -> float:
    return float(cell.replace(",", "."))


def _point(
    row: Sequence[str], time_column: int, value_column: int, to_number: Callable[[str], float]
) -> tuple[float, float] | None:
    if len(row) <= max(time_column, value_column):
        return None
    seconds = _seconds(row[time_column])
    try:
        value = to_number(row[value_column])
    except ValueError:
        return None
    return (seconds, value) if seconds is not None and math.isfinite(value) else None


def _seconds(cell: str) -> float | None:
    """A time as Unix seconds; None if it is none."""
    text = cell.strip()
    try:
        number = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(number):
        return None
    size = abs(number)
    return number / (1e6 if size >= _MICROSECONDS_FROM else 1e3 if size >= _MILLISECONDS_FROM else 1)


def _in_order(points: list[tuple[float, float]], remarks: list[str]) -> SeriesFile:
    if any(not seconds.is_integer() for seconds, _ in points):
        remarks.append("Fractions of seconds were cut off.")
    whole = [(int(seconds // 1), value) for seconds, value in points]
    backwards = sum(later[0] < earlier[0] for earlier, later in pairwise(whole))
    if backwards:
        remarks.append(f"Sorted by time: it went backwards {_times_word(backwards)}.")
    first_of_second: dict[int, float] = {}
    for second, value in whole:
        first_of_second.setdefault(second, value)
    repeated = len(whole) - len(first_of_second)
    if repeated:
        counts = Counter(second for second, _ in whole)
        example = datetime.fromtimestamp(counts.most_common(1)[0][0], UTC).strftime("%Y-%m-%d %H:%M:%S")
        rows = f"1 row whose time was there before: {example}"
        if repeated > 1:
            rows = f"{repeated:,} rows whose time was there before, such as {example}"
        remarks.append(f"Left out {rows}; the first was kept.")
    timestamps = sorted(first_of_second)
    return SeriesFile(timestamps, [first_of_second[second] for second in timestamps], tuple(remarks))


def _rows_word(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    return f"{len(numbers):,} rows, the first is row {numbers[0]},"


def _times_word(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
