"""The 58 labelled series of the Numenta Anomaly Benchmark, as arrays."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tidewatch.series import TimeSeries

from benchmarks.nab.scoring import Layout, lay_out


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSeries:
    """One file: ``name`` is ``category/file.csv``. What a detector may see is ``series``; labels are in ``layout``."""

    name: str
    series: TimeSeries
    layout: Layout

    @property
    def category(self) -> str:
        """The folder that the file is in."""
        return self.name.partition("/")[0]


def load(folder: Path) -> list[LabelledSeries]:
    """All files that ``labels/combined_windows.json`` names, in the order of their names.

    Raises:
        FileNotFoundError: if the folder does not hold NAB's ``data`` and ``labels``.
    """
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [_load_file(folder / "data" / name, name, windows[name]) for name in sorted(windows)]


def halves(corpus: Sequence[LabelledSeries]) -> tuple[list[LabelledSeries], list[LabelledSeries]]:
    """Every other file of each category, and the rest; of one size, as the turn goes on from category to category."""
    grouped = sorted(corpus, key=lambda file: (file.category, file.name))
    return grouped[0::2], grouped[1::2]


def _load_file(path: Path, name: str, windows: Sequence[tuple[str, str]]) -> LabelledSeries:
    rows = list(_rows(path))
    seconds = np.array([second for second, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    stamps = seconds.tolist()
    limits = [(stamps.index(_seconds(first)), stamps.index(_seconds(last))) for first, last in windows]
    return LabelledSeries(name, TimeSeries(strictly_increasing(seconds), values), lay_out(values.size, limits))


def _rows(path: Path) -> Iterator[tuple[int, float]]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield _seconds(row["timestamp"]), float(row["value"])


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def strictly_increasing(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some files repeat an hour or a stamp; the order of the rows is the order of time, so a stamp waits its turn."""
    places = np.arange(seconds.size, dtype=np.int64)
    return np.maximum.accumulate(seconds - places) + places
