"""Tables of the figures, as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.quality.calibration import KindFigures
from benchmarks.quality.cloud import CloudFigures
from benchmarks.quality.halves import Half
from benchmarks.quality.numenta import NabFigures
from benchmarks.quality.suite import Found, SuiteFigures, Summary


def cloud_heading() -> str:
    """Above the rows of :func:`cloud_rows`."""
    return _row("", "half", ["AP", "VUS-PR", "P", "R", "false/1k", "first 3", "events", "refused"])


def cloud_rows(name: str, figures: CloudFigures, halves: Sequence[Half]) -> Iterator[str]:
    """One row a half: mean AP and VUS-PR, event precision and recall, false and early flags, events, refusals."""
    for half in halves:
        part = figures.of(half)
        counts = part.counts
        words = [number(part.mean_average_precision), number(part.mean_vus_pr)]
        words += [number(counts.precision, 2), number(counts.recall, 2)]
        words += [number(counts.false_per_thousand, 1), number(counts.early, 2)]
        yield _row(name, half, [*words, str(counts.flagged_events), f"{part.refused} of {len(part.each)}"])


def cloud_each(figures: CloudFigures) -> Iterator[str]:
    """One row a series."""
    for one in figures.each:
        counts = one.counts
        precision = "" if one.average_precision is None else number(one.average_precision)
        words = [
            precision,
            "" if one.vus_pr is None else number(one.vus_pr),
            f"{counts.true_events}/{counts.flagged_events}",
        ]
        words += [f"{counts.found_events}/{counts.labelled_events}", number(counts.false_per_thousand, 1)]
        yield _row("  " + one.name, "", [*words, number(counts.early, 2), "refused" if one.refused else ""])


def calibration_heading() -> str:
    """Above the rows of :func:`calibration_rows`."""
    return _row("", "half", ["p<.01/1k", "p<.001/1k", "flags/1k"])


def calibration_rows(name: str, figures: Mapping[str, KindFigures], halves: Sequence[Half]) -> Iterator[str]:
    """One row a kind and half, of 1,000 points: p-values below .01, below .001, and flags."""
    for kind, found in figures.items():
        for half in halves:
            words = [number(share, 2) for share in found.of(half).per_thousand()]
            yield _row(f"{name}, {kind}", half, words)


def nab_heading() -> str:
    """Above the rows of :func:`nab_rows`."""
    return _row("", "half", ["standard", "low FP", "low FN", "thresholds"])


def nab_rows(name: str, figures: NabFigures, halves: Sequence[Half]) -> Iterator[str]:
    """One row a way to alert and half: the three profiles, each at its own threshold, and these."""
    ways = {"once an incident": figures.once, "at every point": figures.every, "as it ships": figures.shipped}
    for way, profiles in ways.items():
        for half in halves if profiles else ():
            outcomes = [by_half[half] for by_half in profiles.values()]
            thresholds = ", ".join(f"{outcome.threshold:.4g}" for outcome in outcomes)
            yield _row(f"{name}, {way}", half, [number(outcome.score, 1) for outcome in outcomes]) + "   " + thresholds


def suite_heading() -> str:
    """Above the rows of :func:`suite_rows`."""
    return _row("", "half", ["found", "by chance", "delay", "false/1k"])


def suite_rows(name: str, figures: SuiteFigures, halves: Sequence[Half], *, each: bool = False) -> Iterator[str]:
    """One row a half for the anomalies at points, and one for those of shapes; with ``each``, one a pair as well.

    A row has the share of events found, the share of normal stretches just as long that have a flag, the median delay
    in points, and false flags of 1,000 normal points.
    """
    for half in halves:
        part = figures.of(half)
        for group, pairs in (("points", part.points), ("shapes", part.shapes)):
            for (kind, background), found in pairs.items() if each else ():
                yield _row(f"  {kind}, {background}", half, _summary(found))
            together = [one for found in pairs.values() for one in found]
            yield _row(f"{name}, {group}", half, _summary(together))


def _summary(found: Sequence[Found]) -> list[str]:
    summary = Summary.of(found)
    shares = [number(summary.recall, 2), number(summary.by_chance, 2)]
    return [*shares, number(summary.delay, 1), number(summary.false_per_thousand, 1)]


def number(value: float, digits: int = 3) -> str:
    """The number, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _row(name: str, half: str, words: Sequence[str]) -> str:
    return f"{name:44}{half:>6}" + "".join(f"{word:>11}" for word in words)
