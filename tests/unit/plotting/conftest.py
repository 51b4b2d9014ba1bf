"""Series and judgements to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from tidewatch.detectors import CATALOGUE, DetectorOptions, Scores, fit_model
from tidewatch.detectors.events import find_events
from tidewatch.plotting import Judged
from tidewatch.series import TimeSeries

START = 1_704_067_200
"""2024-01-01T00:00:00Z."""

Series = Callable[..., TimeSeries]
Review = Callable[..., Judged]
Judge = Callable[..., Judged]


def options_of(name: str, **options: Any) -> DetectorOptions:
    return CATALOGUE[name].options_type(name=name, **options)


def judgement(
    series: TimeSeries,
    *,
    lower: Any = np.nan,
    upper: Any = np.nan,
    expected: Any = np.nan,
    anomaly: Any = False,
    severity: Any = 0.1,
    warming_up: Any = False,
    options: DetectorOptions | None = None,
    **judged: Any,
) -> Judged:
    """A judgement of what it is told: numbers for all points or arrays; nothing is an anomaly unless said."""
    size = len(series)
    warming_up = np.broadcast_to(np.bool_(warming_up), (size,))

    def known(number: Any) -> Any:
        return np.where(warming_up, np.nan, np.broadcast_to(np.float64(number), (size,)))

    severity = known(severity)
    scores = Scores(
        anomaly=np.broadcast_to(np.bool_(anomaly), (size,)) & ~warming_up,
        score=severity,
        p_value=10.0 ** -np.minimum(3.0 * severity / np.maximum(1.0 - severity, 1e-9), 300.0),
        severity=severity,
        expected=known(expected),
        lower=known(lower),
        upper=known(upper),
        direction=np.zeros(size, dtype=np.int8),
        warming_up=warming_up,
    )
    return Judged(series, scores, find_events(scores), options or options_of("three_sigma"), **judged)


@pytest.fixture
def series_of() -> Series:
    """Makes a series of values, a minute apart unless times are given."""

    def make(values: ArrayLike, timestamps: ArrayLike | None = None) -> TimeSeries:
        array = np.asarray(values, dtype=np.float64)
        times = START + 60 * np.arange(array.size) if timestamps is None else timestamps
        return TimeSeries(np.asarray(times, dtype=np.int64), array)

    return make


@pytest.fixture
def review() -> Review:
    """Fits a detector, three_sigma unless named, and has it review what it was trained on."""

    def reviewed(series: TimeSeries, name: str = "three_sigma", *, has_times: bool = True, **options: Any) -> Judged:
        model = fit_model(series, options_of(name, **options))
        scores = model.review(series)
        return Judged(series, scores, find_events(scores), model.options, model.period, has_times)

    return reviewed


@pytest.fixture
def judge() -> Judge:
    """Makes a judgement of a series, see :func:`judgement`."""
    return judgement


@pytest.fixture
def spiky(series_of: Series) -> TimeSeries:
    """A day of minutes with a wave, noise and three spikes."""
    minutes = np.arange(1440)
    values = 50 + 10 * np.sin(minutes / 229) + np.random.default_rng(3).normal(0, 1, minutes.size)
    values[[200, 700, 1300]] = 120
    return series_of(values)
