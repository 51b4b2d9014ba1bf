"""The section of docs/benchmarks.md on quality: how it was measured, and the figures of every detector."""

from __future__ import annotations

from datetime import date
from typing import Final

from tidewatch.detectors.events import THRESHOLD

from benchmarks.quality.anomalies import ANOMALIES
from benchmarks.quality.beats import BEATS, CHANGES
from benchmarks.quality.results import MEASURED, ByHalf, Results
from benchmarks.quality.suite import EVENTS, SERIES
from benchmarks.quality.tables import (
    calibration_columns,
    cloud_columns,
    details,
    first_columns,
    nab_columns,
    suite_columns,
    table,
)

NAME: Final = "quality"
COMMAND: Final = "make bench-quality"
PICTURE: Final = "images/quality.png"

_CLOUD: Final = """
### Labelled series of cloud services

{series:.0f} series of Microsoft's Cloud Monitoring Dataset, {labelled:.0f} of them with anomalies in the judged part.
A detector is fitted to the first 15 % of a series and judges each later point by what came before it. AP is the mean
average precision of `score`; points that are not judged rank lowest. VUS-PR (Paparrizos and others, 2022) does not mind
labels that are up to ten points off. All else is at the detector's own flags, by default options: an event is flags,
or labels, with at most three points between them; its precision is the share of flagged events with a flag on a
labelled point, its recall the share of labelled events with a flag. *First 3* is the share flagged of the first three
points of events, *by 3rd* the share of events with a flag on at least one of them. The second is the fairer one, since
labels often begin a point before the values leave what is usual. *Refitted* is a new fit on all points so far whenever
they have doubled. A history of equal values (one series), or one too short, is refused, and then nothing of that series
is judged.
"""
_NAB: Final = """
### The Numenta Anomaly Benchmark, three profiles

Scores as [told below](#detection-the-numenta-anomaly-benchmark), with one alert an incident (again only after 50 points
without one), and for the standard profile with an alert at every point. Each profile has a threshold of its own, the
best one for it over all files; in brackets. *Halves*: the standard profile on each half, at the threshold that is
best on the other one. *As it ships* is at the default threshold.
"""
_SUITE: Final = """
### Made-up series with known truth

{pairs} pairs of anomaly and background, two series of each: a history of 2,000 points, then 6,000 points with eight
anomalies of one kind. Spikes and dips of 8 standard deviations of the noise; a level 6 higher for 60 points; a rise
of 0.1 a point for 120; deviations 3 times as large for 72 points, 6 times for 12; one value held for 36 points.
*Sentinel*: a spike where 65535 stands once in the history. *Found* is the share of anomalies with a flag, *by chance*
the share of normal stretches, as long and as many, that have one: what is found beyond it is found. *Delay* is the
median in points until the first flag, *false* the flags of 1,000 normal points. *Shapes* are periods of a daily wave,
of pulses and of a schedule that are missing, reversed, or out of time by up to a quarter of the period: found within
one period.
"""
_FIRST: Final = """
#### The first of its kind

Eight anomalies of one kind in 6,000 points get usual to a detector that ranks each point in its own past. So here is
the first one of each series beside all eight: of {points} series for *anomalies*, of {series} for *shapes*, which are
to be found within one period. *Unchanged* is what chance gives: the share of the same {stretches} stretches with a flag
where the same series, noise and all, has no changes. *Incident* counts evidence of an incident that reaches the limit
of alerts, {limit:.0f}, in the place of flags; only `auto` has it.
"""
_CALIBRATION: Final = """
### Calibration

Ten normal series of each of ten kinds, 2,000 points of history and 8,000 judged. Of 1,000 points, so many have a
p-value below .01, and below .001: where p-values hold, 10 and 1. A detector that is fitted once to a level does not
suit a trend or a random walk, and its p-values say what they say against the history: there the figures are large.
"""
_EACH: Final = """
### Each detector, and each half

*Even* has the first, third … file of each set, or made-up series of each kind, in the order of their names; *odd* the
others. The constants of `auto` and the defaults of flags were chosen with both halves in view, so the halves show how
much figures spread from files to files; they are not held out. Only the thresholds of NAB's halves are.
"""


def write(results: Results) -> str:
    """The section, Markdown."""
    pairs = sum(len(anomaly.backgrounds) for anomaly in ANOMALIES.values())
    periodic = SERIES * len(BEATS) * len(CHANGES)
    parts = [
        "## Detection: four kinds of figures",
        _introduction(results),
        f"![Every detector on the four kinds of figures]({PICTURE})",
        _CLOUD.format(series=_most(results, "cloud.series"), labelled=_most(results, "cloud.labelled")),
        table(results, cloud_columns()),
        _NAB,
        table(results, nab_columns()),
        _SUITE.format(pairs=pairs),
        table(results, suite_columns()),
        _FIRST.format(points=SERIES * pairs, series=periodic, stretches=EVENTS * periodic, limit=THRESHOLD),
        table(results, first_columns()),
        _CALIBRATION,
        table(results, calibration_columns()),
        _EACH,
        *(details(name, by_half) for name, by_half in results.items()),
    ]
    return "\n\n".join(part.strip() for part in parts)


def _introduction(results: Results) -> str:
    days = sorted({_day(by_half) for by_half in results.values()})
    spoken = " and ".join(f"{day.day} {day:%B %Y}" for day in days)
    return (
        f"`{COMMAND} CLOUD=<folder> NAB=<folder>`, on {spoken}, every detector under its default options.\n"
        "No single set decides: labels of real series are few and disputed, NAB rewards one early alert in a wide\n"
        "window, made-up series are as their makers thought, and calibrated p-values may find nothing. A dash is a\n"
        "figure that was not measured, or that cannot be: no event was flagged, or none found."
    )


def _most(results: Results, key: str) -> float:
    return max((by_half["all"].get(key, 0.0) for by_half in results.values()), default=0.0)


def _day(by_half: ByHalf) -> date:
    text = f"{by_half['all'][MEASURED]:.0f}"
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
