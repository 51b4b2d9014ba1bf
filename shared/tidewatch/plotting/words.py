"""What the picture says about itself."""

from __future__ import annotations

from typing import Any, Final

from tidewatch.detectors import DetectorOptions
from tidewatch.plotting.numbers import counted
from tidewatch.plotting.time_axis import utc
from tidewatch.series import TimeSeries

_DAY: Final = 86_400
_YEAR: Final = 365.2425 * _DAY

# Each unit is used up to the bound beside it, so that "36 hours" is not rounded to two days.
_UNITS: Final = ((1, "second", 120), (60, "minute", 7_200), (3_600, "hour", 2 * _DAY), (_DAY, "day", 2 * _YEAR))


def describe_detector(options: DetectorOptions) -> str:
    """The detector's name and options, such as ``three_sigma (3 sigmas, upper side)``."""
    chosen = options.model_dump(exclude={"name"}, exclude_none=True)
    words = ", ".join(_option(name.replace("_", " "), value) for name, value in chosen.items())
    return f"{options.name} ({words})" if words else options.name


def describe_points(points: int, outside: int) -> str:
    """How many points there are and how many of them lie outside."""
    return f"{counted(points, 'point')}, {f'{outside:,}' if outside else 'none'} outside"


def describe_span(series: TimeSeries) -> str:
    """From when to when, and how long that is, such as ``2024-01-01 00:00 to 2024-01-08 23:00 UTC, 8 days``."""
    start, end = utc(series.start), utc(series.end)
    clock = "%H:%M:%S" if start.second or end.second else "%H:%M"
    if start.date() == end.date():
        span = f"{start:%Y-%m-%d} {start:{clock}} to {end:{clock}} UTC"
    else:
        span = f"{start:%Y-%m-%d {clock}} to {end:%Y-%m-%d {clock}} UTC"
    return f"{span}, {duration(series.end - series.start)}"


def duration(seconds: int) -> str:
    """A length of time in one unit, rounded."""
    for size, unit, bound in _UNITS:
        if seconds < bound:
            return counted(round(seconds / size), unit)
    years = seconds / _YEAR
    return f"{round(years, 1 if years < 10 else 0):g} years"


def printable(text: str) -> str:
    """The text with what cannot be drawn, or may not stand in XML, replaced by a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if isinstance(value, str):
        return f"{value} {name}s" if value == "both" else f"{value} {name}"
    if isinstance(value, int | float) and name.endswith("s"):
        return f"{value:,.10g} {name.removesuffix('s') if value == 1 else name}"
    return f"{name} {value:,.10g}" if isinstance(value, int | float) else f"{name} {value}"
