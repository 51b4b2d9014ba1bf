"""The p-values of ``auto`` hold what they say on many kinds of usual series, and its flags stay few."""

import numpy as np
import pytest
from tidewatch.detectors.ensemble.auto import Stream

SIZE, SETTLED = 20_000, 1_500


def autoregressive(random, size, memory):
    values, noise = np.zeros(size), random.normal(size=size)
    for place in range(1, size):
        values[place] = memory * values[place - 1] + noise[place]
    return values


def on_and_off(random, size):
    state, values = False, np.zeros(size)
    for place, chance in enumerate(random.random(size)):
        state ^= chance < (0.05 if state else 0.02)
        values[place] = 10.0 * state
    return values + random.normal(0, 0.3, size)


KINDS = {
    "white": lambda random, size: random.normal(size=size),
    "AR": lambda random, size: autoregressive(random, size, 0.8),
    "season": lambda random, size: 5 * np.sin(np.arange(size) * 2 * np.pi / 24) + random.normal(0, 0.5, size),
    "trend": lambda random, size: 0.01 * np.arange(size) + random.normal(size=size),
    "t(3)": lambda random, size: random.standard_t(3, size),
    "counts": lambda random, size: random.poisson(3, size).astype(float),
    "on and off": on_and_off,
    "walk": lambda random, size: np.cumsum(random.normal(size=size)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_p_values_are_calibrated(kind):
    """Of 1,000 usual points 0.3 to 2 have a p-value below 0.001, and 5 to 16 one below 0.01."""
    found = [
        Stream().extend(1_700_000_000 + 300 * np.arange(SIZE), KINDS[kind](np.random.default_rng(seed), SIZE))
        for seed in range(2)
    ]
    evidence = np.concatenate([one.evidence[SETTLED:] for one in found])
    assert 0.3e-3 < (evidence > 3.0).mean() < 2e-3
    assert 5e-3 < (evidence > 2.0).mean() < 16e-3
    assert np.concatenate([one.anomaly[SETTLED:] for one in found]).mean() < 8e-3
