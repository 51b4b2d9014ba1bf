"""The job of this benchmark: learn from a series, judge all of it, judge single points after it. Our detectors do it.

The figures of our detectors include all outputs: score, p-value, severity, band, decision.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.series import TimeSeries

STEP_SECONDS = 300
PERIOD = 288


@dataclass(frozen=True, slots=True)
class Job:
    """One contender.

    Attributes:
        name: as in the table.
        learn: fits a series of this many points and more; what follows works with what it learned.
        batch: judges a whole series, one score for each point at least.
        single: judges one new value.
        batch_points: how many points the batch has; slow ones get fewer.
        note: what the figures stand for, if it is not the whole scale.
    """

    name: str
    learn: Callable[[], object]
    batch: Callable[[], object]
    single: Callable[[float], object]
    batch_points: int
    note: str = ""


def values(points: int) -> NDArray[np.float64]:
    """A daily season at five minutes a point, noise, and some spikes; float64, shape (points,)."""
    random = np.random.default_rng(20)
    series = 100.0 + 10.0 * np.sin(2.0 * np.pi * np.arange(points) / PERIOD) + random.normal(0.0, 1.0, points)
    spikes = random.choice(points, points // 2_000, replace=False)
    series[spikes] += random.choice([-1.0, 1.0], spikes.size) * random.uniform(15.0, 40.0, spikes.size)
    return series


_START = 1_735_689_600


def series_of(points: int) -> TimeSeries:
    """The benchmark's series with its times."""
    return TimeSeries(_START + STEP_SECONDS * np.arange(points, dtype=np.int64), values(points))


def catalogue_jobs(points: int) -> list[Job]:
    """One job for each detector, under its default options."""
    return [_job(name, points) for name in CATALOGUE]


def _job(name: str, points: int) -> Job:
    series = series_of(points)
    options = CATALOGUE[name].options_type(name=name)
    model = fit_model(series, options)
    later = itertools.count(series.end + STEP_SECONDS, STEP_SECONDS)
    return Job(
        name=name,
        learn=lambda: fit_model(series, options),
        batch=lambda: model.review(series),
        single=lambda value: model.score(TimeSeries.of_point(next(later), value)),
        batch_points=points,
    )
