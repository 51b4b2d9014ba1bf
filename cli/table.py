"""A table of times and numbers, made of cells, and as the fields of requests.

Stricter than what ``make demo`` reads: a script must not lose lines unheard, so every cell that cannot be read is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cli.errors import WrongUsage

_MOST_PROBLEMS: Final = 10
_MOST_SHOWN: Final = 40
"""Characters of a cell that a message repeats."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What was read of a file, before it is known which column means what.

    Attributes:
        where: what messages call the file.
        names: of the columns.
        time: the column of times, unless the user names another.
        lines: for each line, what messages call it, and its cells: text, or what a typed file has.
    """

    where: str
    names: Sequence[str]
    time: str
    lines: Iterable[tuple[str, Sequence[Any]]]


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

    def each(self) -> dict[str, Table]:
        """Each column as a table of its own, without the times at which it is empty."""
        return {name: self._only(name) for name in self.columns}

    def _only(self, name: str) -> Table:
        kept = [
            (time, value) for time, value in zip(self.timestamps, self.columns[name], strict=True) if value is not None
        ]
        return Table([time for time, _ in kept], {name: [value for _, value in kept]})

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


def table_of(cells: Cells, time: str | None, wanted: list[str] | None) -> Table:
    """Reads cells as times and numbers.

    Times are Unix seconds or ISO 8601, taken as UTC where they name no zone.

    Args:
        cells: of the file.
        time: the column of times; None for the one that the file suggests.
        wanted: the columns of numbers; all others, if None.

    Raises:
        WrongUsage: if they are none; the message names lines and columns, the first ten of them.
    """
    header, time = list(cells.names), cells.time if time is None else time
    names = wanted or [name for name in header if name != time]
    _check_names(cells.where, header, time, names)
    timestamps: list[int] = []
    columns: dict[str, list[float | None]] = {name: [] for name in names}
    places = {name: header.index(name) for name in names}
    problems: list[str] = []
    for line, found in cells.lines:
        if len(found) != len(header):
            problems.append(f"{line}: {len(found)} cells, the header has {len(header)}")
            continue
        try:
            timestamps.append(_seconds(found[header.index(time)]))
        except ValueError as error:
            problems.append(f"{line}, {time}: {error}")
        for name, place in places.items():
            try:
                columns[name].append(_number(found[place], empty=len(names) > 1))
            except ValueError as error:
                problems.append(f"{line}, {name}: {error}")
    if problems:
        more = [f"… and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        raise WrongUsage("\n  ".join([f"{cells.where} cannot be read:", *problems[:_MOST_PROBLEMS], *more]))
    if not timestamps:
        raise WrongUsage(f"{cells.where} must have at least one line of data.")
    return Table(timestamps, columns)


def _check_names(where: str, header: list[str], time: str, names: list[str]) -> None:
    missing = [name for name in (time, *names) if name not in header]
    if missing:
        raise WrongUsage(f"{where} has no column {', '.join(map(repr, missing))}; it has {', '.join(header)}.")
    if not names or len(set(names)) < len(names) or time in names:
        raise WrongUsage(f"{where} must have a column of numbers beside {time!r}, each of a name of its own.")


def _seconds(cell: Any) -> int:
    if type(cell) is int:
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    # Python takes 1_000 for a number, people do not.
    if "_" not in text:
        try:
            return int(text)
        except ValueError:
            pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_shown(cell)} is neither Unix seconds nor ISO 8601") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not seconds.is_integer():
        raise ValueError(f"{_shown(cell)} has a fraction of a second")
    return int(seconds)


def _number(cell: Any, *, empty: bool) -> float | None:
    text = cell.strip() if isinstance(cell, str) else cell
    if empty and text in ("", None):
        return None
    if isinstance(text, bool) or (isinstance(text, str) and "_" in text):
        raise ValueError(f"{_shown(cell)} is no number")
    try:
        number = float(text)
    except (TypeError, ValueError):
        raise ValueError(f"{_shown(cell)} is no number") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{_shown(cell)} is not finite")
    return number


def _shown(cell: Any) -> str:
    text = repr(cell)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
