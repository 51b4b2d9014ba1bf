"""Normal series of ten kinds, made from a seed: points ten minutes apart, so that a day has 144."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.series import TimeSeries

Values = NDArray[np.float64]
Background = Callable[[np.random.Generator, int], Values]

DAY: Final = 144
STEP: Final = 600
_MONDAY: Final = 1_767_571_200  # 2026-01-05T00:00:00Z
_MEMORY: Final = 0.7  # of the autoregression
_CHANGES: Final = (0.02, 0.05)  # the chance of an on/off series to go on, and to go off, at each point


def white(random: np.random.Generator, size: int) -> Values:
    """Independent Gaussian values."""
    return random.normal(10.0, 1.0, size)


def autoregressive(random: np.random.Generator, size: int) -> Values:
    """A Gaussian autoregression of order 1 with coefficient 0.7, its standard deviation 1."""
    noise = random.normal(0.0, np.sqrt(1.0 - _MEMORY**2), size)
    noise[0] = random.normal()
    for place in range(1, size):
        noise[place] += _MEMORY * noise[place - 1]
    return 10.0 + noise


def seasonal(random: np.random.Generator, size: int) -> Values:
    """A daily wave of amplitude 5 with its first harmonic, and Gaussian noise."""
    phase = 2.0 * np.pi * np.arange(size) / DAY
    return 20.0 + 5.0 * np.sin(phase) + 2.0 * np.sin(2.0 * phase) + random.normal(0.0, 1.0, size)


def trending(random: np.random.Generator, size: int) -> Values:
    """A straight line that rises by one standard deviation of its noise in 500 points."""
    return 10.0 + np.arange(size) / 500.0 + random.normal(0.0, 1.0, size)


def heavy_tailed(random: np.random.Generator, size: int) -> Values:
    """Independent values of Student's t with 3 degrees of freedom."""
    return 10.0 + random.standard_t(3, size)


def counts(random: np.random.Generator, size: int) -> Values:
    """Independent Poisson counts of mean 5."""
    return random.poisson(5.0, size).astype(np.float64)


def on_off(random: np.random.Generator, size: int) -> Values:
    """0 or 1: off for 50 points and on for 20 in the mean, and no knowing when it changes."""
    draws = random.random(size)
    values = np.zeros(size)
    state = 0
    for place in range(size):
        state ^= int(draws[place] < _CHANGES[state])
        values[place] = state
    return values


def random_walk(random: np.random.Generator, size: int) -> Values:
    """Sums of independent Gaussian steps."""
    walk: Values = 100.0 + np.cumsum(random.normal(0.0, 1.0, size))
    return walk


def heteroscedastic(random: np.random.Generator, size: int) -> Values:
    """Gaussian values whose standard deviation goes from 0.5 to 1.5 and back in a day."""
    phase = 2.0 * np.pi * np.arange(size) / DAY
    return 10.0 + (1.0 + 0.5 * np.sin(phase)) * random.normal(0.0, 1.0, size)


def log_normal(random: np.random.Generator, size: int) -> Values:
    """Independent values whose logarithm is Gaussian with a standard deviation of 0.7, as latencies are."""
    return random.lognormal(1.0, 0.7, size)


BACKGROUNDS: Final[Mapping[str, Background]] = MappingProxyType(
    {
        "white": white,
        "AR": autoregressive,
        "season": seasonal,
        "trend": trending,
        "t(3)": heavy_tailed,
        "counts": counts,
        "on/off": on_off,
        "random walk": random_walk,
        "heteroscedastic": heteroscedastic,
        "lognormal": log_normal,
    }
)


def timed(values: Values) -> TimeSeries:
    """The values at ten minutes each, from a Monday on."""
    return TimeSeries(_MONDAY + STEP * np.arange(values.size, dtype=np.int64), values)
