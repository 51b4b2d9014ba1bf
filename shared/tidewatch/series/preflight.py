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

_JSON_NAMES: Final = {
    bool: "a boolean",
    str: "a string",
    type(None): "null",
    list: "an array",
    dict: "an object",
    float: "a number with a fraction or exponent",
}


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


def preflight(timestamps: Sequence[Any], values: Sequence[Any], *, most_points: int) -> Preflight:
    """Checks two columns as they came out of JSON and makes a series of them.

    Args:
        timestamps: Unix seconds; only integers are taken, not booleans, floats or strings.
        values: finite numbers; not booleans, strings or null.
        most_points: how many points are taken at the most.
    """
    problems = list(_check_sizes(len(timestamps), len(values), most_points))
    if any(problem.type == "too_many_points" for problem in problems):
        return Preflight(None, tuple(problems))
    times, times_ok, time_problems = _column("timestamps", timestamps, (int,), _to_int64, "a whole number of seconds")
    numbers, numbers_ok, number_problems = _column("values", values, (int, float), _to_float64, "a number")
    problems += time_problems
    problems += number_problems
    problems += _check_times(times, np.flatnonzero(times_ok))
    problems += _check_values(numbers, np.flatnonzero(numbers_ok))
    if problems:
        return Preflight(None, tuple(problems))
    return Preflight(TimeSeries(times, numbers), ())


def _check_sizes(timestamps: int, values: int, most_points: int) -> Iterator[Problem]:
    if timestamps != values:
        yield Problem(
            ("timestamps",), f"timestamps has {timestamps:,} items but values has {values:,}", "lengths_differ"
        )
    fewer, more = min(timestamps, values), max(timestamps, values)
    if fewer < FEWEST_POINTS:
        yield Problem(
            ("timestamps",) if timestamps <= values else ("values",),
            f"a fit needs at least {FEWEST_POINTS} points, got {fewer}",
            "too_few_points",
        )
    if more > most_points:
        yield Problem(
            ("timestamps",) if timestamps >= values else ("values",),
            f"a fit takes at most {most_points:,} points, got {more:,}",
            "too_many_points",
        )


def _column(
    field: str,
    items: Sequence[Any],
    taken: tuple[type, ...],
    convert: Callable[[Sequence[Any]], NDArray[Any]],
    wanted: str,
) -> tuple[NDArray[Any], NDArray[np.bool_], list[Problem]]:
    """One column as an array, which of its items are of a type that is taken, and the problems of the others."""
    ok = np.ones(len(items), dtype=np.bool_)
    problems: list[Problem] = []
    # Exact types, since a bool is an int to isinstance; a set of types is quick to make of many items.
    for strange in sorted(set(map(type, items)) - set(taken), key=lambda kind: kind.__name__):
        where = [index for index, item in enumerate(items) if type(item) is strange]
        ok[where] = False
        name = _JSON_NAMES.get(strange, f"a {strange.__name__}")
        msg = f"{field}[{where[0]}] must be {wanted}, got {name}{_and_more(len(where))}"
        problems.append(Problem((field, where[0]), msg, "wrong_type"))
    kept = items if ok.all() else [item if good else 0 for item, good in zip(items, ok, strict=True)]
    return convert(kept), ok, problems


def _to_int64(items: Sequence[int]) -> NDArray[Any]:
    try:
        return np.array(items, dtype=np.int64)
    except OverflowError:
        # Some are far out of range: kept as they are, so that the rules name what was sent. No series comes of them.
        return np.array(items, dtype=object)


def _to_float64(items: Sequence[float]) -> NDArray[np.float64]:
    try:
        return np.array(items, dtype=np.float64)
    except OverflowError:
        return np.array([_as_double(item) for item in items], dtype=np.float64)


def _as_double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _check_times(times: NDArray[Any], usable: NDArray[np.intp]) -> Iterator[Problem]:
    kept = times[usable]
    is_outside = (kept < EARLIEST) | (kept > LATEST)
    outside = usable[is_outside]
    if outside.size:
        first = int(outside[0])
        why = describe_out_of_range(int(times[first]))
        yield Problem(
            ("timestamps", first), f"timestamps[{first}] {why}{_and_more(outside.size)}", "timestamp_out_of_range"
        )
    # Beside a time in a wrong unit, a right one only seems to be out of order.
    comparable = is_outside[1:] == is_outside[:-1]
    backwards = usable[1:][comparable & (kept[1:] <= kept[:-1])]
    if backwards.size:
        first = int(backwards[0])
        before = int(usable[np.searchsorted(usable, first) - 1])
        repeats = times[first] == times[before]
        what = "repeats" if repeats else "is earlier than"
        yield Problem(
            ("timestamps", first),
            f"timestamps must be strictly increasing: timestamps[{first}] ({written(int(times[first]))}) {what} "
            f"timestamps[{before}] ({written(int(times[before]))}){_and_more(backwards.size)}",
            "timestamp_repeated" if repeats else "timestamps_unsorted",
        )


def _check_values(numbers: NDArray[np.float64], usable: NDArray[np.intp]) -> Iterator[Problem]:
    kept = numbers[usable]
    finite = np.isfinite(kept)
    strange = usable[~finite]
    if strange.size:
        first = int(strange[0])
        name = "NaN" if np.isnan(numbers[first]) else "infinite or beyond the range of a double"
        yield Problem(
            ("values", first), f"values[{first}] must be finite, but is {name}{_and_more(strange.size)}", "not_finite"
        )
    if kept.size >= FEWEST_POINTS and finite.all() and kept.min() == kept.max():
        yield Problem(
            ("values",), f"all values equal {kept[0]:g}: a constant series has no spread to learn from", "constant"
        )


def _and_more(count: int) -> str:
    return f" (and {count - 1:,} more like it)" if count > 1 else ""
