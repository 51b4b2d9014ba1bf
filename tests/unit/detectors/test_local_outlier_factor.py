"""The local outlier factor beside scikit-learn's, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import LocalOutlierFactor
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.learned.local_outlier_factor import LocalOutlierFactorOptions, remember
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


def series(values, step=60):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(values.size, dtype=np.int64), values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("neighbours", "rows"), [(20, 800), (2, 50), (100, 300), (20, 12)])
def test_scores_are_scikit_learn_s(neighbours, rows, seed):
    generator = np.random.default_rng(seed)
    data = generator.standard_t(2, (rows, 6))
    references = remember(LocalOutlierFactorOptions(neighbours=neighbours), data, seed)
    theirs = LocalOutlierFactor(n_neighbors=min(neighbours, rows - 1), novelty=True).fit(references.points)
    probes = np.concatenate([data * 1.3, generator.normal(0, 1, (400, 6)), generator.normal(0, 1e6, (20, 6))])
    assert references.nonconformity(probes) == pytest.approx(-theirs.score_samples(probes), rel=1e-9)
    assert np.abs(references.points - data).max() < 0.3


def test_copies_of_one_point_are_not_infinitely_dense():
    rows = np.concatenate([np.zeros((500, 6)), random.normal(size=(200, 6))])
    references = remember(LocalOutlierFactorOptions(), rows, 0)
    assert references.nonconformity(np.zeros((1, 6)))[0] < 1.1
    assert references.nonconformity(np.full((1, 6), 0.02))[0] < 1.5
    assert references.nonconformity(np.full((1, 6), 0.5))[0] > 2.0


def test_what_is_usual_in_a_rough_state_is_not_in_a_quiet_one():
    rough = np.arange(3_000) // 150 % 2 == 1
    usual = random.normal(0, np.where(rough, 1.0, 0.02)) + np.where(rough, 10.0, 0.0)
    model = fit_model(series(usual[:2_700]), LocalOutlierFactorOptions())
    probe = usual[2_700:].copy()
    assert not rough[2_770]
    probe[[70, 220]] += 0.8
    scores = model.score(TimeSeries(1_700_000_000 + 60 * np.arange(2_700, 3_000, dtype=np.int64), probe))
    assert scores.anomaly[70]
    assert not scores.anomaly[220]
    assert scores.severity[70] > scores.severity[220]


def test_a_series_that_repeats_itself_raises_no_alarm():
    model = fit_model(series(np.sin(np.arange(1_000) * 2 * np.pi / 25)), LocalOutlierFactorOptions())
    again = TimeSeries(
        1_700_000_000 + 60 * np.arange(1_000, 1_200, dtype=np.int64), np.sin(np.arange(1_000, 1_200) * 2 * np.pi / 25)
    )
    assert not model.score(again).anomaly.any()


def test_a_state_that_is_held_exactly_is_usual():
    values = np.concatenate([random.normal(size=700), np.full(300, 2.0)])
    model = fit_model(series(values), LocalOutlierFactorOptions())
    assert not model.review(series(values)).anomaly[730:].any()


def test_contamination_sets_the_threshold():
    model = fit_model(series(random.normal(size=3_000)), LocalOutlierFactorOptions(contamination=0.1))
    assert 0.05 < model.score(series(random.normal(size=5_000))).anomaly.mean() < 0.15


def test_too_few_points():
    with pytest.raises(CannotTrain, match="local_outlier_factor needs at least") as problem:
        fit_model(series(random.normal(size=60)), LocalOutlierFactorOptions())
    assert problem.value.option == "long_window"
