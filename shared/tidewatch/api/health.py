"""How the service fares, for /healthcheck."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Final, Protocol

from aws_lambda_powertools.event_handler import Depends
from pydantic import BaseModel, Field

from tidewatch.adapters import clients
from tidewatch.adapters.cloudwatch import CloudWatchReader, MetricsUnavailable, Statistic
from tidewatch.api.dependencies import get_registry
from tidewatch.api.responses import Int32
from tidewatch.detectors import CATALOGUE
from tidewatch.registry import Registry
from tidewatch.settings import settings
from tidewatch.telemetry import NAMESPACE, LogEvent, Metric, base_dimensions, detector_dimensions, logger
from tidewatch.tenancy import Tenant

_LATENCY_STATS: Final = ("Sum", "SampleCount", "p95")


class Latency(BaseModel):
    """How long requests of one kind took, on the server; zeros before any traffic."""

    avg: Annotated[float, Field(ge=0, description="Mean, in milliseconds.")]
    p95: Annotated[float, Field(ge=0, description="95th percentile, in milliseconds.")]
    count: Annotated[int, Field(ge=0, description="How many requests these figures are of.")]


class Load(BaseModel):
    """How much the service has to do."""

    predictions_per_second: Annotated[float, Field(ge=0)]
    trainings_per_second: Annotated[float, Field(ge=0)]
    detections_per_second: Annotated[float, Field(ge=0)]
    errors: Annotated[int, Field(ge=0, description="Requests answered with 5xx.")]
    rejections: Annotated[int, Field(ge=0, description="Requests answered with 4xx by the functions.")]


class HealthcheckResponse(BaseModel):
    """How the service fares, over all instances of its functions."""

    status: Annotated[str, Field(pattern="^(ok|degraded)$", description="degraded: some of the figures are not known.")]
    degraded: Annotated[list[str], Field(description="What is not known, and why; empty when all is well.")]
    series_trained: Annotated[Int32, Field(description="How many distinct series have a model.")]
    window_seconds: Annotated[int, Field(ge=1, description="The time that the figures below are over.")]
    inference_latency_ms: Latency
    training_latency_ms: Latency
    load: Load
    model_usage: Annotated[dict[str, int], Field(description="Predictions by detector.")]


class LivenessResponse(BaseModel):
    """The function runs."""

    status: Annotated[str, Field(pattern="^ok$")] = "ok"


class FigureReader(Protocol):
    """What reads the figures that the functions emitted."""

    def read(self, statistics: list[Statistic], window_seconds: int) -> Mapping[Statistic, float]:
        """Each figure over a window, 0 where nothing was emitted."""
        ...


class HealthReporter:
    """Reads the figures of all instances, and says so when it cannot."""

    def __init__(self, registry: Registry, reader: FigureReader, window_seconds: int) -> None:
        self._registry = registry
        self._reader = reader
        self._window = window_seconds

    def report(self, tenant: Tenant) -> HealthcheckResponse:
        """The state of the service; degraded where CloudWatch fails.

        Raises:
            StorageUnavailable: if the series cannot be counted.
        """
        series = self._registry.count_series(tenant)
        degraded: list[str] = []
        figures: Mapping[Statistic, float] = {}
        try:
            figures = self._reader.read(_statistics(), self._window)
        except MetricsUnavailable:
            logger.warning("CloudWatch did not answer", event=LogEvent.HEALTH_DEGRADED)
            degraded.append("CloudWatch did not answer: latency, load and model usage are not known and shown as 0")
        return HealthcheckResponse(
            status="degraded" if degraded else "ok",
            degraded=degraded,
            series_trained=series,
            window_seconds=self._window,
            inference_latency_ms=_latency(figures, Metric.INFERENCE_LATENCY),
            training_latency_ms=_latency(figures, Metric.TRAINING_LATENCY),
            load=Load(
                predictions_per_second=round(_total(figures, Metric.PREDICTIONS) / self._window, 4),
                trainings_per_second=round(_total(figures, Metric.TRAININGS) / self._window, 4),
                detections_per_second=round(_total(figures, Metric.DETECTIONS) / self._window, 4),
                errors=int(_total(figures, Metric.ERRORS)),
                rejections=int(_total(figures, Metric.REJECTIONS)),
            ),
            model_usage={name: int(figures.get(_usage(name), 0)) for name in CATALOGUE},
        )


@lru_cache(maxsize=1)
def get_health_reporter() -> HealthReporter:
    """Reports from CloudWatch and the table of models."""
    reader = CloudWatchReader(clients.cloudwatch(), NAMESPACE)
    return HealthReporter(get_registry(), reader, settings().health_window_seconds)


HealthReporterDep = Annotated[HealthReporter, Depends(get_health_reporter)]


def _statistics() -> list[Statistic]:
    """All that the report reads, in one call."""
    latencies = [
        _base(metric, stat) for metric in (Metric.INFERENCE_LATENCY, Metric.TRAINING_LATENCY) for stat in _LATENCY_STATS
    ]
    counted = (Metric.PREDICTIONS, Metric.TRAININGS, Metric.DETECTIONS, Metric.ERRORS, Metric.REJECTIONS)
    totals = [_base(metric, "Sum") for metric in counted]
    return [*latencies, *totals, *(_usage(name) for name in CATALOGUE)]


def _base(metric: Metric, stat: str) -> Statistic:
    return Statistic(metric, stat, tuple(base_dimensions().items()))


def _usage(detector: str) -> Statistic:
    return Statistic(Metric.PREDICTIONS, "Sum", tuple(detector_dimensions(detector).items()))


def _total(figures: Mapping[Statistic, float], metric: Metric) -> float:
    return figures.get(_base(metric, "Sum"), 0.0)


def _latency(figures: Mapping[Statistic, float], metric: Metric) -> Latency:
    total, count, p95 = (figures.get(_base(metric, stat), 0.0) for stat in _LATENCY_STATS)
    return Latency(avg=round(total / count, 3) if count else 0.0, p95=round(p95, 3), count=int(count))
