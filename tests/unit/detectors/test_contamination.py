"""What of a history calibrates, and what is left out as an anomaly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.calibration.trimming import trim_outliers
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.series import TimeSeries

KINDS = {
    "normal": lambda random, size: np.abs(random.normal(size=size)),
    "t(3)": lambda random, size: np.abs(random.standard_t(3, size)),
    "Cauchy": lambda random, size: np.abs(random.standard_cauchy(size)),
    "uniform": lambda random, size: random.random(size),
    "counts": lambda random, size: random.poisson(3.0, size).astype(float),
    "all the same": lambda random, size: np.full(size, 7.25),
}


def history(kind: str, size: int, seed: int) -> np.ndarray:
    return np.asarray(KINDS[kind](np.random.default_rng(seed), size))


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 400), st.integers(0, 2**32), st.integers(1, 40))
def test_what_is_left_out_is_the_strangest_and_never_many(kind, size, seed, touched):
    scores = history(kind, size, seed)
    usual = trim_outliers(scores, touched)
    assert usual.tolist() == sorted(scores)[: usual.size]
    assert size - usual.size <= min(max(3, size // 100) * touched, size // 5)


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 400), st.integers(0, 2**32), st.integers(-10, 60))
def test_the_unit_of_scores_does_not_matter(kind, size, seed, power):
    scores = history(kind, size, seed)
    scaled = trim_outliers(scores * 2.0**power)
    if kind != "all the same":
        assert scaled.tolist() == (trim_outliers(scores) * 2.0**power).tolist()
    assert scaled.size > 0


@pytest.mark.parametrize(("kind", "share"), [("normal", 0.005), ("uniform", 0.0), ("counts", 0.02), ("t(3)", 0.1)])
@pytest.mark.parametrize("size", [20, 200, 1_000])
def test_a_history_without_anomalies_is_kept(kind, share, size):
    shortened = [trim_outliers(history(kind, size, seed)).size < size for seed in range(400)]
    assert np.mean(shortened) <= share


def test_even_a_wild_one_loses_less_than_1_percent_of_its_points():
    left_out = [200 - trim_outliers(history("Cauchy", 200, seed)).size for seed in range(200)]
    assert np.mean(left_out) < 0.01 * 200


@pytest.mark.parametrize("size", [20, 60, 200, 1_000, 10_000])
def test_anomalies_are_left_out_and_no_usual_point_with_them(size):
    usual = history("normal", size, 1)
    for anomalies in ([20.0], [20.0, 25.0], [20.0] * max(2, size // 200)):
        assert trim_outliers(np.append(usual, anomalies)).tolist() == sorted(usual)


def test_what_happens_once_in_fifty_is_usual():
    bursts = np.append(history("normal", 980, 2), np.full(20, 20.0))
    assert trim_outliers(bursts).size == 1_000


def test_an_anomaly_takes_the_judgements_that_it_bears_on_with_it():
    windows = np.append(history("normal", 970, 3), np.full(30, 20.0))
    assert trim_outliers(windows).size == 1_000
    assert trim_outliers(windows, 32).size == 970


@pytest.mark.parametrize(("name", "severity"), [("three_sigma", 0.75), ("mad", 0.75), ("iqr", 0.75), ("kmeans", 0.6)])
def test_a_spike_in_the_history_is_severe_and_hides_no_other(name, severity):
    values = np.random.default_rng(4).normal(10.0, 1.0, 1_000)
    values[500] += 30.0
    series = TimeSeries(60 * np.arange(1_000, dtype=np.int64), values)
    model = fit_model(series, CATALOGUE[name].options_type())
    assert model.review(series).severity[500] > severity
    assert model.score(TimeSeries.of_point(60_000, 35.0)).severity[0] > severity
