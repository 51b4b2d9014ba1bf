"""The detectors of the catalogue. Their figures hold all outputs: score, p-value, severity, band, decision."""

from __future__ import annotations

import itertools

import numpy as np
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.series import TimeSeries

from benchmarks.throughput.jobs import STEP_SECONDS, Job, values

_START = 1_735_689_600


def series_of(points: int) -> TimeSeries:
    """The benchmark's series with its times."""
    return TimeSeries(_START + STEP_SECONDS * np.arange(points, dtype=np.int64), values(points))


def jobs(points: int) -> list[Job]:
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
