"""The univariate API of Azure Anomaly Detector, v1.1, for clients that were written for it.

Routes, fields and error codes are those of Microsoft's client library ``azure-ai-anomalydetector``; the method is ours.
docs/azure-anomaly-detector.md lists the differences.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tidewatch.api.answers import json_answer
from tidewatch.api.app import route, series_limits
from tidewatch.api.azure_request import ChangePointRequest, DetectionRequest
from tidewatch.api.request import ApiRequest, RequestDep
from tidewatch.services import azure as service
from tidewatch.telemetry import record_detection
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]

_PREFIX: Final = "/anomalydetector/v1.1/timeseries"
_TAG: Final = "Azure Anomaly Detector"
_PROBLEMS: Final = (400, 413, 415)

_Flags = list[bool]
_Numbers = list[float]


class _Response(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    period: Annotated[int, Field(description="In points; 0 if no season was found.")]


class EntireResponse(_Response):
    """The judgement of every point; all arrays are aligned with the series."""

    expected_values: _Numbers
    upper_margins: Annotated[_Numbers, Field(description="Upper limit: expected + (100 - sensitivity) * margin.")]
    lower_margins: Annotated[_Numbers, Field(description="Lower limit: expected - (100 - sensitivity) * margin.")]
    is_anomaly: _Flags
    is_negative_anomaly: _Flags
    is_positive_anomaly: _Flags
    severity: Annotated[_Numbers, Field(description="0 to 1, 0 where there is no anomaly.")]

    @classmethod
    def of(cls, found: service.EntireDetection) -> EntireResponse:
        """The answer for a judgement."""
        margins = [found.margin] * found.anomaly.size
        return cls(
            period=found.period,
            expected_values=found.expected.tolist(),
            upper_margins=margins,
            lower_margins=margins,
            is_anomaly=found.anomaly.tolist(),
            is_negative_anomaly=found.negative.tolist(),
            is_positive_anomaly=found.positive.tolist(),
            severity=found.severity.tolist(),
        )


class LastResponse(_Response):
    """The judgement of the last point."""

    suggested_window: Annotated[int, Field(description="How many points a series should have for this.")]
    expected_value: float
    upper_margin: float
    lower_margin: float
    is_anomaly: bool
    is_negative_anomaly: bool
    is_positive_anomaly: bool
    severity: float

    @classmethod
    def of(cls, found: service.LastDetection) -> LastResponse:
        """The answer for a judgement."""
        return cls(
            period=found.period,
            suggested_window=found.window,
            expected_value=found.expected,
            upper_margin=found.margin,
            lower_margin=found.margin,
            is_anomaly=found.anomaly,
            is_negative_anomaly=found.negative,
            is_positive_anomaly=found.positive,
            severity=found.severity,
        )


class ChangePointResponse(_Response):
    """Where the trend changes; arrays are aligned with the series."""

    is_change_point: _Flags
    confidence_scores: Annotated[_Numbers, Field(description="0 to 1.")]

    @classmethod
    def of(cls, found: service.ChangePointDetection) -> ChangePointResponse:
        """The answer for a judgement."""
        return cls(
            period=found.period,
            is_change_point=found.is_change.tolist(),
            confidence_scores=found.confidence.tolist(),
        )


def _answer(model: type[BaseModel]) -> dict[int, Any]:
    return {200: {"description": "The judgement.", "content": {"application/json": {"model": model}}}}


@route(
    routes.post,
    f"{_PREFIX}/entire/detect",
    tag=_TAG,
    success="",
    problems=_PROBLEMS,
    lenient=True,
    scope=Scope.READ,
    limits=series_limits,
    also=_answer(EntireResponse),
)
def detect_entire_series(body: Annotated[DetectionRequest, Body()], request: RequestDep) -> Response[str]:
    """Judge every point of a series.

    By the points around it, as `detect_univariate_entire_series` of Microsoft's client asks.
    """
    request.spend(len(body.series))
    found = service.detect_entire(body.on_grid, sensitivity=body.sensitivity, max_anomaly_ratio=body.max_anomaly_ratio)
    _record(request, points=found.anomaly.size, anomalies=int(np.count_nonzero(found.anomaly)))
    return _json(EntireResponse.of(found), request)


@route(
    routes.post,
    f"{_PREFIX}/last/detect",
    tag=_TAG,
    success="",
    problems=_PROBLEMS,
    lenient=True,
    scope=Scope.READ,
    limits=series_limits,
    also=_answer(LastResponse),
)
def detect_last_point(body: Annotated[DetectionRequest, Body()], request: RequestDep) -> Response[str]:
    """Judge the last point of a series.

    By the points before it, as `detect_univariate_last_point` of Microsoft's client asks.
    """
    request.spend(len(body.series))
    found = service.detect_last(body.on_grid, sensitivity=body.sensitivity)
    _record(request, points=1, anomalies=int(found.anomaly))
    return _json(LastResponse.of(found), request)


@route(
    routes.post,
    f"{_PREFIX}/changepoint/detect",
    tag=_TAG,
    success="",
    problems=_PROBLEMS,
    lenient=True,
    scope=Scope.READ,
    limits=series_limits,
    also=_answer(ChangePointResponse),
)
def detect_change_points(body: Annotated[ChangePointRequest, Body()], request: RequestDep) -> Response[str]:
    """Find where the trend of a series changes.

    As `detect_univariate_change_point` of Microsoft's client asks.
    """
    request.spend(len(body.series))
    found = service.detect_change_points(body.on_grid, window=body.stable_trend_window, threshold=body.threshold)
    _record(request, points=found.is_change.size, anomalies=int(np.count_nonzero(found.is_change)))
    return _json(ChangePointResponse.of(found), request)


def _record(request: ApiRequest, *, points: int, anomalies: int) -> None:
    record_detection(points=points, anomalies=anomalies, elapsed_ms=request.stopwatch.elapsed_ms)


def _json(answer: BaseModel, request: ApiRequest) -> Response[str]:
    return json_answer(answer.model_dump(by_alias=True), request.headers)
