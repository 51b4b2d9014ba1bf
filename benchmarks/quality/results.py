"""The figures of one detector as plain numbers, and the file that keeps them until the next run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from tidewatch.detectors.events import THRESHOLD

from benchmarks.quality.calibration import KindFigures
from benchmarks.quality.cloud import CloudFigures
from benchmarks.quality.halves import HALVES, Half
from benchmarks.quality.numenta import NabFigures
from benchmarks.quality.suite import SuiteFigures, Summary, Windows, first_found

Numbers = dict[str, float]
"""By name: ``cloud.ap``, ``nab.standard``, ``p001.white`` …"""
ByHalf = dict[str, Numbers]
Results = dict[str, ByHalf]
"""By detector, in the order in which they are shown."""

MEASURED: Final = "measured"
"""The name of the date of a detector's figures, as a number of the form yyyymmdd."""


def of_cloud(prefix: str, figures: CloudFigures) -> ByHalf:
    """Under ``cloud`` for one fit, under ``refit`` for several."""
    return {half: dict(_cloud(prefix, figures.of(half))) for half in HALVES}


def of_nab(figures: NabFigures) -> ByHalf:
    """Scores and thresholds, by profile."""
    return {half: dict(_nab(figures, half)) for half in HALVES}


def of_suite(figures: SuiteFigures) -> ByHalf:
    """All anomalies at points, and all of shapes; each kind for the whole alone, as half of it is few."""
    return {half: dict(_suite(figures.of(half), kinds=half == "all")) for half in HALVES}


def of_calibration(figures: Mapping[str, KindFigures]) -> ByHalf:
    """Of 1,000 points of each kind: p-values below .01, below .001, and flags."""
    return {half: dict(_calibration(figures, half)) for half in HALVES}


def dated(today: date) -> ByHalf:
    """The day, among the figures of the whole."""
    return {"all": {MEASURED: float(f"{today:%Y%m%d}")}}


def merge(parts: Iterable[ByHalf]) -> ByHalf:
    """All parts of one detector together; the last one to name a figure has it."""
    merged: ByHalf = {half: {} for half in HALVES}
    for part in parts:
        for half, numbers in part.items():
            merged[half] |= numbers
    return merged


def read(path: Path) -> Results:
    """What earlier runs kept; nothing if there were none. A figure that is not known is NaN."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: {
            half: {key: float("nan") if number is None else float(number) for key, number in numbers.items()}
            for half, numbers in by_half.items()
        }
        for name, by_half in kept.items()
    }


def write(path: Path, results: Results) -> None:
    """Keeps them with four decimals, a line for each detector and half."""
    detectors = []
    for name, by_half in results.items():
        lines = [f'  "{half}": {json.dumps(_rounded(numbers))}' for half, numbers in by_half.items()]
        detectors.append(f' "{name}": {{\n' + ",\n".join(lines) + "\n }")
    path.write_text("{\n" + ",\n".join(detectors) + "\n}\n", encoding="utf-8")


def _rounded(numbers: Numbers) -> dict[str, float | None]:
    return {key: round(number, 4) if math.isfinite(number) else None for key, number in numbers.items()}


def _cloud(prefix: str, figures: CloudFigures) -> Iterator[tuple[str, float]]:
    counts = figures.counts
    yield f"{prefix}.ap", figures.mean_average_precision
    yield f"{prefix}.vus_pr", figures.mean_vus_pr
    yield f"{prefix}.precision", counts.precision
    yield f"{prefix}.recall", counts.recall
    yield f"{prefix}.false", counts.false_per_thousand
    yield f"{prefix}.early", counts.early
    yield f"{prefix}.early_events", counts.found_early
    yield f"{prefix}.refused", float(figures.refused)
    yield f"{prefix}.series", float(len(figures.each))
    yield f"{prefix}.labelled", float(sum(one.average_precision is not None for one in figures.each))


def _nab(figures: NabFigures, half: Half) -> Iterator[tuple[str, float]]:
    for way, by_profile in (("once", figures.once), ("every", figures.every), ("shipped", figures.shipped)):
        for profile, outcomes in by_profile.items():
            yield f"nab.{way}.{profile}", outcomes[half].score
            yield f"nab.{way}.{profile}.threshold", outcomes[half].threshold


def _suite(figures: SuiteFigures, *, kinds: bool) -> Iterator[tuple[str, float]]:
    for group, pairs in (("points", figures.points), ("shapes", figures.shapes)):
        yield from _summary(group, Summary.of(one for found in pairs.values() for one in found))
        for kind in dict.fromkeys(kind for kind, _ in pairs) if kinds else ():
            of_kind = (one for pair, found in pairs.items() if pair[0] == kind for one in found)
            yield f"{group}.{kind}.recall", Summary.of(of_kind).recall
        yield f"{group}.first.recall", first_found(chain.from_iterable(pairs.values()))
    yield from _windows([seen for some in figures.windows.values() for seen in some])


def _windows(windows: Sequence[Windows]) -> Iterator[tuple[str, float]]:
    if not windows:
        return
    evidence = np.array([seen.evidence for seen in windows])
    yield "shapes.usual.flagged", float(np.mean([seen.usual_flag for seen in windows]))
    if not np.isnan(evidence).all():
        yield "shapes.incident.recall", float(np.mean(evidence >= THRESHOLD))
        yield "shapes.incident.first", float(np.mean(evidence[:, 0] >= THRESHOLD))
        yield "shapes.usual.incident", float(np.mean([seen.usual_evidence >= THRESHOLD for seen in windows]))


def _summary(prefix: str, summary: Summary) -> Iterator[tuple[str, float]]:
    yield f"{prefix}.recall", summary.recall
    yield f"{prefix}.by_chance", summary.by_chance
    yield f"{prefix}.delay", summary.delay
    yield f"{prefix}.false", summary.false_per_thousand


def _calibration(figures: Mapping[str, KindFigures], half: Half) -> Iterator[tuple[str, float]]:
    for kind, found in figures.items():
        for name, share in zip(("p01", "p001", "flags"), found.of(half).per_thousand(), strict=True):
            yield f"{name}.{kind}", share
