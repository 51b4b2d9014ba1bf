"""What a series must be before a detector may learn from it.

Every rule reports the first place where it is broken and how many places there are, and all rules are checked, so that
a client can mend a series in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import EARLIEST, LATEST, describe_out_of_range, written

FEWEST_POINTS: Final = 5
UNTIMED_STEP: Final = 7 * 86_400
"""Seconds between the points of a series without times: a week, in which no season of a day or a week is seen."""

_JSON_NAMES: Final = {
    bool: "a boolean",
    str: "a string",
    type(None): "null",
    list: "an array",
    dict: "an object",
    float: "a number with a fraction or exponent",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What a request calls a column, so that problems speak of what was sent.

    Attributes:
        field: of the request.
        wanted: what each item must be.
        part: of each item of the field; None if the items themselves are the column.
    """

    field: str
    wanted: str
    part: str | None = None

    def loc(self, index: int) -> tuple[str | int, ...]:
        """The place of an item, for programs."""
        return (self.field, index) if self.part is None else (self.field, index, self.part)

    def at(self, index: int) -> str:
        """The place of an item, for people."""
        return f"{self.field}[{index}]" if self.part is None else f"{self.field}[{index}].{self.part}"


TIMESTAMPS: Final = Column("timestamps", "a whole number of seconds")
VALUES: Final = Column("values", "a number")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where (field, then index), what is wrong, and a stable word for it."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class InvalidSeries(ValueError):
    """A series that broke at least one rule; ``problems`` says which."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.msg for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Preflight:
    """The outcome: a series, or the problems that stand in its way."""

    series: TimeSeries | None
    problems: tuple[Problem, ...]

    def require(self) -> TimeSeries:
        """The series.

        Raises:
            InvalidSeries: if there were problems.
        """
        if self.series is None:
            raise InvalidSeries(self.problems)
        return self.series


def preflight(
    timestamps: Sequence[Any] | None,
    values: Sequence[Any],
    *,
    most_points: int,
    purpose: str = "a fit",
    columns: tuple[Column, Column] = (TIMESTAMPS, VALUES),
    allow_constant: bool | None = None,
    fewest_points: int = FEWEST_POINTS,
) -> Preflight:
    """Checks two columns as they came out of JSON and makes a series of them.

    Args:
        timestamps: Unix seconds; only integers are taken, not booleans, floats or strings. None for a series without
            times, which gets one point every ``UNTIMED_STEP`` from 1970 on.
        values: finite numbers; not booleans, strings or null.
        most_points: how many points are taken at the most.
        purpose: what the series is for, in a sentence's subject.
        columns: what the request calls them.
        allow_constant: whether a series of equal values is taken; None if the request cannot ask for it.
        fewest_points: how many points are needed at the least.
    """
    of_times, of_values = columns
    sizes = (
        [(of_values, len(values))] if timestamps is None else [(of_times, len(timestamps)), (of_values, len(values))]
    )
    problems = list(_check_sizes(sizes, fewest_points, most_points, purpose))
    if any(problem.type == "too_many_points" for problem in problems):
        return Preflight(None, tuple(problems))
    times: NDArray[Any] = UNTIMED_STEP * np.arange(len(values), dtype=np.int64)
    times_ok = np.zeros(0, dtype=np.bool_)
    if timestamps is not None:
        times, times_ok, found = read_column(of_times, timestamps, (int,), to_int64)
        problems += found
    numbers, numbers_ok, found = read_column(of_values, values, (int, float), to_float64)
    problems += found
    problems += check_times(of_times, times, np.flatnonzero(times_ok))
    problems += check_values(of_values, numbers, np.flatnonzero(numbers_ok))
    if not allow_constant:
        problems += _check_spread(of_values, numbers[numbers_ok], can_be_allowed=allow_constant is not None)
    if problems:
        return Preflight(None, tuple(problems))
    return Preflight(TimeSeries(times, numbers), ())


def check_numbers(values: Sequence[Any], *, most_points: int, purpose: str) -> NDArray[np.float64]:
    """A list of numbers as it came out of JSON, of any length up to ``most_points``, as float64, shape (n,).

    Raises:
        InvalidSeries: if one is not a finite number, or there are too many.
    """
    if len(values) > most_points:
        raise InvalidSeries([_too_many(VALUES, len(values), most_points, purpose)])
    numbers, ok, problems = read_column(VALUES, values, (int, float), to_float64)
    problems += check_values(VALUES, numbers, np.flatnonzero(ok))
    if problems:
        raise InvalidSeries(problems)
    return numbers


def check_points(
    timestamps: Sequence[Any],
    values: Sequence[Any],
    *,
    most_points: int,
    purpose: str,
    columns: tuple[Column, Column],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Checks points that may be in any order, and come more than once; at least one of them.

    Args:
        timestamps: Unix seconds, as they came out of JSON; only integers are taken.
        values: finite numbers, likewise; one for each of the timestamps.
        most_points: how many are taken at the most.
        purpose: what they are for, in a sentence's subject.
        columns: what the request calls them.

    Returns:
        int64 and float64, each of shape (n,).

    Raises:
        InvalidSeries: if a time or a value is not what it must be, or there are too many.
    """
    of_times, of_values = columns
    problems = list(_check_sizes([(of_times, len(timestamps))], 1, most_points, purpose))
    if any(problem.type == "too_many_points" for problem in problems):
        raise InvalidSeries(problems)
    times, times_ok, found = read_column(of_times, timestamps, (int,), to_int64)
    problems += found
    numbers, numbers_ok, found = read_column(of_values, values, (int, float), to_float64)
    problems += found
    problems += _check_range(of_times, times, np.flatnonzero(times_ok))
    problems += check_values(of_values, numbers, np.flatnonzero(numbers_ok))
    if problems:
        raise InvalidSeries(problems)
    return times, numbers


