"""The forms in which a request may send rows of many variables, and what the rows must be.

Every rule is checked for every variable, so that a client can mend its rows in one go. Each problem names the row and
the variable where it was first met, and how many there are like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.series.forms import MOST_PROBLEMS, TIME, read_times
from tidewatch.series.frame import Frame
from tidewatch.series.preflight import (
    Column,
    InvalidSeries,
    Problem,
    and_more,
    check_times,
    check_values,
    read_column,
    to_float64,
    to_int64,
)

TIMESTAMP: Final = "timestamp"
FEWEST_VARIABLES: Final = 2
MOST_VARIABLES: Final = 100

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,63}", re.ASCII)
_MOST_NAMED: Final = 5
_NUMBER: Final = "a number"


@dataclass(frozen=True, slots=True)
class RowLimits:
    """How many rows are taken.

    Attributes:
        purpose: what the rows are for, as the subject of a sentence.
        fewest: rows at the least.
        most: rows at the most.
        most_cells: values at the most: rows times variables.
        schema: the variables that there must be; None to take those that come.
        nulls: whether a value may be missing, as null.
    """

    purpose: str
    fewest: int
    most: int
    most_cells: int
    schema: tuple[str, ...] | None = None
    nulls: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request calls its rows: ``rows[3].x1`` or, in columns, ``variables.x1[3]``."""

    field: str
    by_row: bool

    def times(self) -> Column:
        return Column(self.field, TIME, TIMESTAMP) if self.by_row else Column("timestamps", TIME)

    def variable(self, name: str) -> Column:
        return Column(self.field, _NUMBER, name) if self.by_row else _OfVariable(self.field, _NUMBER, name)


@dataclass(frozen=True, slots=True)
class _OfVariable(Column):
    """The items of one variable among arrays of them."""

    def loc(self, index: int) -> tuple[str | int, ...]:
        return (self.field, str(self.part), index)

    def at(self, index: int) -> str:
        return f"{self.field}.{self.part}[{index}]"


def read_rows(rows: Sequence[Any], limits: RowLimits, field: str = "rows") -> Frame:
    """Reads rows: objects with a ``timestamp`` and a number for each variable, as they came out of JSON.

    Args:
        rows: in the order of time. The first says which variables there are, unless the limits do.
        limits: how many are taken, and of which variables.
        field: what the request calls them.

    Raises:
        InvalidSeries: if a row is not what it must be; it names every kind of problem, up to 100.
    """
    problems = list(_check_count(len(rows), limits, field))
    if problems:
        raise InvalidSeries(problems)
    first = next((index for index, row in enumerate(rows) if isinstance(row, dict)), None)
    names = limits.schema or (() if first is None else tuple(name for name in rows[first] if name != TIMESTAMP))
    if first is not None:
        # The size first: names and cells that are too many are not looked at one by one.
        problems += _check_names(names, limits, (field, first)) or _check_cells(len(rows), len(names), limits, field)
    problems = problems or _check_rows(rows, names, field)
    if problems:
        raise InvalidSeries(problems[:MOST_PROBLEMS])
    times = [row[TIMESTAMP] for row in rows]
    return _frame(_Sent(field, by_row=True), times, {name: [row[name] for row in rows] for name in names}, limits)


def read_columns(timestamps: Sequence[Any], variables: Mapping[str, Any], limits: RowLimits) -> Frame:
    """Reads columns: timestamps, and an array of as many numbers for each variable, as they came out of JSON.

    Raises:
        InvalidSeries: if a column is not what it must be; it names every kind of problem, up to 100.
    """
    count = len(timestamps)
    problems = list(_check_count(count, limits, "timestamps"))
    problems += _check_names(tuple(variables), limits, ("variables",))
    if problems:
        raise InvalidSeries(problems[:MOST_PROBLEMS])
    problems += _check_cells(count, len(variables), limits, "variables")
    for name, column in variables.items():
        if not isinstance(column, list):
            problems.append(Problem(("variables", name), "must be an array", "wrong_type"))
        elif len(column) != count:
            msg = f"variables.{name} has {len(column):,} items but timestamps has {count:,}"
            problems.append(Problem(("variables", name), msg, "lengths_differ"))
    if problems:
        raise InvalidSeries(problems[:MOST_PROBLEMS])
    return _frame(_Sent("variables", by_row=False), timestamps, variables, limits)


def _frame(sent: _Sent, timestamps: Sequence[Any], columns: Mapping[str, Sequence[Any]], limits: RowLimits) -> Frame:
    of_times = sent.times()
    problems: list[Problem] = []
    times: NDArray[Any] = np.zeros(len(timestamps), dtype=np.int64)
    try:
        read = read_times(of_times, timestamps, len(timestamps))
    except InvalidSeries as ambiguous:
        problems += ambiguous.problems
    else:
        times, usable, found = read_column(of_times, read, (int,), to_int64)
        problems += found
        problems += check_times(of_times, times, np.flatnonzero(usable))
    values = _ordinary(columns)
    if values is None:
        values = np.empty((len(timestamps), len(columns)))
        for place, (name, items) in enumerate(columns.items()):
            values[:, place], found = _numbers(sent.variable(name), items, nulls=limits.nulls)
            problems += found
    if problems:
        raise InvalidSeries(problems[:MOST_PROBLEMS])
    return Frame(times, values, tuple(columns))


