"""The Skoltech Anomaly Benchmark: a pump with eight sensors a second, in 34 experiments with labelled faults.

As its authors do, a detector learns from the first 400 rows of an experiment, which have no fault, and judges the rest.

Source: I. Katser, V. Kozitsin, Skoltech Anomaly Benchmark (SKAB) (2020), the folder ``data`` of github.com/waico/SKAB,
under the GNU General Public License 3.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.series import Frame

_HISTORY: Final = 400
_FOLDERS: Final = ("other", "valve1", "valve2")
_NOT_SENSORS: Final = ("datetime", "anomaly", "changepoint")


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One experiment.

    Attributes:
        name: such as ``valve1/0``.
        history: the rows to learn from.
        rows: what follows them, to judge.
        labels: bool, shape (n,), which of these rows are anomalies.
    """

    name: str
    history: Frame
    rows: Frame
    labels: NDArray[np.bool_]


def load(folder: Path) -> list[Experiment]:
    """All experiments of a folder, in order of their names.

    Raises:
        FileNotFoundError: if there is none.
    """
    files = [path for part in _FOLDERS for path in sorted((folder / part).glob("*.csv"))]
    if not files:
        raise FileNotFoundError(f"{folder} has no valve1/*.csv: name the folder data of the benchmark")
    return [_load_file(path) for path in files]


def _load_file(path: Path) -> Experiment:
    with path.open(newline="") as file:
        table = list(csv.DictReader(file, delimiter=";"))
    sensors = [name for name in table[0] if name not in _NOT_SENSORS]
    values = np.array([[float(row[name]) for name in sensors] for row in table])
    labels = np.array([float(row["anomaly"]) > 0 for row in table])
    names = tuple(name.replace(" ", "_") for name in sensors)
    # A row a second; the few that are missing do not matter to any contender.
    frame = Frame(np.arange(len(table), dtype=np.int64), values, names)
    return Experiment(
        f"{path.parent.name}/{path.stem}", frame.part(0, _HISTORY), frame.part(_HISTORY), labels[_HISTORY:]
    )
