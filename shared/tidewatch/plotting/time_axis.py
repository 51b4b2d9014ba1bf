"""The time axis: round instants of UTC for any span from seconds to centuries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_FORTNIGHT: Final = 14 * _DAY
_FOUR_MONTHS: Final = 120 * _DAY
"""The longest span for which fortnights read better than months."""

_SECONDS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7)),
    _FORTNIGHT,
)
_MONTH_STEPS: Final = (1, 2, 3, 6)
_YEAR_STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100)

_FIRST_MONDAY: Final = 4 * _DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: where it is, its label, and beneath it the day or year where that is new, else nothing."""

    at: int
    label: str
    context: str


def time_ticks(start: int, end: int, room_for: Callable[[str], int]) -> list[Tick]:
    """As many round instants as fit, each at its Unix second.

    Args:
        start: Unix seconds, in the years 1970 to 2200.
        end: likewise, not before the start.
        room_for: how many labels as wide as the text given there is room for, at least 2.
    """
    dates, days, years = room_for("2024-01-01"), room_for("May 30"), room_for("2024")
    for step in _SECONDS:
        most = dates if step < _DAY else days
        if step == _FORTNIGHT and end - start > _FOUR_MONTHS:
            break
        # Days and weeks are counted from a Monday, so that a weekly tick is the start of a week.
        origin = _FIRST_MONDAY if step >= _DAY else 0
        first = start + (origin - start) % step
        if (end - first) // step + 1 <= most:
            instants = list(range(first, end + 1, step))
            return _labelled(instants, "%H:%M:%S" if step < _MINUTE else "%H:%M" if step < _DAY else "%d")
    for months in (*_MONTH_STEPS, *(12 * years for years in _YEAR_STEPS)):
        instants = list(_month_starts(start, end, months))
        if len(instants) <= years:
            break
    return _labelled(instants, "%b" if months < 12 else "%Y")


def utc(timestamp: int) -> datetime:
    """Unix seconds as an aware datetime."""
    return _EPOCH + timedelta(seconds=timestamp)


def _month_starts(start: int, end: int, months: int) -> Iterator[int]:
    first = utc(start)
    month = -(-(first.year * 12 + first.month - 1) // months) * months
    while (at := int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp())) <= end:
        if at >= start:
            yield at
        month += months


def _labelled(instants: list[int], unit: str) -> list[Tick]:
    ticks = []
    last_context = ""
    for at in instants:
        when = utc(at)
        context = _context(when, unit)
        ticks.append(Tick(at, _label(when, unit), context if context != last_context else ""))
        last_context = context
    return ticks


def _label(when: datetime, unit: str) -> str:
    # Months by our own names: strftime would take them from the locale of the process.
    if unit == "%d":
        return f"{_MONTHS[when.month - 1]} {when.day}"
    return _MONTHS[when.month - 1] if unit == "%b" else when.strftime(unit)


def _context(when: datetime, unit: str) -> str:
    if unit == "%Y":
        return ""
    return f"{when.year}" if unit in ("%b", "%d") else f"{when:%Y-%m-%d}"
