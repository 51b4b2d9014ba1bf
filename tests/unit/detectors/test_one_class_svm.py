"""The one-class support vector machine beside scikit-learn's, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import OneClassSVM
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.learned.one_class_svm import OneClassSvmOptions, enclose
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


def series(values, step=60, start=0):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(start, start + values.size, dtype=np.int64), values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("nu", "gamma", "rows"), [(0.01, None, 2_000), (0.5, 0.3, 500), (0.1, 5.0, 100)])
def test_scores_are_scikit_learn_s(nu, gamma, rows, seed):
    generator = np.random.default_rng(seed)
    data = generator.standard_t(2, (rows, 6))
    boundary = enclose(OneClassSvmOptions(nu=nu, gamma=gamma), data)
    theirs = OneClassSVM(gamma=gamma or 0.5 / 6, nu=nu, tol=1e-5).fit(data)
    probes = np.concatenate([data * 1.3, generator.normal(0, 1, (400, 6)), generator.normal(0, 1e6, (20, 6))])
    assert boundary.nonconformity(probes) == pytest.approx(-theirs.decision_function(probes), rel=1e-9, abs=1e-9)


def test_at_most_the_share_nu_of_the_training_points_is_outside():
    points = series(random.normal(size=2_000))
    for nu in (0.01, 0.1):
        assert fit_model(points, OneClassSvmOptions(nu=nu)).review(points).anomaly.mean() <= nu + 0.005


def test_points_on_the_boundary_are_inside():
    """A series that repeats itself lies on few spots, and the boundary goes through some of them."""
    wave = np.sin(np.arange(1_200) * 2 * np.pi / 24)
    model = fit_model(series(wave[:1_000]), OneClassSvmOptions())
    assert not model.score(series(wave[1_000:], start=1_000)).anomaly.any()


def test_finds_spikes_both_ways_and_a_shift():
    model = fit_model(series(random.normal(size=2_000)), OneClassSvmOptions(nu=0.01))
    probe = random.normal(size=300)
    probe[50], probe[100] = 7.0, -7.0
    probe[200:] += 3.0
    scores = model.score(series(probe, start=2_000))
    assert scores.anomaly[[50, 100]].all()
    assert scores.direction[[50, 100]].tolist() == [1, -1]
    assert scores.anomaly[210:].mean() > 0.8
    assert scores.anomaly[:50].mean() < 0.2


def test_all_that_is_far_away_is_equally_strange():
    model = fit_model(series(random.normal(size=500)), OneClassSvmOptions())
    scores = model.score(series([1e3, 1e30, -1e300], start=500))
    assert scores.score[0] == scores.score[1] == scores.score[2] > 0.0


def test_too_few_points():
    with pytest.raises(CannotTrain, match="one_class_svm needs at least") as problem:
        fit_model(series(random.normal(size=60)), OneClassSvmOptions())
    assert problem.value.option == "long_window"


def test_what_is_far_from_all_training_is_beyond_the_limit():
    """The boundaries of cross-fitting reach larger scores than the one that judges: their limit is out of reach."""
    hours = np.arange(900)
    values = 50.0 + 8.0 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(0.0, 1.0, hours.size)
    kept = hours[(np.random.default_rng(1).random(hours.size) > 0.05) & ((hours < 300) | (hours >= 340))]
    history = kept[kept < 600]
    model = fit_model(TimeSeries(3_600 * history, values[history]), OneClassSvmOptions())
    later = kept[kept >= 600]
    spiked = values[later] + np.where(np.arange(later.size) == 250, 600.0, 0.0)
    assert model.score(TimeSeries(3_600 * later, spiked)).anomaly[250]
