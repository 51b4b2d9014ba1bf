"""The distance from the nearest usual rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.learned.neighbours import Neighbours
from tidewatch.detectors.multivariate.detector import RowsDetector
from tidewatch.detectors.multivariate.preparation import RowsOptions


class KnnOptions(RowsOptions):
    """Distance from the nearest of the training rows."""

    name: Literal["knn"] = "knn"
    neighbours: Annotated[int, Field(ge=1, le=50, description="How many of the nearest rows count.")] = 5
    samples: Annotated[int, Field(ge=64, le=10_000, description="Training rows that are remembered.")] = 1_000


class Remembered:
    """Training rows, shape (m, k), and how many of the nearest count."""

    def __init__(self, rows: Floats, count: int) -> None:
        self._neighbours, self._count = Neighbours(rows), count

    def nonconformity(self, rows: Floats) -> Floats:
        """The root of the mean squared distance from the nearest, shape (n,)."""
        return self.judge(rows)[0]

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The same, and the mean squared distance by column."""
        score, found = np.empty(len(rows)), np.empty_like(rows)
        for some, squared, which in self._neighbours.nearest_of_each(rows, self._count):
            score[some] = np.sqrt(squared.mean(axis=1))
            apart = rows[some][:, None, :] - self._neighbours.rows[which]
            found[some] = np.square(apart).mean(axis=1)
        return score, found

    def arrays(self) -> Arrays:
        """The rows."""
        return {"rows": self._neighbours.rows}

    def facts(self) -> dict[str, float]:
        """How many rows there are, and how many of them count."""
        return {"remembered": float(len(self._neighbours.rows)), "neighbours": float(self._count)}


class Knn(RowsDetector[KnnOptions, Remembered]):
    """How far the nearest usual rows are.

    For rows that fall into several groups, such as the states of a machine, with nothing usual between them.

        score = sqrt(mean of the squared distances from the nearest)

    Source: F. Angiulli, C. Pizzuti, Fast Outlier Detection in High Dimensional Spaces (2002), European Conference on
    Principles of Data Mining and Knowledge Discovery, where distances are summed instead.

    >>> from tidewatch.detectors import fit_rows
    >>> from tidewatch.series import Frame
    >>> state = np.repeat([[0.0, 0.0], [10.0, 10.0]], 250, axis=0)[np.random.default_rng(0).permutation(500)]
    >>> history = Frame(60 * np.arange(500), state + np.random.default_rng(1).normal(size=(500, 2)), ("flow", "heat"))
    >>> model = fit_rows(history, KnnOptions())
    >>> rows = Frame(np.array([30_000, 30_060]), np.array([[9.0, 10.0], [5.0, 5.0]]), history.names)
    >>> model.score(rows).anomaly.tolist()
    [False, True]
    """

    options_type = KnnOptions
    cost_option = "samples"

    @property
    def most_rows(self) -> int:
        """The option ``samples``."""
        return self.options.samples

    def fewest_rows(self, columns: int) -> int:
        """More than count."""
        return max(32, 2 * self.options.neighbours)

    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> Remembered:
        """The rows themselves."""
        return Remembered(rows, self.options.neighbours)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Remembered:
        """The rows."""
        return Remembered(arrays["rows"], int(facts["neighbours"]))
