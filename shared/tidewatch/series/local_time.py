"""The wall clock of a place: what time people there had at an instant, and which hour they had twice.

A day of people is a local day: where clocks are set forward or back, it has 23 or 25 hours, and work begins at nine all
the same. The rules come from the package ``tzdata``, which is pinned, and never from the machine: the same model judges
alike everywhere. Sources: the IANA Time Zone Database, RFC 6557; two passes of an hour that comes twice, PEP 495.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.series.timestamps import EARLIEST, LATEST

Times = NDArray[np.int64]

UTC_NAME: Final = "UTC"
"""The time zone of whoever names none."""

_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_YEAR: Final = 52 * _WEEK
"""Changes are looked up by spans of a year or so."""
_NO_PLACE: Final = frozenset({"Factory"})
"""What the database holds for machines whose zone was never set."""
_LONGEST_NAME: Final = 64


class UnknownTimezone(ValueError):
    """A name that the IANA database has no time zone of; the message names the nearest that it has."""


@dataclass(frozen=True, slots=True)
class RepeatedHour:
    """An hour, or so, that a place has twice, in Unix seconds.

    Attributes:
        begin: when its first pass begins.
        again: when clocks are set back, and the second pass begins.
        end: when that is over.
    """

    begin: int
    again: int
    end: int

    def places_in(self, timestamps: Times) -> tuple[int, int, int]:
        """Where among n points either pass begins, and where the second is over."""
        begin, again, end = np.searchsorted(timestamps, [self.begin, self.again, self.end]).tolist()
        return begin, again, end


@lru_cache(maxsize=1)
def timezone_names() -> frozenset[str]:
    """Every name of the database, links such as ``Asia/Calcutta`` included."""
    # Imported late, here and below: few series have a time zone, and a prediction that needs none must start quickly.
    from importlib.resources import files

    import tzdata

    text = files(tzdata).joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split()) - _NO_PLACE


def check_timezone(name: str) -> str:
    """The name, if the database has it.

    Raises:
        UnknownTimezone: if it has not.

    >>> check_timezone("Europe/Berlin")
    'Europe/Berlin'
    """
    if name == UTC_NAME or name in timezone_names():
        return name
    raise UnknownTimezone(f"no such time zone{_nearest(name)}")


def _nearest(name: str) -> str:
    # Imported late: few requests have such a mistake.
    from difflib import get_close_matches

    # Names are told apart by their letters, not by capitals; a city alone is as good as its zone.
    asked = name[:_LONGEST_NAME].replace(" ", "_").lower()
    known = {each.lower(): each for each in sorted(timezone_names())}
    cities = {each.rpartition("/")[2]: each for each in known}
    near = get_close_matches(asked, known, n=1, cutoff=0.8)
    near = near or [cities[city] for city in get_close_matches(asked, cities, n=1)]
    near = near or get_close_matches(asked, known, n=1)
    return f"; did you mean {known[near[0]]}?" if near else "; give a name of the IANA database, such as Europe/Berlin"


class LocalClock:
    """The wall clock of one time zone."""

    def __init__(self, name: str, zone: tzinfo) -> None:
        """Takes the name and the rules of a zone; :func:`local_clock` finds them."""
        self.name, self.zone = name, zone
        self._of_year = lru_cache(maxsize=1_024)(self._changes_in)
        self._of_years = lru_cache(maxsize=16)(self._changes_of)

    def wall(self, timestamps: Times) -> Times:
        """The wall clock at some instants, as if it were UTC: seconds that have the same hour and weekday.

        Args:
            timestamps: Unix seconds, shape (n,), ascending.

        >>> from datetime import UTC, datetime
        >>> wall = local_clock("Europe/Berlin").wall(np.array([1_751_328_000]))
        >>> datetime.fromtimestamp(int(wall[0]), UTC).isoformat()
        '2025-07-01T02:00:00+00:00'
        """
        if timestamps.size == 0:
            return timestamps
        if timestamps.size == 1:
            return timestamps + self._offset(int(timestamps[0]))
        instants, offsets = self._changes(int(timestamps[0]), int(timestamps[-1]))
        wall: Times = timestamps + offsets[np.searchsorted(instants, timestamps, side="right") - 1]
        return wall

    def repeated_hours(self, timestamps: Times) -> list[RepeatedHour]:
        """The hours that come twice and that n points reach into, in order.

        Args:
            timestamps: Unix seconds, shape (n,), strictly increasing.
        """
        if timestamps.size == 0:
            return []
        first, last = int(timestamps[0]), int(timestamps[-1])
        instants, offsets = self._changes(first - _DAY, last + _DAY)
        changes = zip(instants[1:].tolist(), np.diff(offsets).tolist(), strict=True)
        hours = [RepeatedHour(instant + by, instant, instant - by) for instant, by in changes if by < 0]
        return [hour for hour in hours if hour.begin <= last and first < hour.end]

    def _offset(self, timestamp: int) -> int:
        # A context may reach back before the first year that is taken.
        moment = datetime.fromtimestamp(min(max(timestamp, EARLIEST), LATEST), self.zone)
        offset = moment.utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    def _changes(self, first: int, last: int) -> tuple[Times, Times]:
        """When offsets to UTC begin to hold, from before one timestamp until another, and which, in seconds."""
        early, late = (min(max(end, EARLIEST), LATEST) // _YEAR for end in (first, last))
        return self._of_years(early, late)

    def _changes_of(self, early: int, late: int) -> tuple[Times, Times]:
        changes = [change for year in range(early, late + 1) for change in self._of_year(year)]
        start = (np.iinfo(np.int64).min, self._offset(early * _YEAR))
        instants, offsets = zip(start, *changes, strict=True)
        return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)

    def _changes_in(self, year: int) -> tuple[tuple[int, int], ...]:
        return tuple(self._find_changes(year * _YEAR, (year + 1) * _YEAR))

    def _find_changes(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Each change after ``begin`` up to ``end``, with the new offset. No zone has two within a week."""
        before = self._offset(begin)
        for late in range(begin + _WEEK, end + 1, _WEEK):
            after = self._offset(late)
            if after != before:
                yield self._bisect(late - _WEEK, late), after
            before = after

    def _bisect(self, early: int, late: int) -> int:
        """The first instant after ``early`` with the offset of ``late``."""
        new = self._offset(late)
        while late - early > 1:
            middle = (early + late) // 2
            early, late = (early, middle) if self._offset(middle) == new else (middle, late)
        return late


@lru_cache(maxsize=32)
def local_clock(name: str) -> LocalClock:
    """The wall clock of a time zone that :func:`check_timezone` knows.

    Raises:
        UnknownTimezone: if the database has no such zone.
    """
    from importlib.resources import files
    from zoneinfo import ZoneInfo

    import tzdata

    place = files(tzdata).joinpath("zoneinfo", *check_timezone(name).split("/"))
    with place.open("rb") as rules:
        return LocalClock(name, ZoneInfo.from_file(rules, key=name))
