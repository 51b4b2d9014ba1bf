"""One part, or all of them: measured, printed, and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tidewatch.detectors import CATALOGUE

from benchmarks.nab import corpus as nab_corpus
from benchmarks.nab.corpus import LabelledSeries
from benchmarks.pages import replace_part
from benchmarks.quality import calibration, cloud, numenta, page, picture, report, results, suite
from benchmarks.quality.cloud import CloudFigures, CloudSeries
from benchmarks.quality.contenders import Contender
from benchmarks.quality.halves import HALVES, Half
from benchmarks.quality.results import ByHalf, Results

_ROOT: Final = Path(__file__).resolve().parents[2]
_KEPT: Final = Path(__file__).resolve().parent / "results.json"
_PAGE: Final = _ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured and shown.

    Attributes:
        halves: those to show.
        cloud, nab: the folders of the data; None for parts that need none.
        each: whether to show each series, or pair, as well.
    """

    halves: tuple[Half, ...] = HALVES
    cloud: Path | None = None
    nab: Path | None = None
    each: bool = False


def measure(part: str, contenders: Sequence[Contender], asked: Asked) -> None:
    """Prints the figures of a part, or of ``all``, which keeps those of detectors under default options."""
    for name in PARTS if part == "all" else (part,):
        print(PARTS[name].heading(), flush=True)
        for contender in contenders:
            begin = time.perf_counter()
            found = PARTS[name].measure(contender, asked)
            print(f"  in {time.perf_counter() - begin:.1f} s", flush=True)
            if part == "all" and contender.name in CATALOGUE:
                _keep(contender.name, found)


def write_page() -> list[str]:
    """Writes the section of the page and the picture from what was kept; returns their paths."""
    kept = _in_order(results.read(_KEPT))
    drawn = _PAGE.parent / page.PICTURE
    picture.draw(kept, drawn)
    text = replace_part(_PAGE.read_text(encoding="utf-8"), page.NAME, page.COMMAND, page.write(kept))
    _PAGE.write_text(text, encoding="utf-8")
    return [str(path.relative_to(_ROOT)) for path in (_PAGE, drawn)]


def _keep(name: str, found: ByHalf) -> None:
    kept = results.read(_KEPT)
    today = results.dated(datetime.now(UTC).date())
    kept[name] = results.merge([kept.get(name, {}), found, today])
    results.write(_KEPT, _in_order(kept))


def _in_order(kept: Results) -> Results:
    """``auto`` first, then as in the catalogue; what this no longer has is left out."""
    names = sorted(CATALOGUE, key=lambda name: name != "auto")
    return {name: kept[name] for name in names if name in kept}


def _measure_cloud(contender: Contender, asked: Asked) -> ByHalf:
    return results.of_cloud("cloud", _judged(contender, asked, refit=False))


def _measure_refitted(contender: Contender, asked: Asked) -> ByHalf:
    return results.of_cloud("refit", _judged(contender, asked, refit=True))


def _judged(contender: Contender, asked: Asked, *, refit: bool) -> CloudFigures:
    assert asked.cloud is not None
    found = cloud.measure(contender, _cloud_corpus(asked.cloud), refit=refit)
    if asked.each:
        print(*report.cloud_each(found), sep="\n")
    print(*report.cloud_rows(contender.name, found, asked.halves), sep="\n")
    return found


def _measure_nab(contender: Contender, asked: Asked) -> ByHalf:
    assert asked.nab is not None
    found = numenta.measure(contender.options.name, _nab_corpus(asked.nab))
    print(*report.nab_rows(contender.options.name, found, asked.halves), sep="\n")
    return results.of_nab(found)


def _measure_suite(contender: Contender, asked: Asked) -> ByHalf:
    found = suite.measure(contender)
    print(*report.suite_rows(contender.name, found, asked.halves, each=asked.each), sep="\n")
    return results.of_suite(found)


def _measure_calibration(contender: Contender, asked: Asked) -> ByHalf:
    found = calibration.measure(contender)
    print(*report.calibration_rows(contender.name, found, asked.halves), sep="\n")
    return results.of_calibration(found)


@dataclass(frozen=True, slots=True)
class Part:
    """How a part is headed, and how it measures and prints a detector."""

    heading: Callable[[], str]
    measure: Callable[[Contender, Asked], ByHalf]


PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "cloud": Part(report.cloud_heading, _measure_cloud),
        "refitted": Part(report.cloud_heading, _measure_refitted),
        "nab": Part(report.nab_heading, _measure_nab),
        "suite": Part(report.suite_heading, _measure_suite),
        "calibration": Part(report.calibration_heading, _measure_calibration),
    }
)


@cache
def _cloud_corpus(folder: Path) -> list[CloudSeries]:
    return cloud.load(folder)


@cache
def _nab_corpus(folder: Path) -> list[LabelledSeries]:
    return nab_corpus.load(folder)
