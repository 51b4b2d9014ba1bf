"""Problems as clients of Azure Anomaly Detector read them: a code, a message, and 400 for an invalid request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

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
_CODE_OF_STATUS: Final = {400: "InvalidJsonFormat", 401: "Unauthorized", 403: "Forbidden"}
_REQUIRED: Final[Mapping[str, str]] = {"series": "RequiredSeries", "granularity": "RequiredGranularity"}


def as_azure_response(event: Mapping[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """The response to an event. On the routes of Azure a problem also gets a code and a message."""
    if response["statusCode"] < 400 or not str(event.get("path")).startswith("/anomalydetector/"):
        return response
    problem = _azure_problem(orjson.loads(response["body"]))
    return response | {"statusCode": problem["status"], "body": orjson.dumps(problem).decode()}


def _azure_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    code = _CODE_OF_STATUS.get(problem["status"], "BadArgument")
    message = problem["detail"]
    if problem.get("errors"):
        first = problem["errors"][0]
        place = str(first["loc"][1]) if len(first["loc"]) > 1 else ""
        code = (_REQUIRED if first["type"] == "missing" and len(first["loc"]) == 2 else _CODES).get(place, code)
        message = f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"
    status = 400 if problem["status"] == 422 else problem["status"]
    return {**problem, "status": status, "code": code, "message": message}
