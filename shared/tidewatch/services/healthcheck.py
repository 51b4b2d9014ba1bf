"""How the service is doing, from the figures of all its instances."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cachetools import TTLCache

from tidewatch.detectors import DETECTOR_NAMES
from tidewatch.registry import Registry
from tidewatch.telemetry import Metric, base_dimensions, detector_dimensions
from tidewatch.tenancy import Tenant

CACHE_SECONDS: Final = 60.0
"""How old the figures may be. CloudWatch has them by the minute, and charges for each that is read."""
USAGE_CACHE_SECONDS: Final = 300.0
"""How old the usage of detectors may be: a figure for each of them, which changes more slowly than it costs."""

_MOST_TENANTS: Final = 1_024
_LATENCY_STATS: Final = ("Sum", "SampleCount", "p95")
# Trainings are as many as their latencies, and are not read again.
_COUNTED: Final = (Metric.PREDICTIONS, Metric.DETECTIONS, Metric.ERRORS, Metric.REJECTIONS)


class MetricsUnavailable(Exception):
    """The figures could not be read in time."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One figure to read: a metric under exact dimensions, and a statistic such as ``Sum`` or ``p95``."""

    metric: str
    stat: str
    dimensions: tuple[tuple[str, str], ...]


Figures = Mapping[Statistic, float]


class FigureReader(Protocol):
    """Reads the figures that the functions emitted."""

    def read(self, statistics: Sequence[Statistic], window_seconds: int) -> Figures:
        """Each figure over the last ``window_seconds``, 0 where nothing was emitted.

        Raises:
            MetricsUnavailable: if they cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests of one kind took: mean and 95th percentile in milliseconds, and how many there were."""

    avg: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the service is doing.

    Attributes:
        figures_known: whether the figures could be read; they are 0 where they could not.
        series_trained: how many distinct series have a model.
        window_seconds: the time that the figures are over.
        inference, training: latencies.
        totals: how often each metric was counted.
        model_usage: predictions by detector.
    """

    figures_known: bool
    series_trained: int
    window_seconds: int
    inference: Latency
    training: Latency
    totals: Mapping[Metric, float]
    model_usage: Mapping[str, int]

    def per_second(self, metric: Metric) -> float:
        """How often a second a metric was counted, to 4 digits after the point."""
        return round(self.totals[metric] / self.window_seconds, 4)


class HealthReporter:
    """Reads the figures of all instances. It keeps them for a minute or five, for each tenant by itself."""

    def __init__(
        self,
        registry: Registry,
        reader: FigureReader,
        window_seconds: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._reader = reader
        self._window = window_seconds
        self._kept: TTLCache[Tenant, Figures] = TTLCache(_MOST_TENANTS, ttl=CACHE_SECONDS, timer=clock)
        self._usage: TTLCache[Tenant, Figures] = TTLCache(_MOST_TENANTS, ttl=USAGE_CACHE_SECONDS, timer=clock)

    def report(self, tenant: Tenant) -> Health:
        """The state of the service; without figures where they cannot be read.

        Raises:
            StorageUnavailable: if the series cannot be counted.
        """
        series = self._registry.count_series(tenant)
        figures = self._figures(tenant)
        known = figures or {}
        training = _latency(known, Metric.TRAINING_LATENCY)
        return Health(
            figures_known=figures is not None,
            series_trained=series,
            window_seconds=self._window,
            inference=_latency(known, Metric.INFERENCE_LATENCY),
            training=training,
            totals={metric: known.get(_total(metric), 0.0) for metric in _COUNTED} | {Metric.TRAININGS: training.count},
            model_usage={name: int(known.get(_usage(name), 0)) for name in DETECTOR_NAMES},
        )

    def _figures(self, tenant: Tenant) -> Figures | None:
        figures = self._kept.get(tenant)
        if figures is None:
            usage = self._usage.get(tenant)
            asked = _statistics() if usage else [*_statistics(), *_usages()]
            try:
                figures = self._reader.read(asked, self._window)
            except MetricsUnavailable:
                return None
            if usage is None:
                usage = self._usage[tenant] = {each: figures[each] for each in _usages()}
            figures = self._kept[tenant] = {**usage, **figures}
        return figures


def _statistics() -> list[Statistic]:
    """What the report reads each time."""
    latencies = [
        _base(metric, stat) for metric in (Metric.INFERENCE_LATENCY, Metric.TRAINING_LATENCY) for stat in _LATENCY_STATS
    ]
    return [*latencies, *map(_total, _COUNTED)]


def _usages() -> list[Statistic]:
    return [*map(_usage, DETECTOR_NAMES)]


def _base(metric: Metric, stat: str) -> Statistic:
    return Statistic(metric, stat, tuple(base_dimensions().items()))


def _total(metric: Metric) -> Statistic:
    return _base(metric, "Sum")


def _usage(detector: str) -> Statistic:
    return Statistic(Metric.PREDICTIONS, "Sum", tuple(detector_dimensions(detector).items()))


def _latency(figures: Figures, metric: Metric) -> Latency:
    total, count, p95 = (figures.get(_base(metric, stat), 0.0) for stat in _LATENCY_STATS)
    return Latency(avg=round(total / count, 3) if count else 0.0, p95=round(p95, 3), count=int(count))
