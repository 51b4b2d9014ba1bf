"""The words of the picture: what it says about a series, and how long words are made to fit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from tidewatch.detectors import DetectorOptions
from tidewatch.plotting.request import Judged
from tidewatch.plotting.style import DPI
from tidewatch.series import UTC_NAME, TimeSeries, local_clock

_DAY: Final = 86_400
_YEAR: Final = 365.2425 * _DAY

# Each unit is used up to the bound beside it, so that "36 hours" is not rounded to two days.
_UNITS: Final = ((1, "second", 120), (60, "minute", 7_200), (3_600, "hour", 2 * _DAY), (_DAY, "day", 2 * _YEAR))

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ELLIPSIS: Final = "…"
_BREAK_AFTER: Final = ".-_:/ "


def facts_of(judged: Judged) -> list[str]:
    """The facts that stand beneath the title: detector, counts, season and span."""
    facts = [describe_detector(judged.options), describe_points(judged)]
    if judged.period is not None and len(judged.series) > 1:
        facts.append(describe_season(judged.period, judged.series.step if judged.has_times else None))
    return [*facts, describe_span(judged.series, judged.timezone)] if judged.has_times else facts


def describe_detector(options: DetectorOptions) -> str:
    """The detector's name and the options that differ from its defaults: ``three_sigma (2.5 sigmas, both sides)``."""
    chosen = options.model_dump(exclude={"name"}, exclude_defaults=True)
    words = ", ".join(_option(name.replace("_", " "), value) for name, value in chosen.items())
    return f"{options.name} ({words})" if words else options.name


def describe_points(judged: Judged) -> str:
    """How many points there are, and how many anomalies: ``168 points, 5 anomalies in 2 events``."""
    points, anomalies = len(judged.series), int(judged.scores.anomaly.sum())
    if not anomalies:
        return f"{counted(points, 'point')}, no anomalies"
    found = "1 anomaly" if anomalies == 1 else f"{anomalies:,} anomalies"
    return f"{counted(points, 'point')}, {found} in {counted(len(judged.events), 'event')}"


def describe_season(period: int, step: int | None) -> str:
    """The length of a season: ``season of 24 hours``.

    Args:
        period: in points.
        step: seconds from one point to the next; None if unknown.
    """
    return f"season of {counted(period, 'point') if step is None else duration(period * step)}"


def describe_span(series: TimeSeries, timezone: str = UTC_NAME) -> str:
    """The first and last time, and the time between: ``2024-01-01 00:00 to 2024-01-08 23:00 UTC, 8 days``."""
    zone = zone_of(timezone)
    start, end = ((_EPOCH + timedelta(seconds=at)).astimezone(zone) for at in (series.start, series.end))
    clock = "%H:%M:%S" if start.second or end.second else "%H:%M"
    if start.date() == end.date():
        span = f"{start:%Y-%m-%d} {start:{clock}} to {end:{clock}} {timezone}"
    else:
        span = f"{start:%Y-%m-%d {clock}} to {end:%Y-%m-%d {clock}} {timezone}"
    return f"{span}, {duration(series.end - series.start)}"


def zone_of(timezone: str) -> tzinfo:
    """The rules of a time zone."""
    return UTC if timezone == UTC_NAME else local_clock(timezone).zone


def duration(seconds: int) -> str:
    """A length of time in one unit, rounded."""
    for size, unit, bound in _UNITS:
        if seconds < bound:
            return counted(round(seconds / size), unit)
    years = seconds / _YEAR
    return f"{round(years, 1 if years < 10 else 0):g} years"


def counted(count: int, noun: str) -> str:
    """A count with its noun in singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def printable(text: str) -> str:
    """The text with a question mark for every character that cannot be drawn or may not stand in XML."""
    return "".join(character if character.isprintable() else "?" for character in text)


def font(pixels: float, *, bold: bool = False) -> FontProperties:
    """The font of the picture at a height in pixels."""
    return FontProperties(size=pixels * 72 / DPI, weight="bold" if bold else "normal")


class Ruler:
    """Measures text in one font, without drawing it."""

    def __init__(self, properties: FontProperties) -> None:
        self._properties = properties
        self._renderer = RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]

    def __call__(self, text: str) -> float:
        """The width of one line, in pixels."""
        measure = self._renderer.get_text_width_height_descent
        width, _, _ = measure(text, self._properties, ismath=False)  # type: ignore[no-untyped-call]
        return float(width)


def wrap_shortened(text: str, width: float, most_lines: int, ruler: Callable[[str], float]) -> list[str]:
    """Wraps a text, and leaves out its middle if it is still too long.

    matplotlib wraps at spaces only and never shortens, so a long series name would run out of the picture.

    Args:
        text: is broken after one of ``. - _ : /`` or a space if possible, else anywhere.
        width: pixels of a line.
        most_lines: at least 1.
        ruler: returns the width of a text in pixels.
    """
    lines = _wrap(text, width, ruler)
    if len(lines) <= most_lines:
        return lines

    def lines_with(kept: int) -> list[str]:
        return _wrap(text[: (kept + 1) // 2] + _ELLIPSIS + text[len(text) - kept // 2 :], width, ruler)

    kept = bisect_right(range(1, len(text)), most_lines, key=lambda characters: len(lines_with(characters)))
    return lines_with(kept)[:most_lines]


def wrap_facts(facts: Sequence[str], width: float, ruler: Callable[[str], float]) -> list[str]:
    """Puts short facts beside each other while they fit; a fact too long for a line takes at most two."""
    lines: list[str] = []
    for fact in facts:
        joined = f"{lines[-1]}  ·  {fact}" if lines else fact
        if lines and ruler(joined) <= width:
            lines[-1] = joined
        else:
            lines += wrap_shortened(fact, width, 2, ruler)
    return lines


def _wrap(text: str, width: float, ruler: Callable[[str], float]) -> list[str]:
    lines = []
    while ruler(text) > width and len(text) > 1:
        fits = _fitting(text, width, ruler)
        natural = max(text.rfind(mark, 0, fits) + 1 for mark in _BREAK_AFTER)
        # A break after a mark is nicer, unless it would leave the line mostly empty.
        cut = natural if natural > fits // 2 else fits
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def _fitting(text: str, width: float, ruler: Callable[[str], float]) -> int:
    """How many of the first characters fit on a line, at least 1."""
    return max(1, bisect_right(range(1, len(text)), width, key=lambda end: ruler(text[:end])))


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
