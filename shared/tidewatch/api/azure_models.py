"""Requests and responses of Azure Anomaly Detector's univariate API, and how we answer them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

import numpy as np
from aws_lambda_powertools.event_handler.openapi.params import Body
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from tidewatch.api.requests import parse_value
from tidewatch.detectors.retrospective.change_points import find_changes
from tidewatch.detectors.retrospective.last_point import judge_last
from tidewatch.detectors.retrospective.whole_series import judge_whole
from tidewatch.series.granularity import Filled, Granularity, ImputeMode, OffGrid, fill, places_of
from tidewatch.settings import Settings, settings

FEWEST_POINTS: Final = 12
MOST_MISSING: Final = 0.1
"""Share of the grid's places that may have no point."""

_SPREADS_OF_A_MARGIN: Final = 0.7
"""A margin is the width of the band at sensitivity 99; at the default of 95 it is five of them, 3.5 spreads."""
_MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default

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
    value: Annotated[float, PlainValidator(parse_value), WithJsonSchema({"type": "number"})]


class _Request(BaseModel):
    """What the three calls have in common. Unknown fields are ignored, as there."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True, allow_inf_nan=False)

    series: Annotated[
        list[Point], Field(min_length=FEWEST_POINTS, max_length=_MOST_POINTS, description="In the order of time.")
    ]
    custom_interval: Annotated[
        int, Field(ge=1, description="How many units of the granularity lie between points.")
    ] = 1
    period: Annotated[int | None, Field(ge=0, description="In points; looked for if it is not given.")] = None

    _filled: Filled

    @property
    def filled(self) -> Filled:
        """The series without gaps."""
        return self._filled

    @property
    def values(self) -> NDArray[np.float64]:
        """The values that were sent, float64, shape (n,)."""
        return np.array([point.value for point in self.series])

    @property
    def known_period(self) -> int | None:
        """The period, if the sender knows of one; 0 and 1 are none."""
        return self.period if self.period is None or self.period > 1 else 0

    def _fill_gaps(self, granularity: Granularity, mode: ImputeMode, fixed: float) -> None:
        places = self._places(granularity)
        _check_size(len(self.series))
        self._filled = fill(places, self.values, mode, fixed, self.known_period or None)

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
        if missing > MOST_MISSING * (places[-1] + 1):
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

    @property
    def reach(self) -> int:
        """How many margins the band is wide on each side."""
        return 100 - self.sensitivity

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
    def of(cls, request: DetectionRequest) -> EntireResponse:
        """Judges the whole series."""
        found = judge_whole(request.filled.values, request.known_period)
        values, expected = request.values, found.expected[request.filled.given]
        margin = _SPREADS_OF_A_MARGIN * found.spread
        residual = values - expected
        anomaly = np.abs(residual) > request.reach * margin
        most = int(request.max_anomaly_ratio * values.size)
        if np.count_nonzero(anomaly) > most:
            anomaly[np.argsort(-np.abs(residual), kind="stable")[most:]] = False
        return cls(
            period=found.period or 0,
            expected_values=expected.tolist(),
            upper_margins=[margin] * values.size,
            lower_margins=[margin] * values.size,
            is_anomaly=anomaly.tolist(),
            is_negative_anomaly=(anomaly & (residual < 0)).tolist(),
            is_positive_anomaly=(anomaly & (residual > 0)).tolist(),
            severity=np.where(anomaly, found.severity[request.filled.given], 0.0).tolist(),
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
    def of(cls, request: DetectionRequest) -> LastResponse:
        """Judges the last point by those before it."""
        found = judge_last(request.filled.values, request.known_period)
        residual = float(request.values[-1]) - found.expected
        margin = _SPREADS_OF_A_MARGIN * found.spread
        anomaly = abs(residual) > request.reach * margin
        return cls(
            period=found.period or 0,
            suggested_window=found.window,
            expected_value=found.expected,
            upper_margin=margin,
            lower_margin=margin,
            is_anomaly=anomaly,
            is_negative_anomaly=anomaly and residual < 0,
            is_positive_anomaly=anomaly and residual > 0,
            severity=found.severity if anomaly else 0.0,
        )


class ChangePointResponse(_Response):
    """Where the trend changes; arrays are aligned with the series."""

    is_change_point: _Flags
    confidence_scores: Annotated[_Numbers, Field(description="0 to 1.")]

    @classmethod
    def of(cls, request: ChangePointRequest) -> ChangePointResponse:
        """Looks for changes."""
        found = find_changes(
            request.filled.values,
            period=request.known_period,
            window=request.stable_trend_window,
            least_confidence=1.0 - 0.1 * request.threshold,
        )
        given = request.filled.given
        return cls(
            period=found.period or 0,
            is_change_point=found.is_change[given].tolist(),
            confidence_scores=found.confidence[given].tolist(),
        )


DetectionBody = Annotated[DetectionRequest, Body()]
ChangePointBody = Annotated[ChangePointRequest, Body()]


def _check_size(points: int) -> None:
    most = settings().max_detect_points
    if points > most:
        raise _wrong(("series",), f"at most {most:,} points are taken, got {points:,}")


def _wrong(loc: tuple[str | int, ...], message: str) -> ValidationError:
    # The input stays out: it is the client's payload.
    error = InitErrorDetails(type=PydanticCustomError("invalid_series", message), loc=loc, input=None)
    return ValidationError.from_exception_data("request", [error])
