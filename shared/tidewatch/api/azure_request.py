"""What clients of Azure Anomaly Detector send: a series on the grid of its granularity, and how to judge it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from tidewatch.api.fields import check_value
from tidewatch.series.granularity import Granularity, ImputeMode, OffGrid, fill, places_of
from tidewatch.services.azure import AzureSeries
from tidewatch.settings import Settings, settings

_FEWEST_POINTS: Final = 12
_MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default
_LARGEST: Final = 2**31 - 1
"""Of an integer: Azure's are of 32 bits."""
_MOST_MISSING: Final = 0.1
"""Share of the grid's places that may have no point."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


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

    _on_grid: AzureSeries

    @property
    def on_grid(self) -> AzureSeries:
        """The series on the grid of its granularity."""
        return self._on_grid

    def _fill_gaps(self, granularity: Granularity, mode: ImputeMode, fixed: float) -> None:
        places = self._places(granularity)
        _check_size(len(self.series))
        # A period of 0 or 1 says that there is none.
        period = self.period if self.period is None or self.period > 1 else 0
        values = np.array([point.value for point in self.series])
        self._on_grid = AzureSeries(values, fill(places, values, mode, fixed, period or None), period)

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


def _check_size(points: int) -> None:
    most = settings().max_detect_points
    if points > most:
        raise _wrong(("series",), f"at most {most:,} points are taken, got {points:,}")


def _wrong(loc: tuple[str | int, ...], message: str) -> ValidationError:
    # The input stays out: it is the client's payload.
    error = InitErrorDetails(type=PydanticCustomError("invalid_series", message), loc=loc, input=None)
    return ValidationError.from_exception_data("request", [error])
