"""Who judges: every detector of rows of the catalogue, and those of other libraries on scaled rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE_OF_ROWS, fit_rows

from benchmarks.rows.testbed import Experiment

RATES: Final = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Shares of usual rows that may be flagged; one is chosen for each contender on half of the experiments."""
WINDOWS: Final = (1, 9)
"""Options ``median_window`` of ours, likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """How n rows were judged: ``rank`` is larger for more unusual, ``flags`` has shape (rates, n)."""

    rank: NDArray[np.float64]
    flags: NDArray[np.bool_]


Judge = Callable[[Experiment], Ranked]


def contenders() -> Iterator[tuple[str, str, Judge]]:
    """The name of each, its variant, and how it judges an experiment; says which libraries are not installed."""
    for name in CATALOGUE_OF_ROWS:
        for window in WINDOWS:
            yield name, f"median_window={window}", _ours(name, window)
    yield from _scikit_learn()
    try:
        yield from _pyod()
    except ImportError as error:
        print(f"left out: {error}", file=sys.stderr)


def _ours(name: str, window: int) -> Judge:
    def judge(experiment: Experiment) -> Ranked:
        options = CATALOGUE_OF_ROWS[name].options_type(median_window=window)  # type: ignore[call-arg]
        scores = fit_rows(experiment.history, options).score(experiment.rows)
        flags = np.stack([scores.p_value <= rate for rate in RATES])
        return Ranked(scores.score, flags)

    return judge


def _theirs(make: Callable[[], Any], score: str, sign: float) -> Judge:
    """A library's detector on rows with a mean of 0 and a deviation of 1, flagged by quantiles of its own history."""

    def judge(experiment: Experiment) -> Ranked:
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(experiment.history.values)
        history, rows = scaler.transform(experiment.history.values), scaler.transform(experiment.rows.values)
        rank_of = getattr(make().fit(history), score)
        usual, rank = sign * rank_of(history), sign * rank_of(rows)
        return Ranked(rank, np.stack([rank > np.quantile(usual, 1.0 - rate) for rate in RATES]))

    return judge


def _scikit_learn() -> Iterator[tuple[str, str, Judge]]:
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor

    yield "scikit-learn isolation forest", "", _theirs(lambda: IsolationForest(random_state=0), "score_samples", -1.0)
    factor = _theirs(lambda: LocalOutlierFactor(novelty=True), "score_samples", -1.0)
    yield "scikit-learn local outlier factor", "", factor


def _pyod() -> Iterator[tuple[str, str, Judge]]:
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS
    from pyod.models.knn import KNN
    from pyod.models.pca import PCA

    yield "PyOD COPOD", "", _theirs(COPOD, "decision_function", 1.0)
    yield "PyOD ECOD", "", _theirs(ECOD, "decision_function", 1.0)
    yield "PyOD HBOS", "", _theirs(HBOS, "decision_function", 1.0)
    yield "PyOD KNN", "", _theirs(KNN, "decision_function", 1.0)
    yield "PyOD PCA", "", _theirs(PCA, "decision_function", 1.0)
