"""The univariate API of Azure Anomaly Detector, v1.1, for clients that were written for it.

Routes, fields and error codes are those of Microsoft's client library ``azure-ai-anomalydetector``; the method is ours.
docs/azure-anomaly-detector.md lists the differences.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from tidewatch.api.answers import json_answer
from tidewatch.api.app import route, series_limits
from tidewatch.api.fields import check_value
from tidewatch.api.request import ApiRequest, RequestDep
from tidewatch.series.granularity import Granularity, ImputeMode, OffGrid, fill, places_of
from tidewatch.services import azure as service
from tidewatch.settings import Settings, settings
from tidewatch.telemetry import record_detection
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]

_PREFIX: Final = "/anomalydetector/v1.1/timeseries"
_TAG: Final = "Azure Anomaly Detector"
_PROBLEMS: Final = (400, 413, 415)

_FEWEST_POINTS: Final = 12
_MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default
_LARGEST: Final = 2**31 - 1
"""Of an integer: Azure's are of 32 bits."""
_MOST_MISSING: Final = 0.1
"""Share of the grid's places that may have no point."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_Flags = list[bool]
_Numbers = list[float]


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _microseconds(moment: Any) -> int | None:
    """Microseconds since 1970 of ISO 8601; no zone means UTC."""
    if moment is None:
        return None
    try:
        at = datetime.fromisoformat(moment.strip())
        since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    except (AttributeError, ValueError, OverflowError):
        raise PydanticCustomError("timestamp_form", "a timestamp is ISO 8601, such as 2026-01-01T00:00:00Z") from None
    return since // _MICROSECOND


class Point(BaseModel):
    """One point of the series."""

    timestamp: Annotated[
        int | None,
        PlainValidator(_microseconds),
        WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
        Field(description="ISO 8601; no zone means UTC."),
    ] = None
    value: Annotated[float, PlainValidator(check_value), WithJsonSchema({"type": "number"})]


class _Request(BaseModel):
    """What the three calls have in common. Unknown fields are ignored, as there."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True, allow_inf_nan=False)

    series: Annotated[
        list[Point],
        Field(fail_fast=True, min_length=_FEWEST_POINTS, max_length=_MOST_POINTS, description="In the order of time."),
    ]
    custom_interval: Annotated[
        int, Field(ge=1, le=_LARGEST, description="How many units of the granularity lie between points.")
    ] = 1
    period: Annotated[int | None, Field(ge=0, le=_LARGEST, description="In points; looked for if it is not given.")] = (
        None
    )

    _on_grid: service.AzureSeries

    @property
    def on_grid(self) -> service.AzureSeries:
        """The series on the grid of its granularity."""
        return self._on_grid

    def _fill_gaps(self, granularity: Granularity, mode: ImputeMode, fixed: float) -> None:
        places = self._places(granularity)
        _check_size(len(self.series))
        # A period of 0 or 1 says that there is none.
        period = self.period if self.period is None or self.period > 1 else 0
        values = np.array([point.value for point in self.series])
        self._on_grid = service.AzureSeries(values, fill(places, values, mode, fixed, period or None), period)

    def _places(self, granularity: Granularity) -> NDArray[np.int64]:
        if granularity == "none":
            return np.arange(len(self.series))
        times = [point.timestamp for point in self.series]
        absent = next((index for index, time in enumerate(times) if time is None), None)
        if absent is not None:
            raise _wrong(("series", absent, "timestamp"), "a timestamp is required where there is a granularity")
        try:
            places = places_of([time for time in times if time is not None], granularity, self.custom_interval)
        except OffGrid as error:
            raise _wrong(("series", error.index, "timestamp"), str(error)) from None
        missing = int(places[-1]) + 1 - places.size
        if missing > _MOST_MISSING * (places[-1] + 1):
            raise _wrong(
                ("series",), f"{missing:,} of {int(places[-1]) + 1:,} points are missing; at most a tenth may be"
            )
        return places


class DetectionRequest(_Request):
    """A series to judge, whole or by its last point."""

    granularity: Annotated[Granularity, BeforeValidator(_lower)] = "none"
    max_anomaly_ratio: Annotated[float, Field(gt=0, lt=0.5, description="The most that are called anomalies.")] = 0.25
    sensitivity: Annotated[int, Field(ge=0, le=99, description="The higher, the narrower the band.")] = 95
    impute_mode: ImputeMode = "auto"
    impute_fixed_value: Annotated[float | None, Field(description="The value of imputeMode fixed.")] = None

    @model_validator(mode="after")
    def _fill(self) -> Self:
        if self.impute_mode == "fixed" and self.impute_fixed_value is None:
            raise _wrong(("imputeFixedValue",), "required where imputeMode is fixed")
        self._fill_gaps(self.granularity, self.impute_mode, self.impute_fixed_value or 0.0)
        return self


class ChangePointRequest(_Request):
    """A series to look for changes of its trend in."""

    granularity: Annotated[Granularity, BeforeValidator(_lower)]
    stable_trend_window: Annotated[
        int, Field(ge=5, le=200, description="How many points on either side a change must hold for.")
    ] = 10
    threshold: Annotated[float, Field(ge=0, le=1, description="The lower, the fewer changes are found.")] = 0.9

    @model_validator(mode="after")
    def _fill(self) -> Self:
        self._fill_gaps(self.granularity, "auto", 0.0)
        return self


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


def _check_size(points: int) -> None:
    most = settings().max_detect_points
    if points > most:
        raise _wrong(("series",), f"at most {most:,} points are taken, got {points:,}")


def _wrong(loc: tuple[str | int, ...], message: str) -> ValidationError:
    # The input stays out: it is the client's payload.
    error = InitErrorDetails(type=PydanticCustomError("invalid_series", message), loc=loc, input=None)
    return ValidationError.from_exception_data("request", [error])
