"""Principal components of subsequences beside scikit-learn's, and by example."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from tidewatch.detectors import fit_model
from tidewatch.detectors.learned.sub_pca import SubPcaOptions, decompose
from tidewatch.series import TimeSeries

random = np.random.default_rng(8)


def series(values, step=60, start=0):
    values = np.array(values, dtype=np.float64)
    return TimeSeries(1_700_000_000 + step * np.arange(start, start + values.size, dtype=np.int64), values)


def wave(start, end):
    return np.sin(np.arange(start, end) * 2 * np.pi / 24) + random.normal(0, 0.1, end - start)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("rows", "length"), [(1_000, 24), (100, 32), (5_000, 8)])
def test_scores_are_scikit_learn_s(rows, length, seed):
    generator = np.random.default_rng(seed)
    data = generator.normal(size=(rows, length)) * generator.uniform(0.5, 2.0, length)
    whitened = PCA(whiten=True).fit(data)
    probes = np.concatenate([data * 1.3, generator.normal(0, 1e3, (50, length))])
    expected = np.sqrt((whitened.transform(probes) ** 2).mean(axis=1))
    assert decompose(data).nonconformity(probes) == pytest.approx(expected, rel=1e-9)


def test_a_component_that_only_rounding_lies_along_does_not_count():
    data = random.normal(size=(1_000, 2)) @ random.normal(size=(2, 12))
    components = decompose(data)
    assert components.nonconformity(data + random.normal(0, 1e-9, data.shape)) == pytest.approx(
        components.nonconformity(data), rel=1e-5
    )


def test_windows_in_which_nothing_moved():
    components = decompose(np.full((100, 8), 0.1))
    assert components.nonconformity(np.full((1, 8), 0.1))[0] == 1e-6
    assert components.nonconformity(np.full((1, 8), 0.2))[0] == pytest.approx(100.0)


def test_one_wild_value_does_not_rule_what_is_learned():
    rows = random.normal(size=(500, 8))
    wild = rows.copy()
    wild[100, 3] = 1e6
    probes = random.normal(size=(100, 8))
    assert decompose(wild).nonconformity(probes) == pytest.approx(decompose(rows).nonconformity(probes), rel=0.3)


@pytest.mark.parametrize("strange", [lambda wave: 2.0 * wave, lambda wave: np.tile(wave[::2], 2), np.abs])
def test_finds_another_amplitude_rhythm_and_shape(strange):
    model = fit_model(series(wave(0, 2_000)), SubPcaOptions(sigmas=3.0))
    assert model.period == 24
    probe = wave(2_000, 2_200)
    probe[90:138] = strange(probe[90:138])
    scores = model.score(series(probe, start=2_000))
    assert scores.anomaly[112:138].mean() > 0.8
    assert scores.anomaly[:90].mean() < 0.05


def test_a_wave_without_noise_raises_no_alarm():
    pure = np.sin(np.arange(1_400) * 2 * np.pi / 24)
    model = fit_model(series(pure[:1_000]), SubPcaOptions())
    assert not model.score(series(pure[1_000:], start=1_000)).anomaly.any()
    dented = pure[1_000:].copy()
    dented[200] += 0.2
    assert model.score(series(dented, start=1_000)).anomaly[200]


def test_sigmas_move_the_threshold():
    points = series(random.normal(size=1_000))
    thresholds = [fit_model(points, SubPcaOptions(sigmas=s)).learned()["threshold"] for s in (1.0, 3.0)]
    assert thresholds[0] < thresholds[1]
