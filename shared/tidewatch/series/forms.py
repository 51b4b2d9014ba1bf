"""The forms in which a request may send a series: columns, bare values, or a list of numbers or points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.series.preflight import (
    TIMESTAMPS,
    VALUES,
    Column,
    InvalidSeries,
    Problem,
    check_points,
    preflight,
)
from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import AmbiguousTimestamp, parse_timestamp

POINT_FIELDS: Final = ("timestamp", "value")
"""What a point is written with."""
MOST_PROBLEMS: Final = 100
"""A request can be wrong in more ways than anybody wants to read."""

TIME: Final = "whole Unix seconds or a string of ISO 8601 such as 2026-01-01T00:00:00Z"
_COLUMNS: Final = (Column("timestamps", TIME), VALUES)
_NUMBERS: Final = (TIMESTAMPS, Column("data", "a number"))


@dataclass(frozen=True, slots=True, eq=False)
class SentSeries:
    """A series of n points as a request sent it.

    Attributes:
        series: the points.
        field: what the request calls it: ``values`` or ``data``.
        has_times: whether its timestamps are times; if not, only its order is known.
    """

    series: TimeSeries
    field: str
    has_times: bool


def read_series(body: Mapping[str, Any], *, most_points: int, purpose: str) -> SentSeries:
    """Reads a series from a body with ``timestamps`` and ``values``, with ``values`` alone, or with ``data``.

    Args:
        body: fields by name, as they came out of JSON; others than these three are not looked at.
        most_points: how many points are taken at the most.
        purpose: what the series is for, as the subject of a sentence.

    Raises:
        InvalidSeries: if there is no series, or one that nothing can be learned from. It has no problems where a field
            is no array: that is for the schema to tell.
    """
    if "data" in body and ("values" in body or "timestamps" in body):
        raise _single(("data",), "send data, or values with timestamps or without, not both", "two_forms")
    if "data" not in body and "values" not in body:
        raise _single(
            ("values",), "a series is required: values, with timestamps or without, or data", "series_missing"
        )
    if not all(isinstance(body.get(name, []), list) for name in ("timestamps", "values", "data")):
        raise InvalidSeries([])
    field = "data" if "data" in body else "values"
    times, values, columns = body.get("timestamps"), body[field], _NUMBERS if field == "data" else _COLUMNS
    if field == "data" and len(values) <= most_points and dict in set(map(type, values)):
        (times, values), columns = split_points("data", values), point_columns("data")
    times = None if times is None else read_times(columns[0], times, most_points)
    outcome = preflight(times, values, most_points=most_points, purpose=purpose, columns=columns)
    return SentSeries(outcome.require(), field, times is not None)


def read_points(field: str, points: Sequence[Any], *, most_points: int, purpose: str) -> TimeSeries:
    """Reads a list of points, at least one of them, in the order of time. Their values may all be equal.

    Args:
        field: what the request calls them.
        points: objects with a timestamp and a value, as they came out of JSON.
        most_points: how many are taken at the most.
        purpose: what they are for, as the subject of a sentence.

    Raises:
        InvalidSeries: if a point is not what it must be, or not later than the one before it.
    """
    columns = point_columns(field)
    if len(points) > most_points:
        return preflight(points, points, most_points=most_points, purpose=purpose, columns=columns).require()
    times, values = split_points(field, points)
    outcome = preflight(
        read_times(columns[0], times, most_points),
        values,
        most_points=most_points,
        purpose=purpose,
        columns=columns,
        allow_constant=True,
        fewest_points=1,
    )
    return outcome.require()


def read_arrivals(
    field: str, points: Sequence[Any], *, most_points: int, purpose: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Reads a list of points in any order, at least one of them, as times and values, each of shape (n,).

    Args:
        field: what the request calls them.
        points: objects with a timestamp and a value, as they came out of JSON.
        most_points: how many are taken at the most.
        purpose: what they are for, as the subject of a sentence.

    Raises:
        InvalidSeries: if a point is not what it must be.
    """
    columns = point_columns(field)
    if len(points) > most_points:
        return check_points(points, points, most_points=most_points, purpose=purpose, columns=columns)
    times, values = split_points(field, points)
    times = list(read_times(columns[0], times, most_points))
    return check_points(times, values, most_points=most_points, purpose=purpose, columns=columns)


def point_columns(field: str) -> tuple[Column, Column]:
    """The two columns of a field that holds points."""
    return Column(field, TIME, "timestamp"), Column(field, "a number", "value")


def read_times(column: Column, times: Sequence[Any], most_points: int) -> Sequence[Any]:
    """Times with their strings read. What cannot be read stays as it is; the preflight refuses it by type.

    Raises:
        InvalidSeries: at the first string that may be Unix seconds and may be a date.
    """
    if len(times) > most_points or str not in set(map(type, times)):
        return times
    return [_read_time(column, index, time) if type(time) is str else time for index, time in enumerate(times)]


def split_points(field: str, points: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The timestamps and the values of a field that holds points.

    Raises:
        InvalidSeries: if one is no object with a timestamp, a value and nothing else. It names one of each kind.
    """
    try:
        columns = [point["timestamp"] for point in points], [point["value"] for point in points]
        if max(map(len, points), default=len(POINT_FIELDS)) == len(POINT_FIELDS):
            return columns
    except (KeyError, TypeError):
        pass
    first: dict[str, Problem] = {}
    for index, point in enumerate(points):
        for problem in _point_problems(field, index, point):
            first.setdefault(f"{problem.type} {problem.loc[2:]}", problem)
        if len(first) >= MOST_PROBLEMS:
            break
    raise InvalidSeries(list(first.values()))


def _read_time(column: Column, index: int, text: str) -> int | str:
    try:
        return parse_timestamp(text)
    except AmbiguousTimestamp as error:
        raise _single(column.loc(index), f"{column.at(index)}: {error}", "timestamp_ambiguous") from None
    except ValueError:
        return text


def _point_problems(field: str, index: int, point: Any) -> list[Problem]:
    if not isinstance(point, dict):
        msg = f"{field}[{index}] must be an object with timestamp and value, as others here are"
        return [Problem((field, index), msg, "wrong_type")]
    missing = [Problem((field, index, name), "", "missing") for name in POINT_FIELDS if name not in point]
    return missing + [
        Problem((field, index, name), "", "extra_forbidden") for name in point if name not in POINT_FIELDS
    ]


def _single(loc: tuple[str | int, ...], msg: str, kind: str) -> InvalidSeries:
    return InvalidSeries([Problem(loc, msg, kind)])
