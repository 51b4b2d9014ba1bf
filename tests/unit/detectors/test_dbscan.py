"""DBSCAN beside scikit-learn's, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.learned.dbscan import DbscanOptions, cluster
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


def series(values, step=60, start=0):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(start, start + values.size, dtype=np.int64), values)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("min_samples", "eps", "rows"), [(10, None, 800), (2, 0.8, 100), (30, 2.0, 500)])
def test_noise_is_what_scikit_learn_calls_noise(min_samples, eps, rows, seed):
    data = np.random.default_rng(seed).standard_t(3, (rows, 4))
    spots = cluster(DbscanOptions(min_samples=min_samples, eps=eps), data)
    theirs = DBSCAN(eps=spots.radius, min_samples=min_samples).fit(data)
    assert ((spots.nonconformity(data) > 1.0) == (theirs.labels_ == -1)).all()
    assert 0 < (theirs.labels_ == -1).sum() < rows


@pytest.mark.parametrize("seed", range(5))
def test_a_score_is_the_distance_from_the_nearest_core_point_in_radii(seed):
    generator = np.random.default_rng(seed)
    data, probes = generator.normal(size=(400, 5)), generator.normal(0, 3, (200, 5))
    spots = cluster(DbscanOptions(eps=1.5), data)
    cores = DBSCAN(eps=1.5, min_samples=10).fit(data).components_
    nearest = np.linalg.norm(probes[:, None, :] - cores, axis=2).min(axis=1)
    assert spots.nonconformity(probes) == pytest.approx(nearest / 1.5, abs=1e-9)


def test_the_radius_leaves_out_the_share_of_noise():
    rows = random.normal(size=(1_000, 6))
    for noise in (0.01, 0.1):
        assert len(cluster(DbscanOptions(noise=noise), rows).cores) == pytest.approx(1_000 * (1 - noise), abs=2)


def test_between_two_states_is_as_wrong_as_beyond_them():
    states = np.repeat([0, 1] * 6, 250) * 10.0 + random.normal(0, 0.3, 3_000)
    model = fit_model(series(states), DbscanOptions(noise=0.05))
    stuck = model.score(series(np.full(40, 5.0) + random.normal(0, 0.3, 40), start=3_000))
    assert stuck.anomaly[25:].all()


def test_a_series_that_repeats_itself_raises_no_alarm():
    wave = np.sin(np.arange(1_200) * 2 * np.pi / 24)
    model = fit_model(series(wave[:1_000]), DbscanOptions())
    assert not model.score(series(wave[1_000:], start=1_000)).anomaly.any()
    assert not model.score(series(wave[1_000:] + random.normal(0, 1e-3, 200), start=1_000)).anomaly.any()


def test_a_radius_that_holds_no_point():
    with pytest.raises(CannotTrain, match="within 1e-06 spreads: raise eps, or lower min_samples") as problem:
        fit_model(series(random.normal(size=500)), DbscanOptions(eps=1e-6))
    assert problem.value.option == "eps"


def test_too_few_points():
    with pytest.raises(CannotTrain, match="dbscan needs at least") as problem:
        fit_model(series(random.normal(size=60)), DbscanOptions())
    assert problem.value.option == "long_window"
