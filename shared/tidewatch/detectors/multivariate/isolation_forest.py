"""An isolation forest over rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.learned.isolation_forest import IsolationForestOptions as GrowingOptions
from tidewatch.detectors.learned.isolation_forest import grow
from tidewatch.detectors.learned.trees import Forest
from tidewatch.detectors.multivariate.detector import RowsDetector
from tidewatch.detectors.multivariate.preparation import RowsOptions

_MOST_ROWS: Final = 25_600
"""Rows that trees are grown from, all together: what a tree costs scikit-learn grows with them."""


class IsolationForestOptions(RowsOptions):
    """Random trees over the variables; the score is 0 to 1 and larger where fewer cuts leave a row alone."""

    name: Literal["isolation_forest"] = "isolation_forest"
    trees: Annotated[int, Field(ge=1, le=500, description="How many random trees.")] = 100
    samples: Annotated[int, Field(ge=16, le=2_048, description="Training rows that each tree is grown from.")] = 256


class RowForest:
    """A forest, and how many columns its rows have."""

    def __init__(self, forest: Forest, columns: int) -> None:
        self._forest, self._columns = forest, columns

    def nonconformity(self, rows: Floats) -> Floats:
        """The anomaly score of each row, 0 to 1, shape (n,)."""
        return self._forest.nonconformity(rows)

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The same, and by how many cuts each column left the row alone sooner than usual, over all trees."""
        return self._forest.nonconformity(rows), self._forest.gains(rows)

    def arrays(self) -> Arrays:
        """The cuts."""
        return self._forest.arrays()

    def facts(self) -> dict[str, float]:
        """How many rows each tree was grown from, at the most, and how many columns they have."""
        return self._forest.facts() | {"columns": float(self._columns)}


class IsolationForest(RowsDetector[IsolationForestOptions, RowForest]):
    """How soon a row is alone when the training rows are cut at random, by the mean over many random trees.

    For rows of any kind and a first try. It looks at one variable at a time, so of values that are each usual and do
    not go together it sees less than ``mahalanobis`` or ``pca``. It does not extrapolate: beyond all training rows all
    scores are equal.

        score = 2 ** (-mean path length of the row / mean path length of c(samples))

    A cut that leaves fewer rows than a random one would is credited to its variable, by what it shortens the path.

    Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest (2008), IEEE International Conference on Data Mining,
    sections 2 to 4; credit along the path as in A. Palczewska and others, Interpreting Random Forest Classification
    Models Using a Feature Contribution Method (2014), Advances in Intelligent Systems and Computing 263.

    >>> import numpy as np
    >>> from tidewatch.detectors import fit_rows
    >>> from tidewatch.series import Frame
    >>> history = Frame(60 * np.arange(500), np.random.default_rng(0).normal(size=(500, 3)), ("x1", "x2", "x3"))
    >>> model = fit_rows(history, IsolationForestOptions(false_alarm_rate=0.05))
    >>> scores = model.score(Frame(np.array([30_000]), np.array([[0.0, 9.0, 0.0]]), history.names))
    >>> scores.anomaly.tolist(), scores.names[int(scores.contributions.argmax())]
    ([True], 'x2')
    """

    options_type = IsolationForestOptions
    cost_option = "trees"
    cyclic = False

    @property
    def most_rows(self) -> int:
        """As many as all trees together are grown from, and no more than is quick."""
        return min(self.options.trees * self.options.samples, _MOST_ROWS)

    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> RowForest:
        """The forest that scikit-learn grows."""
        options = GrowingOptions(trees=self.options.trees, samples=self.options.samples)
        return RowForest(grow(options, rows, seed, deadline), rows.shape[1])

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> RowForest:
        """The trees."""
        return RowForest(Forest.from_arrays(arrays, int(facts["samples"])), int(facts["columns"]))
