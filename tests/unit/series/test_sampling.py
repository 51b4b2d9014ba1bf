"""The step of a series, how well it keeps to it, and places on its grid."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.series import Sampling

DAY = 86_400


def test_even_steps():
    sampling = Sampling.of(1_000 + 60 * np.arange(50))
    assert sampling == Sampling(step=60.0, origin=1_000, regularity=1.0)
    assert sampling.places(np.array([940, 1_000, 1_060, 7_000])).tolist() == [-1, 0, 1, 100]


def test_gaps_keep_the_step_and_the_places():
    places = np.delete(np.arange(300), [*range(20, 50), 77, *range(100, 220)])
    sampling = Sampling.of(1_000 + 300 * places)
    assert sampling == Sampling(300.0, 1_000, 1.0)
    assert sampling.places(1_000 + 300 * places).tolist() == places.tolist()


def test_a_collector_that_started_anew_off_the_grid_leaves_the_step_alone():
    times = np.concatenate([np.arange(100), 110.5 + np.arange(100)]) * 60
    assert Sampling.of(times.astype(np.int64)).step == 60.0


def test_jitter_is_rounded_away():
    random = np.random.default_rng(0)
    sampling = Sampling.of(3_600 * np.arange(1_000) + random.integers(-400, 400, 1_000))
    assert sampling.step == pytest.approx(3_600, rel=1e-3)
    assert sampling.is_regular
    even = Sampling(3_600.0, 0, 1.0)
    assert even.places(3_600 * np.arange(1_000) + random.integers(-400, 400, 1_000)).tolist() == list(range(1_000))


def test_months_are_a_step_though_no_two_are_alike():
    months = np.arange("2001-01", "2021-01", dtype="datetime64[M]").astype("datetime64[s]").astype(np.int64)
    sampling = Sampling.of(months)
    assert sampling.step == pytest.approx(30.44 * DAY, rel=1e-3)
    assert sampling.places(months).tolist() == list(range(240))


def test_weekends_are_gaps():
    days = np.array([day for day in range(200) if day % 7 < 5])
    sampling = Sampling.of(days * DAY)
    assert sampling == Sampling(DAY, 0, 1.0)


def test_random_times_are_not_regular():
    times = np.cumsum(np.random.default_rng(0).exponential(600, 1_000)).astype(np.int64)
    sampling = Sampling.of(np.unique(times))
    assert not sampling.is_regular
    assert 0.2 < sampling.regularity < 0.7


def test_two_points_are_enough():
    assert Sampling.of(np.array([5, 12])) == Sampling(7.0, 5, 1.0)
