"""K-means over subsequences beside scikit-learn's, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
from tidewatch.detectors import fit_model
from tidewatch.detectors.learned.kmeans import KMeansOptions, cluster
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


@pytest.fixture(autouse=True)
def one_thread():
    """As in a training: on a busy machine threads wait for each other."""
    with threadpool_limits(1):
        yield


def series(values, step=60, start=0):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(start, start + values.size, dtype=np.int64), values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("clusters", "rows", "length"), [(16, 1_000, 24), (1, 100, 8), (40, 300, 64)])
def test_scores_are_scikit_learn_s(clusters, rows, length, seed):
    generator = np.random.default_rng(seed)
    data = generator.normal(size=(rows, length))
    centres = cluster(KMeansOptions(clusters=clusters), data, seed)
    theirs = KMeans(clusters, init=centres.centres, n_init=1, max_iter=1).fit(centres.centres)
    # They are where as many of scikit-learn's own are, but for a blur.
    inertia = KMeans(clusters, n_init=3, random_state=seed).fit(data).inertia_
    assert length * (centres.nonconformity(data) ** 2).sum() == pytest.approx(inertia, rel=0.02)
    probes = np.concatenate([data * 1.3, generator.normal(0, 1e3, (50, length))])
    nearest = theirs.transform(probes).min(axis=1) / np.sqrt(length)
    assert centres.nonconformity(probes) == pytest.approx(nearest, rel=1e-9)


def test_fewer_different_windows_than_clusters():
    stretches = random.normal(size=(3, 8))
    centres = cluster(KMeansOptions(clusters=16), np.repeat(stretches, 20, axis=0), 0)
    assert centres.nonconformity(stretches).max() < 3e-3


def test_finds_a_stretch_that_is_none_of_the_usual():
    stages = [np.zeros(32), np.full(32, 5.0), np.linspace(0, 5, 32), np.linspace(5, 0, 32)]
    usual = np.concatenate([stages[kind] for kind in np.tile([0, 2, 1, 3], 25)]) + random.normal(0, 0.1, 3_200)
    model = fit_model(series(usual), KMeansOptions(clusters=64))
    stuck = np.concatenate([usual[:100], np.full(50, 2.5) + random.normal(0, 0.1, 50)])
    scores = model.score(series(stuck, start=3_200))
    assert scores.anomaly[135:].all()
    assert scores.anomaly[:100].mean() < 0.05


def test_a_level_that_was_never_there():
    model = fit_model(series(random.normal(size=2_000)), KMeansOptions(sigmas=3.0))
    scores = model.score(series(random.normal(4.0, 1.0, 100), start=2_000))
    assert scores.anomaly[30:].all()


def test_a_wave_without_noise_raises_no_alarm():
    pure = np.sin(np.arange(1_400) * 2 * np.pi / 24)
    model = fit_model(series(pure[:1_000]), KMeansOptions())
    assert not model.score(series(pure[1_000:], start=1_000)).anomaly.any()


def test_another_seed_is_another_model():
    points = series(random.normal(size=1_000))
    one, same, other = (fit_model(points, KMeansOptions(seed=seed)).arrays()["centres"] for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()
