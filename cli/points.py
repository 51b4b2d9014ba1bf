"""Tables as the series and rows that detectors take, checked as the service checks them; and judgements as records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors import CannotTrain, RowScores, Scores
from tidewatch.registry import DataCorrupted, SeriesBusy, SeriesNotFound, VersionNotFound, WrongKind
from tidewatch.series import (
    Column,
    Frame,
    InvalidSeries,
    RowLimits,
    TimeSeries,
    UnknownTimezone,
    check_timezone,
    preflight,
    read_columns,
)

from cli.errors import WrongUsage
from cli.table import Table

MOST_POINTS: Final = 1_000_000
"""Of one variable, and values of all variables: of a machine of our own, but in memory all the same."""

_FEWEST: Final = 5
_DIRECTIONS: Final = {1: "high", -1: "low", 0: None}
_DIGITS: Final = 4


class _Cells(Column):
    """A column of a file, whose lines people count from 1."""

    def at(self, index: int) -> str:
        """The place of a value, for people."""
        return f"{self.field} of point {index + 1:,}"


def series_of(table: Table, purpose: str, *, fewest: int = _FEWEST, constant: bool = True) -> TimeSeries:
    """The only column as a series.

    Raises:
        InvalidSeries: if it is none, with everything that is wrong.
    """
    (name,) = table.columns
    columns = (_Cells("timestamp", "a whole number of seconds"), _Cells(name, "a number"))
    return preflight(
        table.timestamps,
        table.values,
        most_points=MOST_POINTS,
        purpose=purpose,
        columns=columns,
        allow_constant=constant,
        fewest_points=fewest,
    ).require()


def frame_of(table: Table, purpose: str, *, schema: tuple[str, ...] | None = None, nulls: bool) -> Frame:
    """The columns as rows; of a schema where a model wants one, whatever the order.

    Raises:
        WrongUsage: if the columns are not those of the schema.
        InvalidSeries: if they are no rows, with everything that is wrong.
    """
    if schema is not None and set(schema) != set(table.columns):
        missing = ", ".join(name for name in schema if name not in table.columns) or "none"
        extra = ", ".join(name for name in table.columns if name not in schema) or "none"
        raise WrongUsage(
            f"The model judges {', '.join(schema)}. Missing here: {missing}; too much: {extra}. --column chooses."
        )
    limits = RowLimits(purpose, 1 if schema else _FEWEST, MOST_POINTS, MOST_POINTS, schema=schema, nulls=nulls)
    columns = {name: table.columns[name] for name in schema or table.columns}
    return read_columns(table.timestamps, columns, limits)


def check_zone(timezone: str | None) -> None:
    """Refuses a time zone that there is not.

    Raises:
        WrongUsage: with the nearest name.
    """
    if timezone is not None:
        try:
            check_timezone(timezone)
        except UnknownTimezone as error:
            raise WrongUsage(f"--timezone {timezone!r}: {error}") from None


@contextmanager
def told(where: str) -> Iterator[None]:
    """What use cases refuse, in the words of the command line.

    Raises:
        WrongUsage: for all that is wrong with the data or with what was asked.
    """
    try:
        yield
    except InvalidSeries as invalid:
        raise WrongUsage("\n  ".join([f"{where} cannot be used:", *(each.msg for each in invalid.problems)])) from None
    except SeriesNotFound as error:
        raise WrongUsage(f"No model of {error.series_id} is here: `tidewatch train` makes one.") from None
    except WrongKind as error:
        wanted = "rows of variables" if error.of_rows else "a single column; --column chooses one"
        raise WrongUsage(f"{where}: {error}".partition(": send")[0] + f": give {wanted}.") from None
    except (CannotTrain, VersionNotFound, SeriesBusy, DataCorrupted) as error:
        raise WrongUsage(f"{where}: {error}.") from None
    except OSError as error:
        raise WrongUsage(f"{error.filename}: {error.strerror}") from error


def judged_points(points: TimeSeries, scores: Scores) -> list[dict[str, Any]]:
    """The judgement of each point, with the names that the service's predictions have."""
    names = ("timestamp", "value", "anomaly", "score", "p_value", "severity", "expected", "lower", "upper")
    columns = (scores.score, scores.p_value, scores.severity, scores.expected, scores.lower, scores.upper)
    lines = zip(
        _times(points.timestamps),
        points.values.tolist(),
        scores.anomaly.tolist(),
        *map(_numbers, columns),
        (_DIRECTIONS[each] for each in scores.direction.tolist()),
        scores.warming_up.tolist(),
        strict=True,
    )
    return [dict(zip((*names, "direction", "warming_up"), line, strict=True)) for line in lines]


def judged_rows(rows: Frame, scores: RowScores) -> list[dict[str, Any]]:
    """The judgement of each row, likewise."""
    shares = (
        None if unknown else dict(zip(scores.names, share, strict=True))
        for unknown, share in zip(
            scores.warming_up.tolist(), np.round(scores.contributions, _DIGITS).tolist(), strict=True
        )
    )
    lines = zip(
        _times(rows.timestamps),
        scores.anomaly.tolist(),
        *map(_numbers, (scores.score, scores.p_value, scores.severity)),
        shares,
        scores.warming_up.tolist(),
        strict=True,
    )
    names = ("timestamp", "anomaly", "score", "p_value", "severity", "contributions", "warming_up")
    return [dict(zip(names, line, strict=True)) for line in lines]


def _times(timestamps: NDArray[np.int64]) -> list[str]:
    found: list[str] = np.datetime_as_string(timestamps.astype("datetime64[s]"), timezone="UTC").tolist()
    return found


def _numbers(column: NDArray[np.float64]) -> list[float | None]:
    known = np.isfinite(column).tolist()
    return [number if is_known else None for number, is_known in zip(column.tolist(), known, strict=True)]
