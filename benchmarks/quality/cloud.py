"""Series of cloud services with labelled anomalies: a CSV each, with ``TimeStamp``, ``Value`` and ``Label``.

The first 15 % of a series is history, which a detector is fitted on. The rest is judged point by point, by what came
before alone. Rows without a value are dropped; points that are not judged rank lowest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tidewatch.series import TimeSeries

from benchmarks.nab.corpus import strictly_increasing
from benchmarks.quality.contenders import HISTORY_SHARE, Contender, judge
from benchmarks.quality.halves import Half, part_of
from benchmarks.quality.metrics import Counts, average_precision
from benchmarks.quality.surface import vus_pr


@dataclass(frozen=True, slots=True, eq=False)
class CloudSeries:
    """One file: ``name`` is ``folder/file``; ``labels`` is bool, shape (n,), true at anomalies."""

    name: str
    series: TimeSeries
    labels: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """Of one judged series.

    Attributes:
        name: of the file.
        average_precision, vus_pr: None where no judged point is labelled.
        counts: at the detector's own flags.
        refused: how many of the judged points it refused to learn for.
    """

    name: str
    average_precision: float | None
    vus_pr: float | None
    counts: Counts
    refused: int


@dataclass(frozen=True, slots=True)
class CloudFigures:
    """Of several judged series: those of each, in the order of their names."""

    each: tuple[SeriesFigures, ...]

    @property
    def mean_average_precision(self) -> float:
        """Over the series with an anomaly in their judged part; NaN without any."""
        return _mean(one.average_precision for one in self.each)

    @property
    def mean_vus_pr(self) -> float:
        """Over the same series."""
        return _mean(one.vus_pr for one in self.each)

    @property
    def counts(self) -> Counts:
        """Of all series together."""
        return reduce(add, (one.counts for one in self.each), Counts())

    @property
    def refused(self) -> int:
        """How many series the detector refused, wholly or in part."""
        return sum(one.refused > 0 for one in self.each)

    def of(self, half: Half) -> CloudFigures:
        """Those of every other series."""
        return CloudFigures(tuple(part_of(self.each, half)))


def load(folder: Path) -> list[CloudSeries]:
    """All CSV files below a folder, in the order of their names.

    Raises:
        FileNotFoundError: if there is none.
    """
    files = sorted(folder.glob("*/*.csv"))
    if not files:
        raise FileNotFoundError(f"{folder} has no folder with CSV files")
    return [_load_file(path) for path in files]


def measure(contender: Contender, corpus: Sequence[CloudSeries], *, refit: bool = False) -> CloudFigures:
    """Judges every series; with ``refit``, by a new fit whenever the points so far have doubled."""
    return CloudFigures(tuple(_measure_one(contender, file, refit=refit) for file in corpus))


def _measure_one(contender: Contender, file: CloudSeries, *, refit: bool) -> SeriesFigures:
    history = int(HISTORY_SHARE * len(file.series))
    judgement = judge(contender, file.series, history, refit=refit)
    labels = file.labels[history:]
    counts = Counts.of(labels, judgement.flag)
    if not labels.any():
        return SeriesFigures(file.name, None, None, counts, judgement.refused)
    area, volume = average_precision(labels, judgement.rank), vus_pr(labels, judgement.rank)
    return SeriesFigures(file.name, area, volume, counts, judgement.refused)


def _mean(figures: Iterable[float | None]) -> float:
    known = [figure for figure in figures if figure is not None]
    return sum(known) / len(known) if known else float("nan")


def _load_file(path: Path) -> CloudSeries:
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Value"].strip()]
    seconds = np.array([_seconds(row["TimeStamp"]) for row in rows], dtype=np.int64)
    series = TimeSeries(strictly_increasing(seconds), np.array([float(row["Value"]) for row in rows]))
    labels = np.array([row["Label"].strip() == "1" for row in rows])
    return CloudSeries(f"{path.parent.name}/{path.stem}", series, labels)


def _seconds(text: str) -> int:
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
