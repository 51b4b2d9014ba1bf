"""Which period ``auto`` reports: that of a season, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import fit_model
from tidewatch.detectors.ensemble.auto.detector import AutoOptions
from tidewatch.series import TimeSeries

HOUR, MINUTE = 3_600, 60


def period_of(values, step=HOUR):
    times = 1_700_000_000 + step * np.arange(values.size, dtype=np.int64)
    model = fit_model(TimeSeries(times, values), AutoOptions())
    learned = model.learned()["period"]
    assert model.period == (None if learned is None else int(learned))
    return model.period


def smooth(random, size):
    """An autoregressive series: it swings, but without a period."""
    values, noise = np.zeros(size), random.normal(size=size)
    for place in range(1, size):
        values[place] = 0.8 * values[place - 1] + noise[place]
    return values


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, MINUTE, HOUR])
@pytest.mark.parametrize("size", [100, 1_000, 3_000])
@pytest.mark.parametrize("draw", [
    lambda random, size: random.normal(size=size),
    lambda random, size: random.standard_t(2, size),
    lambda random, size: np.cumsum(random.normal(size=size)),
    smooth,
], ids=["normal", "t(2)", "a walk", "smooth"])  # fmt: skip
@pytest.mark.slow
def test_noise_has_no_season(draw, size, step):
    assert [period_of(draw(np.random.default_rng(seed), size), step) for seed in range(3)] == [None] * 3


@pytest.mark.parametrize(("size", "noise"), [(72, 0.0), (72, 0.3), (150, 0.7), (1_000, 1.0), (5_000, 1.5)])
@pytest.mark.parametrize("period", [24, 18])
def test_a_season_is_found(size, noise, period):
    random = np.random.default_rng(size)
    values = np.sin(np.arange(size) * 2 * np.pi / period) + random.normal(0, noise, size)
    assert period_of(values) == period


def test_a_season_is_no_multiple_of_one():
    shape = np.where(np.arange(40) < 10, 0.0, 10.0 * np.exp(-np.arange(-10, 30) / 8.0))
    found = {
        period_of(np.tile(shape, 150) + np.random.default_rng(seed).normal(0, 0.5, 6_000), 10 * MINUTE)
        for seed in range(5)
    }
    assert found == {40}


def test_a_period_may_be_too_long_for_its_autocorrelation():
    """Without a calendar a period of 24 is tried: of 64 points, no autocorrelation goes as far."""
    values = np.tile(np.arange(24.0), 4)[:71] + np.random.default_rng(0).normal(0, 0.1, 71)
    assert period_of(values, 100_000) == 24
