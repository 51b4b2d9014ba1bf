"""Other libraries at the same job, in the same run. They give a score: no p-value, no band, no decision.

Those over features get the features of ours, worked out beforehand and not timed. Streaming ones learn from each point.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors.learned.features import Features

from benchmarks.throughput.jobs import Job, series_of, values

_TREES = 100
_SAMPLES = 256
_RRCF_TREES = 40
_STREAMED = 5_000


def jobs(points: int) -> Iterator[Job]:
    """One job for each peer that is installed; says which are not."""
    for make in (_scikit_learn, _pyod_forest, _pyod_ecod, _river, _rrcf):
        try:
            yield make(points)
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)


def _rows(points: int) -> NDArray[np.float64]:
    series = series_of(points)
    return Features.of(series, 5, 20).rows(series)[0]


def _scikit_learn(points: int) -> Job:
    from sklearn.ensemble import IsolationForest

    return _forest("scikit-learn isolation forest", IsolationForest, "score_samples", points)


def _pyod_forest(points: int) -> Job:
    from pyod.models.iforest import IForest

    return _forest("PyOD isolation forest", IForest, "decision_function", points)


def _forest(name: str, forest_type: Callable[..., Any], method: str, points: int) -> Job:
    rows = _rows(points)

    def fit() -> Any:
        return forest_type(n_estimators=_TREES, max_samples=_SAMPLES, random_state=0).fit(rows)

    score = getattr(fit(), method)
    return Job(
        name,
        fit,
        lambda: score(rows),
        lambda value: score(np.append(value, rows[0, 1:])[None]),
        len(rows),
        "score alone",
    )


def _pyod_ecod(points: int) -> Job:
    from pyod.models.ecod import ECOD

    rows = _rows(points)
    model = ECOD().fit(rows)
    return Job(
        "PyOD ECOD",
        lambda: ECOD().fit(rows),
        lambda: ECOD().fit(rows).decision_scores_,
        lambda value: model.decision_function(np.append(value, rows[0, 1:])[None]),
        len(rows),
        "score alone; fit and judge are one",
    )


def _river(points: int) -> Job:
    from river.anomaly import HalfSpaceTrees

    low, high = float(values(points).min()), float(values(points).max())
    stream = [{"value": (value - low) / (high - low)} for value in values(_STREAMED).tolist()]

    def learned() -> HalfSpaceTrees:
        trees = HalfSpaceTrees(n_trees=25, seed=0)
        for point in stream:
            trees.learn_one(point)
        return trees

    trees = learned()

    def judge() -> None:
        for point in stream:
            trees.score_one(point)
            trees.learn_one(point)

    return Job(
        "River half-space trees",
        learned,
        judge,
        lambda value: trees.score_one({"value": (value - low) / (high - low)}),
        len(stream),
        f"score alone; a stream of {_STREAMED:,}",
    )


def _rrcf(points: int) -> Job:
    import rrcf

    stream = values(points)[:400]

    def learned() -> list[rrcf.RCTree]:
        random = np.random.RandomState(0)
        forest = [rrcf.RCTree(random_state=random) for _ in range(_RRCF_TREES)]
        for index, value in enumerate(stream):
            for tree in forest:
                if index >= _SAMPLES:
                    tree.forget_point(index - _SAMPLES)
                tree.insert_point(np.array([value]), index=index)
                tree.codisp(index)
        return forest

    forest = learned()

    def single(value: float) -> float:
        total = 0.0
        for tree in forest:
            tree.insert_point(np.array([value]), index="new")
            total += tree.codisp("new")
            tree.forget_point("new")
        return total

    return Job(
        "rrcf", learned, learned, single, stream.size, f"score alone; {_RRCF_TREES} trees over {stream.size} points"
    )
