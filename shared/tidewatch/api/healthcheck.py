"""GET /healthcheck and GET /health: how the service is doing, and whether it runs at all."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.fields import Int32
from tidewatch.api.request import RequestDep, get_registry
from tidewatch.services.healthcheck import Health, HealthReporter
from tidewatch.settings import settings
from tidewatch.telemetry import LogEvent, Metric, logger

routes = Router()  # type: ignore[no-untyped-call]

_FIGURES_UNKNOWN: Final = "CloudWatch did not answer: latency, load and model usage are not known and shown as 0"


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
    """How the service is doing, over all instances of its functions. Figures are at most a minute old, usage five."""

    status: Annotated[str, Field(pattern="^(ok|degraded)$", description="degraded: some of the figures are not known.")]
    degraded: Annotated[list[str], Field(description="What is not known, and why; empty when all is well.")]
    series_trained: Annotated[Int32, Field(description="How many distinct series of the caller's tenant have a model.")]
    window_seconds: Annotated[int, Field(ge=1, description="The time that the figures below are over.")]
    inference_latency_ms: Latency
    training_latency_ms: Latency
    load: Load
    model_usage: Annotated[
        dict[str, int], Field(description="Predictions by detector, of all tenants; empty for others than operators.")
    ]

    @classmethod
    def of(cls, health: Health, *, all_tenants: bool) -> HealthcheckResponse:
        """The answer for a state of the service; what all tenants use is for those alone who may know."""
        return cls(
            status="ok" if health.figures_known else "degraded",
            degraded=[] if health.figures_known else [_FIGURES_UNKNOWN],
            series_trained=health.series_trained,
            window_seconds=health.window_seconds,
            inference_latency_ms=Latency.model_validate(health.inference, from_attributes=True),
            training_latency_ms=Latency.model_validate(health.training, from_attributes=True),
            load=Load(
                predictions_per_second=health.per_second(Metric.PREDICTIONS),
                trainings_per_second=health.per_second(Metric.TRAININGS),
                detections_per_second=health.per_second(Metric.DETECTIONS),
                errors=int(health.totals[Metric.ERRORS]),
                rejections=int(health.totals[Metric.REJECTIONS]),
            ),
            model_usage=dict(health.model_usage) if all_tenants else {},
        )


class LivenessResponse(BaseModel):
    """The function runs."""

    status: Annotated[str, Field(pattern="^ok$")] = "ok"


@lru_cache(maxsize=1)
def get_health_reporter() -> HealthReporter:
    """Reports from CloudWatch and the table of models."""
    return HealthReporter(get_registry(), composition.figure_reader(), settings().health_window_seconds)


HealthReporterDep = Annotated[HealthReporter, Depends(get_health_reporter)]


@route(routes.get, "/health", tag="Service", success="The function runs.", public=True)
def health() -> LivenessResponse:
    """Check that the service runs.

    A liveness probe: it reads nothing and asks no other service. Needs no API key.
    """
    return LivenessResponse()


@route(routes.get, "/healthcheck", tag="Service", success="What is known.", problems=(422, 503))
def healthcheck(request: RequestDep, reporter: HealthReporterDep) -> HealthcheckResponse:
    """Get latency, load and usage.

    Latency, load and model usage of all instances over the last hour, and how many series are trained.
    """
    found = reporter.report(request.tenant)
    if not found.figures_known:
        logger.warning("CloudWatch did not answer", event=LogEvent.HEALTH_DEGRADED)
    return HealthcheckResponse.of(found, all_tenants=request.principal.is_operator)
