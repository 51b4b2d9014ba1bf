"""What the picture says about itself."""

from __future__ import annotations

from typing import Any, Final

from tidewatch.detectors import DetectorOptions
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.numbers import counted
from tidewatch.plotting.time_axis import utc
from tidewatch.series import TimeSeries

_DAY: Final = 86_400
_YEAR: Final = 365.2425 * _DAY

# Each unit is used up to the bound beside it, so that "36 hours" is not rounded to two days.
_UNITS: Final = ((1, "second", 120), (60, "minute", 7_200), (3_600, "hour", 2 * _DAY), (_DAY, "day", 2 * _YEAR))


def facts_of(judged: Judged) -> list[str]:
    """What stands beneath the title."""
    facts = [describe_detector(judged.options), describe_points(judged)]
    if judged.period is not None and len(judged.series) > 1:
        facts.append(describe_season(judged.period, judged.series.step if judged.has_times else None))
    return [*facts, describe_span(judged.series)] if judged.has_times else facts


def describe_detector(options: DetectorOptions) -> str:
    """The detector's name and options other than its defaults, such as ``three_sigma (2.5 sigmas, both sides)``."""
    chosen = options.model_dump(exclude={"name"}, exclude_defaults=True)
    words = ", ".join(_option(name.replace("_", " "), value) for name, value in chosen.items())
    return f"{options.name} ({words})" if words else options.name


def describe_points(judged: Judged) -> str:
    """How many points there are, and the anomalies among them, such as ``168 points, 5 anomalies in 2 events``."""
    points, anomalies = len(judged.series), int(judged.scores.anomaly.sum())
    if not anomalies:
        return f"{counted(points, 'point')}, no anomalies"
    found = "1 anomaly" if anomalies == 1 else f"{anomalies:,} anomalies"
    return f"{counted(points, 'point')}, {found} in {counted(len(judged.events), 'event')}"


def describe_season(period: int, step: int | None) -> str:
    """A season, such as ``season of 24 hours``.

    Args:
        period: in points.
        step: from one point to the next, in seconds; None if that is not known.
    """
    return f"season of {counted(period, 'point') if step is None else duration(period * step)}"


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
    if value is None:
        return f"no {name}"
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if isinstance(value, str):
        return f"{value} {name}s" if value == "both" else f"{value} {name}"
    if isinstance(value, int | float) and name.endswith("s"):
        return f"{value:,.10g} {name.removesuffix('s') if value == 1 else name}"
    return f"{name} {value:,.10g}" if isinstance(value, int | float) else f"{name} {value}"