def _check_sizes(
    sizes: Sequence[tuple[Column, int]], fewest_points: int, most_points: int, purpose: str
) -> Iterator[Problem]:
    shortest, longest = (pick(sizes, key=lambda size: size[1]) for pick in (min, max))
    if shortest[1] != longest[1]:
        (first, first_size), (second, second_size) = sizes
        yield Problem(
            (first.field,),
            f"{first.field} has {first_size:,} items but {second.field} has {second_size:,}",
            "lengths_differ",
        )
    if shortest[1] < fewest_points:
        points = "1 point" if fewest_points == 1 else f"{fewest_points} points"
        yield Problem((shortest[0].field,), f"{purpose} needs at least {points}, got {shortest[1]}", "too_few_points")
    if longest[1] > most_points:
        yield _too_many(longest[0], longest[1], most_points, purpose)


def _too_many(column: Column, points: int, most_points: int, purpose: str) -> Problem:
    return Problem(
        (column.field,), f"{purpose} takes at most {most_points:,} points, got {points:,}", "too_many_points"
    )


def read_column(
    column: Column,
    items: Sequence[Any],
    taken: tuple[type, ...],
    convert: Callable[[Sequence[Any]], NDArray[Any]],
) -> tuple[NDArray[Any], NDArray[np.bool_], list[Problem]]:
    """One column as an array, which of its items are of a type that is taken, and the problems of the others."""
    ok = np.ones(len(items), dtype=np.bool_)
    problems: list[Problem] = []
    # Exact types, since a bool is an int to isinstance; a set of types is quick to make of many items.
    for strange in sorted(set(map(type, items)) - set(taken), key=lambda kind: kind.__name__):
        where = [index for index, item in enumerate(items) if type(item) is strange]
        ok[where] = False
        name = _JSON_NAMES.get(strange, f"a {strange.__name__}")
        msg = f"{column.at(where[0])} must be {column.wanted}, got {name}{and_more(len(where))}"
        problems.append(Problem(column.loc(where[0]), msg, "wrong_type"))
    kept = items if ok.all() else [item if good else 0 for item, good in zip(items, ok, strict=True)]
    return convert(kept), ok, problems


def to_int64(items: Sequence[int]) -> NDArray[Any]:
    """Whole numbers as int64, shape (n,); as objects where one is beyond 64 bits."""
    try:
        return np.array(items, dtype=np.int64)
    except OverflowError:
        # Some are far out of range: kept as they are, so that the rules name what was sent. No series comes of them.
        return np.array(items, dtype=object)


def to_float64(items: Sequence[float]) -> NDArray[np.float64]:
    """Numbers as float64, shape (n,); infinite where one is beyond the range of a double."""
    try:
        return np.array(items, dtype=np.float64)
    except OverflowError:
        return np.array([_as_double(item) for item in items], dtype=np.float64)


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def check_times(column: Column, times: NDArray[Any], usable: NDArray[np.intp]) -> Iterator[Problem]:
    """What is wrong with times, shape (n,), at the places where there are some: their range and their order."""
    yield from _check_range(column, times, usable)
    kept = times[usable]
    is_outside = _is_outside(kept)
    # Beside a time in a wrong unit, a right one only seems to be out of order.
    comparable = is_outside[1:] == is_outside[:-1]
    backwards = usable[1:][comparable & (kept[1:] <= kept[:-1])]
    if backwards.size:
        first = int(backwards[0])
        before = int(usable[np.searchsorted(usable, first) - 1])
        repeats = times[first] == times[before]
        what = "repeats" if repeats else "is earlier than"
        yield Problem(
            column.loc(first),
            f"timestamps must be strictly increasing: {column.at(first)} ({written(int(times[first]))}) {what} "
            f"{column.at(before)} ({written(int(times[before]))}){and_more(backwards.size)}",
            "timestamp_repeated" if repeats else "timestamps_unsorted",
        )


def _is_outside(times: NDArray[Any]) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = (times < EARLIEST) | (times > LATEST)
    return outside


def _check_range(column: Column, times: NDArray[Any], usable: NDArray[np.intp]) -> Iterator[Problem]:
    outside = usable[_is_outside(times[usable])]
    if outside.size:
        first = int(outside[0])
        why = describe_out_of_range(int(times[first]))
        yield Problem(column.loc(first), f"{column.at(first)} {why}{and_more(outside.size)}", "timestamp_out_of_range")


def check_values(column: Column, numbers: NDArray[np.float64], usable: NDArray[np.intp]) -> Iterator[Problem]:
    """What is wrong with numbers, shape (n,), at the places where there are some: they must be finite."""
    strange = usable[~np.isfinite(numbers[usable])]
    if strange.size:
        first = int(strange[0])
        name = "NaN" if np.isnan(numbers[first]) else "infinite or beyond the range of a double"
        yield Problem(
            column.loc(first),
            f"{column.at(first)} must be finite, but is {name}{and_more(strange.size)}",
            "not_finite",
        )


def _check_spread(column: Column, kept: NDArray[np.float64], *, can_be_allowed: bool) -> Iterator[Problem]:
    if kept.size >= FEWEST_POINTS and np.isfinite(kept).all() and kept.min() == kept.max():
        msg = f"all values equal {kept[0]:g}: a constant series has no spread to learn from"
        if can_be_allowed:
            msg += '; send "allow_constant": true to learn it all the same, so that any change is an anomaly'
        yield Problem((column.field,), msg, "constant")


def and_more(count: int) -> str:
    """The end of a sentence about the first of so many equal problems."""
    return f" (and {count - 1:,} more like it)" if count > 1 else ""