def _ordinary(columns: Mapping[str, Sequence[Any]]) -> NDArray[np.float64] | None:
    """The values of all variables at once, shape (n, k), where they are finite numbers and no more is to be said."""
    if not {kind for items in columns.values() for kind in set(map(type, items))} <= {int, float}:
        return None
    try:
        values = np.array(list(columns.values()), dtype=np.float64)
    except OverflowError:
        return None
    return np.ascontiguousarray(values.T) if np.isfinite(values).all() else None


def _numbers(column: Column, items: Sequence[Any], *, nulls: bool) -> tuple[NDArray[np.float64], list[Problem]]:
    """The numbers of a variable, NaN where they are null, shape (n,), and what is wrong with them."""
    problems: list[Problem] = []
    missing: list[int] = []
    if type(None) in set(map(type, items)):
        missing = [index for index, item in enumerate(items) if item is None]
        items = [0.0 if item is None else item for item in items]
        if not nulls:
            msg = (
                f"{column.at(missing[0])} is missing (null){and_more(len(missing))}; a detector that is fitted with "
                '"missing": "hold" or "skip" takes such rows'
            )
            problems.append(Problem(column.loc(missing[0]), msg, "value_missing"))
    numbers, usable, found = read_column(column, items, (int, float), to_float64)
    problems += found
    problems += check_values(column, numbers, np.flatnonzero(usable))
    if nulls and missing:
        numbers[missing] = np.nan
    return numbers, problems


def _check_count(count: int, limits: RowLimits, field: str) -> Iterator[Problem]:
    if count < limits.fewest:
        rows = "1 row" if limits.fewest == 1 else f"{limits.fewest} rows"
        yield Problem((field,), f"{limits.purpose} needs at least {rows}, got {count}", "too_few_points")
    if count > limits.most:
        yield Problem(
            (field,), f"{limits.purpose} takes at most {limits.most:,} rows, got {count:,}", "too_many_points"
        )


def _check_cells(rows: int, variables: int, limits: RowLimits, field: str) -> list[Problem]:
    cells = rows * variables
    if cells <= limits.most_cells:
        return []
    msg = (
        f"{limits.purpose} takes at most {limits.most_cells:,} values, got {rows:,} rows of {variables} variables: "
        f"{cells:,}"
    )
    return [Problem((field,), msg, "too_many_points")]


def _check_names(names: Sequence[str], limits: RowLimits, loc: tuple[str | int, ...]) -> list[Problem]:
    if limits.schema is not None and set(names) == set(limits.schema):
        return []
    if not FEWEST_VARIABLES <= len(names) <= MOST_VARIABLES:
        msg = f"rows have {FEWEST_VARIABLES} to {MOST_VARIABLES} variables beside the timestamp, got {len(names):,}"
        return [Problem(loc, msg, "too_many_variables" if len(names) > MOST_VARIABLES else "too_few_variables")]
    return [
        Problem(
            (*loc, name),
            "a variable's name has 1 to 64 letters A-Z or a-z, digits, or _ . : / -, begins with a letter or _, "
            "and is not timestamp",
            "variable_name",
        )
        for name in names
        if not _NAME.fullmatch(name) or name == TIMESTAMP
    ]


def _check_rows(rows: Sequence[Any], names: Sequence[str], field: str) -> list[Problem]:
    """One problem for each name that is missing, or too much, in some rows."""
    wanted = {TIMESTAMP, *names}
    try:
        if all(row.keys() == wanted for row in rows):
            return []
    except AttributeError:
        pass
    found: dict[tuple[str, str], tuple[Problem, int]] = {}
    for index, row in enumerate(rows):
        for problem in _row_problems(field, index, row, wanted, names):
            key = (problem.type, str(problem.loc[2:]))
            if key in found or len(found) < MOST_PROBLEMS:
                first, count = found.get(key, (problem, 0))
                found[key] = first, count + 1
    return [Problem(first.loc, first.msg + and_more(count), first.type) for first, count in found.values()]


def _row_problems(field: str, index: int, row: Any, wanted: set[str], names: Sequence[str]) -> Iterator[Problem]:
    if not isinstance(row, dict):
        msg = f"{field}[{index}] must be an object with timestamp and variables"
        yield Problem((field, index), msg, "wrong_type")
        return
    for name in (TIMESTAMP, *names):
        if name not in row:
            msg = f"{field}[{index}] has no {name}: every row has timestamp, {_listed(names)}"
            yield Problem((field, index, name), msg, "variable_missing" if name != TIMESTAMP else "timestamp_missing")
    for name in row:
        if name not in wanted:
            msg = f"{field}[{index}] has a variable that is not known here; there are {_listed(names)}"
            yield Problem((field, index, name), msg, "extra_forbidden")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
