"""A series on the regular grid that its sender names: a place for each point, and values for places that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Granularity = Literal["yearly", "monthly", "weekly", "daily", "hourly", "minutely", "secondly", "microsecond", "none"]
ImputeMode = Literal["auto", "previous", "linear", "fixed", "zero", "notFill"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS: Final = 1_000_000
_STEPS: Final[dict[str, int]] = {
    "weekly": 7 * 86_400 * _MICROSECONDS,
    "daily": 86_400 * _MICROSECONDS,
    "hourly": 3_600 * _MICROSECONDS,
    "minutely": 60 * _MICROSECONDS,
    "secondly": _MICROSECONDS,
    "microsecond": 1,
}
_MONTHS: Final[dict[str, int]] = {"yearly": 12, "monthly": 1}


class OffGrid(ValueError):
    """A point that is not where the granularity has one; ``index`` says which."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def places_of(times: Sequence[int], granularity: Granularity, interval: int) -> NDArray[np.int64]:
    """How many intervals each point is after the first, int64, shape (n,), strictly increasing.

    Args:
        times: microseconds since 1970, in UTC.
        granularity: of the grid, not ``none``. Months and years are those of the calendar.
        interval: how many of the granularity's units lie between two places, at least 1.

    Raises:
        OffGrid: at the first point that is between two places, or not after the one before it.
    """
    if granularity in _MONTHS:
        counted, step = np.array([_months(time) for time in times], dtype=np.int64), _MONTHS[granularity] * interval
    else:
        counted, step = np.array(times, dtype=np.int64), _STEPS[granularity] * interval
    apart = counted - counted[0]
    # A step beyond any series is as good as the largest that int64 holds.
    step = min(step, 2**62)
    unit = granularity if interval == 1 else f"{granularity} times {interval}"
    between = np.flatnonzero(apart % step)
    if between.size:
        raise OffGrid(int(between[0]), f"series[{between[0]}] is not a whole number of steps ({unit}) after series[0]")
    places: NDArray[np.int64] = apart // step
    backwards = 1 + np.flatnonzero(np.diff(places) <= 0)
    if backwards.size:
        raise OffGrid(int(backwards[0]), f"series[{backwards[0]}] is not later than the point before it")
    return places


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """A series without gaps.

    Attributes:
        values: float64, shape (m,), one for each place.
        given: int64, shape (n,), where among them the points are that were sent.
    """

    values: Floats
    given: NDArray[np.int64]


def fill(places: NDArray[np.int64], values: Floats, mode: ImputeMode, fixed: float, period: int | None) -> Filled:
    """Fills the places that have no point.

    Args:
        places: int64, shape (n,), strictly increasing from 0.
        values: float64, shape (n,).
        mode: ``auto`` takes the same phase of the period before where there is one, else a straight line;
            ``notFill`` leaves the gaps closed.
        fixed: the value of ``fixed``.
        period: in places, for ``auto``.
    """
    if mode == "notFill" or places[-1] + 1 == places.size:
        return Filled(values, np.arange(places.size))
    cells = np.arange(places[-1] + 1)
    missing = np.setdiff1d(cells, places)
    filled = np.zeros(cells.size)
    filled[places] = values
    if mode in ("auto", "linear"):
        filled[missing] = np.interp(missing, places, values)
        if mode == "auto" and period:
            # From the left, so that a gap longer than a period is filled from what was filled.
            for cell in missing[missing >= period].tolist():
                filled[cell] = filled[cell - period]
    elif mode == "previous":
        filled[missing] = values[np.searchsorted(places, missing) - 1]
    else:
        filled[missing] = fixed if mode == "fixed" else 0.0
    return Filled(filled, places)


def _months(time: int) -> int:
    moment = _EPOCH + timedelta(microseconds=time)
    return 12 * moment.year + moment.month
