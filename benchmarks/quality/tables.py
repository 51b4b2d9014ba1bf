"""The tables of the page: which figures they have, and how each is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.nab.scoring import PROFILES
from benchmarks.quality.anomalies import ANOMALIES
from benchmarks.quality.backgrounds import BACKGROUNDS
from benchmarks.quality.beats import CHANGES
from benchmarks.quality.halves import HALVES
from benchmarks.quality.report import number
from benchmarks.quality.results import ByHalf, Numbers, Results

Cell = Callable[[Numbers], str]
Column = tuple[str, Cell]


def table(results: Results, columns: Sequence[Column]) -> str:
    """One row a detector, of the whole."""
    lines = ["| detector | " + " | ".join(name for name, _ in columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, by_half in results.items():
        halves = {f"{half}.nab": by_half[half].get("nab.once.standard", math.nan) for half in HALVES}
        numbers = by_half["all"] | halves
        lines.append(f"| {name} | " + " | ".join(cell(numbers) for _, cell in columns) + " |")
    return "\n".join(lines)


def details(name: str, by_half: ByHalf) -> str:
    """One detector: the whole and both halves."""
    lines = ["| | all | even | odd |", "|---|---:|---:|---:|"]
    lines += [
        f"| {label} | " + " | ".join(cell(by_half[half]) for half in HALVES) + " |"
        for label, cell in _rows(by_half["all"])
    ]
    return f"<details><summary><code>{name}</code></summary>\n\n" + "\n".join(lines) + "\n\n</details>"


def _rows(numbers: Mapping[str, float]) -> Iterator[Column]:
    for prefix, title in (("cloud", "cloud"), ("refit", "cloud, refitted")):
        yield f"{title}: AP; VUS-PR", _pair(f"{prefix}.ap", f"{prefix}.vus_pr", 3)
        yield f"{title}: event precision / recall", _pair(f"{prefix}.precision", f"{prefix}.recall", 2)
        yield f"{title}: false per 1,000", _figure(f"{prefix}.false", 1)
        yield f"{title}: first three points flagged", _figure(f"{prefix}.early", 2)
        yield f"{title}: events flagged by their third point", _figure(f"{prefix}.early_events", 2)
    for way, title in (("once", "an alert an incident"), ("every", "every point"), ("shipped", "as it ships")):
        if f"nab.{way}.standard" in numbers:
            keys = [f"nab.{way}.{profile.name}" for profile in PROFILES]
            yield f"NAB, {title}: standard / low FP / low FN", lambda found, keys=keys: _joined(found, keys, 1)  # type: ignore[misc]
    for group, title in (("points", "made-up"), ("shapes", "shapes")):
        yield f"{title}: found / by chance", _pair(f"{group}.recall", f"{group}.by_chance", 2)
        yield f"{title}: first of a series found", _figure(f"{group}.first.recall", 2)
        yield f"{title}: median delay in points", _figure(f"{group}.delay", 1)
        yield f"{title}: false per 1,000", _figure(f"{group}.false", 1)
    for prefix, title in (("p01", ".01"), ("p001", ".001")):
        yield f"p below {title} per 1,000, ten kinds: least / most", _range(prefix)


def _range(prefix: str) -> Cell:
    def cell(numbers: Numbers) -> str:
        found = [numbers.get(f"{prefix}.{kind}", math.nan) for kind in BACKGROUNDS]
        known = [share for share in found if not math.isnan(share)]
        return f"{number(min(known), 2)} / {number(max(known), 2)}" if known else number(math.nan)

    return cell


def cloud_columns() -> Sequence[Column]:
    """Of labelled series, for one fit and several."""
    return (
        ("AP", _figure("cloud.ap", 3)),
        ("VUS-PR", _figure("cloud.vus_pr", 3)),
        ("event P / R", _pair("cloud.precision", "cloud.recall", 2)),
        ("false per 1,000", _figure("cloud.false", 1)),
        ("first 3", _figure("cloud.early", 2)),
        ("by 3rd", _figure("cloud.early_events", 2)),
        ("refused", _figure("cloud.refused", 0)),
        ("refitted: AP", _figure("refit.ap", 3)),
        ("event P / R", _pair("refit.precision", "refit.recall", 2)),
        ("false per 1,000", _figure("refit.false", 1)),
    )


def nab_columns() -> Sequence[Column]:
    """Of NAB: scores, each with its threshold."""
    return (
        *((profile.name, _at_threshold(f"nab.once.{profile.name}")) for profile in PROFILES),
        ("halves", lambda numbers: _joined(numbers, ("even.nab", "odd.nab"), 1)),
        ("every point", _at_threshold("nab.every.standard")),
        ("as it ships", _at_threshold("nab.shipped.standard")),
    )


def suite_columns() -> Sequence[Column]:
    """Of made-up series: all, and what is found of each kind."""
    kinds = {"spike after a sentinel": "sentinel", "variance change": "variance", "noise burst": "burst"}
    return (
        ("found", _figure("points.recall", 2)),
        ("by chance", _figure("points.by_chance", 2)),
        ("delay", _figure("points.delay", 0)),
        ("false", _figure("points.false", 1)),
        *((kinds.get(kind, kind), _figure(f"points.{kind}.recall", 2)) for kind in ANOMALIES),
        ("**shapes**", _figure("shapes.recall", 2)),
        ("by chance", _figure("shapes.by_chance", 2)),
        *((kind, _figure(f"shapes.{kind}.recall", 2)) for kind in CHANGES),
    )


def first_columns() -> Sequence[Column]:
    """Of made-up series: all of a kind beside the first one, by flags and by the evidence of incidents."""
    return (
        ("anomalies", _figure("points.recall", 2)),
        ("first", _figure("points.first.recall", 2)),
        ("**shapes**", _figure("shapes.recall", 2)),
        ("first", _figure("shapes.first.recall", 2)),
        ("unchanged", _figure("shapes.usual.flagged", 2)),
        ("**shapes, incident**", _figure("shapes.incident.recall", 2)),
        ("first", _figure("shapes.incident.first", 2)),
        ("unchanged", _figure("shapes.usual.incident", 2)),
    )


def calibration_columns() -> Sequence[Column]:
    """Of each kind of normal series: small p-values of 1,000."""
    return [(kind, _calibrated(kind)) for kind in BACKGROUNDS]


def _calibrated(kind: str) -> Cell:
    return lambda numbers: f"{_short(numbers, f'p01.{kind}')}; {_short(numbers, f'p001.{kind}')}"


def _short(numbers: Numbers, key: str) -> str:
    found = numbers.get(key, math.nan)
    return number(found, 1 if found < 100.0 else 0)


def _figure(key: str, digits: int) -> Cell:
    return lambda numbers: number(numbers.get(key, math.nan), digits)


def _pair(one: str, other: str, digits: int) -> Cell:
    return lambda numbers: _joined(numbers, (one, other), digits)


def _joined(numbers: Numbers, keys: Sequence[str], digits: int) -> str:
    found = [numbers.get(key, math.nan) for key in keys]
    if all(math.isnan(one) for one in found):
        return number(math.nan)
    return " / ".join(number(one, digits) for one in found)


def _at_threshold(key: str) -> Cell:
    def cell(numbers: Numbers) -> str:
        if key not in numbers:
            return ""
        threshold = numbers.get(f"{key}.threshold", math.nan)
        # No threshold is finite that is better than no alert at all.
        return f"{number(numbers[key], 1)} ({'never' if math.isnan(threshold) else f'{threshold:.3g}'})"

    return cell
