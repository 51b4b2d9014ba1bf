"""What a series to train on must be, and the answer of a fit.

Structure is pydantic's; what the numbers must be is the preflight of the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails

from tidewatch.api.requests import as_error, as_errors
from tidewatch.api.responses import Int32
from tidewatch.detectors import CATALOGUE, DEFAULT_DETECTOR, DetectorOptions
from tidewatch.registry import ModelVersion
from tidewatch.series import EARLIEST, LATEST, TimeSeries, preflight
from tidewatch.settings import Settings, settings

_OPTIONS_TYPES: Final[tuple[type[DetectorOptions], ...]] = tuple(d.options_type for d in CATALOGUE.values())
_MOST_POINTS: Final[int] = Settings.model_fields["max_points"].default

AnyDetectorOptions: Any = Annotated[reduce(or_, _OPTIONS_TYPES), Field(discriminator="name")]


def _default_options() -> DetectorOptions:
    return CATALOGUE[DEFAULT_DETECTOR].options_type()  # type: ignore[call-arg]


def _name_the_default(detector: Any) -> Any:
    """Options without a name are the default detector's."""
    return {"name": DEFAULT_DETECTOR} | detector if isinstance(detector, dict) else detector


class FitRequest(BaseModel):
    """A series to train on, and optionally how."""

    model_config = ConfigDict(extra="forbid")

    timestamps: Annotated[
        list[Any],
        WithJsonSchema(
            {
                "type": "array",
                "items": {"type": "integer", "format": "int64", "minimum": EARLIEST, "maximum": LATEST},
                "minItems": 5,
                "maxItems": _MOST_POINTS,
            }
        ),
        Field(description="Unix seconds, strictly increasing."),
    ]
    values: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 5, "maxItems": _MOST_POINTS}),
        Field(description="One finite number for each timestamp; not all equal."),
    ]
    detector: Annotated[
        AnyDetectorOptions,
        BeforeValidator(_name_the_default),
        Field(default_factory=_default_options, description="The detector and its options."),
    ]

    _series: TimeSeries = PrivateAttr()

    @property
    def series(self) -> TimeSeries:
        """The series that passed preflight."""
        return self._series

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[FitRequest]) -> FitRequest:
        """Runs the preflight also where the structure is at fault, so that one answer names every problem."""
        found: list[InitErrorDetails] = []
        request: FitRequest | None = None
        try:
            request = handler(data)
        except ValidationError as error:
            found += [in_plain_words(item) for item in error.errors(include_input=False)]
        if isinstance(data, dict) and all(isinstance(data.get(field), list) for field in ("timestamps", "values")):
            outcome = preflight(data["timestamps"], data["values"], most_points=settings().max_points)
            found += as_errors(outcome.problems)
            if request is not None and outcome.series is not None:
                request._series = outcome.series  # noqa: SLF001 - its own
                # The lists have served; a quarter of a million boxed numbers need not live through the fit.
                request.timestamps = request.values = []
        if request is None or found:
            raise ValidationError.from_exception_data("FitRequest", found)
        return request


class FitResponse(BaseModel):
    """The version that a fit published, and what it learned."""

    series_id: str
    version: Annotated[str, Field(description="The new version, such as v3.")]
    points_used: Annotated[Int32, Field(description="How many points it was trained on.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    options: Annotated[dict[str, Any], Field(description="The detector's options, defaults filled in.")]
    trained_at: Annotated[datetime, Field(description="When, in UTC.")]
    learned: Annotated[
        dict[str, float | None],
        Field(description="What the model learned, by name; null where there is none or beyond the range of a double."),
    ]

    @classmethod
    def of(cls, version: ModelVersion, learned: Mapping[str, float | None]) -> FitResponse:
        """The answer for a published version."""
        return cls(
            series_id=version.series_id,
            version=version.version,
            points_used=version.points_used,
            detector=version.detector,
            options=dict(version.options),
            trained_at=version.trained_at,
            learned=dict(learned),
        )


FitBody = Annotated[FitRequest, Body()]


def in_plain_words(error: ErrorDetails) -> InitErrorDetails:
    """A structural error as a client thinks of it: it chose a detector by name, not a branch of a union."""
    head, *rest = error["loc"]
    if head != "detector":
        return as_error(error["loc"], error["msg"], error["type"])
    if error["type"] == "union_tag_invalid":
        return as_error(("detector", "name"), f"no such detector; there are {', '.join(CATALOGUE)}", "unknown_detector")
    return as_error((head, *rest[1:]), error["msg"], error["type"])
