"""Detectors with published scores, to check the scorer by: windowed Gaussian, random, null."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.series import TimeSeries

_WINDOW: Final = 6400
_STEP: Final = 100
_SMALLEST_STD: Final = 1e-6
_DECIMALS: Final = 12  # as NAB stores scores before it sweeps them, which makes equals of the most extreme ones


def windowed_gaussian(series: TimeSeries) -> NDArray[np.float64]:
    """One less the tail probability of each value under the Gaussian of a window before it, shape (n,).

    The window grows to 6,400 points and then moves on by 100 at a time; the probability is that of the upper tail for
    values above the mean and of the lower tail for others, as NAB's own detector of that name computes it.
    """
    values = series.values
    scores = np.zeros(values.size)
    mean, std = 0.0, 1.0
    for t, value in enumerate(values.tolist()):
        if t:
            scores[t] = 1.0 - 0.5 * math.erfc(abs(value - mean) / std / math.sqrt(2))
        if t < _WINDOW or (t - _WINDOW + 1) % _STEP == 0:
            window = values[max(t + 1 - _WINDOW, 0) : t + 1]
            mean, std = float(window.mean()), float(window.std()) or _SMALLEST_STD
    return np.round(scores, _DECIMALS)


def random(series: TimeSeries) -> NDArray[np.float64]:
    """Uniform random scores from a fixed seed, shape (n,)."""
    return np.random.default_rng(42).random(len(series))


def null(series: TimeSeries) -> NDArray[np.float64]:
    """The same score for every point, shape (n,)."""
    return np.full(len(series), 0.5)
