"""Series and models to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from tidewatch.detectors import Model, Scores, detector_named
from tidewatch.series import TimeSeries

START = 1_704_067_200
"""2024-01-01T00:00:00Z."""

Series = Callable[..., TimeSeries]
Fit = Callable[..., Model]


class Judgement:
    """A model that gives the scores it was told, whatever the series."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self.options = detector_named("three_sigma").options_type(name="three_sigma")

    def score(self, series: TimeSeries) -> Scores:
        """The scores it was told."""
        return self._scores

    def parameters(self) -> dict[str, Any]:
        """None."""
        return {}

    def learned(self) -> dict[str, float | None]:
        """Nothing."""
        return {}


@pytest.fixture
def series_of() -> Series:
    """Makes a series of values, a minute apart unless times are given."""

    def make(values: ArrayLike, timestamps: ArrayLike | None = None) -> TimeSeries:
        array = np.asarray(values, dtype=np.float64)
        times = START + 60 * np.arange(array.size) if timestamps is None else timestamps
        return TimeSeries(np.asarray(times, dtype=np.int64), array)

    return make


@pytest.fixture
def fit() -> Fit:
    """Fits three_sigma with the options given."""

    def fitted(series: TimeSeries, **options: Any) -> Model:
        detector = detector_named("three_sigma")
        return detector.fit(series, detector.options_type(name="three_sigma", **options))

    return fitted


@pytest.fixture
def judge() -> Callable[..., Judgement]:
    """Makes a model of given scores: numbers or arrays; nothing is outside unless said."""

    def model(size: int, *, lower: Any, upper: Any, expected: Any = np.nan, anomaly: Any = False) -> Judgement:
        lower, upper, expected = (np.broadcast_to(np.float64(limit), (size,)) for limit in (lower, upper, expected))
        outside = np.broadcast_to(np.bool_(anomaly), (size,))
        return Judgement(Scores(outside, np.zeros(size), expected, lower, upper))

    return model


@pytest.fixture
def spiky(series_of: Series) -> TimeSeries:
    """A day of minutes with a wave, noise and three spikes."""
    minutes = np.arange(1440)
    values = 50 + 10 * np.sin(minutes / 229) + np.random.default_rng(3).normal(0, 1, minutes.size)
    values[[200, 700, 1300]] = 120
    return series_of(values)
