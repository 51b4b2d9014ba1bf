"""The isolation forest beside scikit-learn's, and by example."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.learned.isolation_forest import IsolationForestOptions, grow
from tidewatch.detectors.learned.trees import Forest
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


def series(values, step=60):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(values.size, dtype=np.int64), values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("trees", "samples", "rows"), [(100, 256, 1_000), (7, 16, 30), (20, 1_000, 700), (1, 2_048, 20)]
)
def test_scores_are_scikit_learn_s(trees, samples, rows, seed):
    generator = np.random.default_rng(seed)
    data = np.concatenate([generator.standard_t(2, (rows, 3)), generator.integers(0, 3, (rows, 2))], axis=1)
    forest = grow(IsolationForestOptions(trees=trees, samples=samples), data, seed)
    theirs = IsolationForest(n_estimators=trees, max_samples=min(samples, rows), random_state=seed).fit(data)
    probes = np.concatenate([data, data * 1.7, generator.normal(0, 1e6, (50, 5))])
    # On the thresholds themselves and next to them a comparison in another precision would show.
    edges = np.resize(forest.cuts.threshold.astype(np.float64), (200, 5))
    probes = np.concatenate([probes, edges, edges * (1 + 1e-9), edges * (1 - 1e-9)])
    assert forest.nonconformity(probes) == pytest.approx(-theirs.score_samples(probes), abs=1e-9)


def test_rows_that_are_all_the_same_grow_no_branch():
    forest = grow(IsolationForestOptions(), np.ones((50, 3)), 0)
    assert forest.cuts.place.size == 0
    assert forest.nonconformity(np.array([[1.0, 1.0, 1.0], [9.0, 9.0, 9.0]])).tolist() == [0.5, 0.5]


def test_a_forest_comes_back_from_its_arrays():
    rows = random.normal(size=(500, 4))
    forest = grow(IsolationForestOptions(), rows, 1)
    restored = Forest.from_arrays(forest.arrays(), forest.samples)
    assert restored.nonconformity(rows).tobytes() == forest.nonconformity(rows).tobytes()


def test_a_row_is_judged_alone_as_among_thousands():
    rows = random.normal(size=(3_000, 6))
    forest = grow(IsolationForestOptions(), rows, 1)
    together = forest.nonconformity(rows)
    assert [float(forest.nonconformity(row[None, :])[0]) for row in rows[:20]] == together[:20].tolist()


@pytest.mark.slow
def test_finds_a_spike_and_a_rough_stretch():
    usual = np.sin(np.arange(2_000) * 2 * np.pi / 48) + random.normal(0, 0.1, 2_000)
    model = fit_model(series(usual), IsolationForestOptions(score_threshold=0.6))
    strange = np.sin(np.arange(2_000, 2_200) * 2 * np.pi / 48) + random.normal(0, 0.1, 200)
    strange[50] += 5.0
    strange[120:150] += random.normal(0, 1.0, 30)
    scores = model.score(TimeSeries(1_700_000_000 + 60 * np.arange(2_000, 2_200, dtype=np.int64), strange))
    assert scores.anomaly[50]
    assert scores.direction[50] == 1
    assert scores.anomaly[125:150].mean() > 0.8
    assert scores.anomaly[:50].mean() < 0.05
    assert np.isnan(scores.expected).all()


@pytest.mark.slow
def test_warms_up_for_a_long_window():
    model = fit_model(series(random.normal(size=300)), IsolationForestOptions(short_window=3, long_window=12))
    warming_up = model.review(series(random.normal(size=30))).warming_up
    assert warming_up.tolist() == [True] * 11 + [False] * 19
    assert not model.score(series(random.normal(size=5))).warming_up.any(), "the training data came before"


@pytest.mark.slow
def test_contamination_sets_the_threshold():
    points = series(random.normal(size=3_000))
    model = fit_model(points, IsolationForestOptions(contamination=0.1))
    assert 0.05 < model.score(series(random.normal(size=5_000))).anomaly.mean() < 0.15
    assert model.learned()["threshold"] < 0.6


@pytest.mark.slow
def test_a_model_is_small():
    model = fit_model(series(random.normal(size=30_000)), IsolationForestOptions())
    assert sum(array.nbytes for array in model.arrays().values()) < 120_000
    assert len(json.dumps(model.parameters()["method"])) < 1_000


@pytest.mark.parametrize(
    ("options", "option"),
    [({}, "long_window"), ({"long_window": 60}, "long_window"), ({"short_window": 20}, "short_window")],
)
def test_says_which_option_does_not_suit(options, option):
    with pytest.raises(CannotTrain) as problem:
        fit_model(series(random.normal(size=50 if option == "long_window" else 200)), IsolationForestOptions(**options))
    assert problem.value.option == option
