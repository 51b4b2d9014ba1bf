"""The univariate API of Azure Anomaly Detector, v1.1, for clients that were written for it.

Routes, fields and error codes are those of Microsoft's client library ``azure-ai-anomalydetector``; what decides is
ours. What differs is told in docs/azure-anomaly-detector.md.

No ``from __future__ import annotations``: Powertools reads the annotations of a route at each request.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from tidewatch.api.azure_models import (
    ChangePointBody,
    ChangePointResponse,
    DetectionBody,
    EntireResponse,
    LastResponse,
)
from tidewatch.api.detection_responses import json_answer
from tidewatch.api.routing import route
from tidewatch.telemetry import record_detection

azure_routes = Router()  # type: ignore[no-untyped-call]

_PREFIX: Final = "/anomalydetector/v1.1/timeseries"
_TAG: Final = "Azure Anomaly Detector"
_PROBLEMS: Final = (400, 413, 415)
_NAME: Final = "azure"


def _answer(model: type[BaseModel]) -> dict[int, Any]:
    return {200: {"description": "The judgement.", "content": {"application/json": {"model": model}}}}


@route(
    azure_routes.post,
    f"{_PREFIX}/entire/detect",
    tag=_TAG,
    success="",
    problems=_PROBLEMS,
    also=_answer(EntireResponse),
)
def detect_entire_series(body: DetectionBody) -> Response[str]:
    """Judge every point of a series.

    By the points around it, as `detect_univariate_entire_series` of Microsoft's client asks.
    """
    found = EntireResponse.of(body)
    record_detection(_NAME, judged=len(found.is_anomaly), anomalous=sum(found.is_anomaly))
    return _said(found)


@route(
    azure_routes.post, f"{_PREFIX}/last/detect", tag=_TAG, success="", problems=_PROBLEMS, also=_answer(LastResponse)
)
def detect_last_point(body: DetectionBody) -> Response[str]:
    """Judge the last point of a series.

    By the points before it, as `detect_univariate_last_point` of Microsoft's client asks.
    """
    found = LastResponse.of(body)
    record_detection(_NAME, judged=1, anomalous=int(found.is_anomaly))
    return _said(found)


@route(
    azure_routes.post,
    f"{_PREFIX}/changepoint/detect",
    tag=_TAG,
    success="",
    problems=_PROBLEMS,
    also=_answer(ChangePointResponse),
)
def detect_change_points(body: ChangePointBody) -> Response[str]:
    """Find where the trend of a series changes.

    As `detect_univariate_change_point` of Microsoft's client asks.
    """
    found = ChangePointResponse.of(body)
    record_detection(_NAME, judged=len(found.is_change_point), anomalous=sum(found.is_change_point))
    return _said(found)


def _said(found: BaseModel) -> Response[str]:
    return json_answer(found.model_dump(by_alias=True), azure_routes.current_event.headers)


_CODES: Final[Mapping[str, str]] = {
    "series": "InvalidSeries",
    "granularity": "InvalidGranularity",
    "customInterval": "InvalidCustomInterval",
    "period": "InvalidPeriod",
    "maxAnomalyRatio": "InvalidModelArgument",
    "sensitivity": "InvalidModelArgument",
    "stableTrendWindow": "InvalidModelArgument",
    "threshold": "InvalidModelArgument",
    "imputeMode": "InvalidImputeMode",
    "imputeFixedValue": "InvalidImputeFixedValue",
}
_REQUIRED: Final[Mapping[str, str]] = {"series": "RequiredSeries", "granularity": "RequiredGranularity"}


def in_azures_words(event: Mapping[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """The response to an event; a problem on these routes with code and message, and 400 for an invalid request."""
    if response["statusCode"] < 400 or not str(event.get("path")).startswith("/anomalydetector/"):
        return response
    said = _said_by_azure(orjson.loads(response["body"]))
    return response | {"statusCode": said["status"], "body": orjson.dumps(said).decode()}


def _said_by_azure(problem: Mapping[str, Any]) -> dict[str, Any]:
    code = "InvalidJsonFormat" if problem["status"] == 400 else "BadArgument"
    message = problem["detail"]
    if problem.get("errors"):
        first = problem["errors"][0]
        place = str(first["loc"][1]) if len(first["loc"]) > 1 else ""
        code = (_REQUIRED if first["type"] == "missing" and len(first["loc"]) == 2 else _CODES).get(place, code)
        message = f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"
    status = 400 if problem["status"] == 422 else problem["status"]
    return {**problem, "status": status, "code": code, "message": message}
