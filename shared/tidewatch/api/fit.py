"""POST /fit/{series_id}: train a model on a series and publish it as the next version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from tidewatch.api.app import route
from tidewatch.api.changes import Promote, Reason, cause_of
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.detector_options import AnyDetectorOptions
from tidewatch.api.fields import IdempotencyKey, Int32, SeriesId
from tidewatch.api.fit_request import TrainingRequest, fingerprint
from tidewatch.api.fit_rows import FitColumnsRequest, FitRowsRequest, form_of_rows
from tidewatch.api.idempotency import IdempotencyDep
from tidewatch.api.request import PublisherDep, RequestDep
from tidewatch.detectors import CATALOGUE, DEFAULT_DETECTOR, DetectorOptions
from tidewatch.registry import ModelKind, Receipt
from tidewatch.series import EARLIEST, LATEST, InvalidSeries, TimeSeries, preflight
from tidewatch.services import fit as service
from tidewatch.services import fit_rows
from tidewatch.settings import Settings, settings
from tidewatch.telemetry import record_training

routes = Router()  # type: ignore[no-untyped-call]

_MOST_POINTS: Final[int] = Settings.model_fields["max_points"].default


def _default_options() -> DetectorOptions:
    return CATALOGUE[DEFAULT_DETECTOR].options_type()  # type: ignore[call-arg]


def _limits(settings: Settings) -> BodyLimits:
    # Twice the items of the largest series or rows, so that those which are too long are told how long they are.
    items = 1_000 + max(4 * settings.max_points, 2 * settings.max_cells)
    return BodyLimits(settings.max_body_bytes, containers=256 + 2 * settings.max_points, items=items)


class FitRequest(TrainingRequest):
    """A series to train on, and optionally how."""

    catalogue = CATALOGUE
    default_detector = DEFAULT_DETECTOR

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
        Field(description="One finite number for each timestamp; not all equal, unless `allow_constant` is true."),
    ]
    detector: Annotated[
        AnyDetectorOptions,
        Field(default_factory=_default_options, description="The detector and its options."),
    ]
    allow_constant: Annotated[
        bool,
        Field(
            strict=True,
            description="Whether a series of equal values is learned, not refused: any change is an anomaly then.",
        ),
    ] = False

    promote: Promote = True
    reason: Reason = ""

    _series: TimeSeries = PrivateAttr()

    @property
    def series(self) -> TimeSeries:
        """The series that passed preflight."""
        return self._series

    def fingerprint(self) -> str:
        """A hash of what the request means."""
        # What an earlier release did not know has no part where it is as it was then.
        told = [self.allow_constant, self.detector.model_dump(), *([] if self.promote else ["unpromoted"])]
        if self.description is not None:
            told.append(self.description.to_json())
        if self.timezone is not None:
            told.append({"timezone": self.timezone})
        return fingerprint(self._series.timestamps, self._series.values, told)

    @classmethod
    def _read(cls, data: dict[str, Any]) -> dict[str, Any]:
        if not all(isinstance(data.get(field), list) for field in ("timestamps", "values")):
            return {}
        outcome = preflight(
            data["timestamps"],
            data["values"],
            most_points=settings().max_points,
            allow_constant=data.get("allow_constant") is True,
        )
        if outcome.series is None:
            raise InvalidSeries(outcome.problems)
        return {"_series": outcome.series, "timestamps": [], "values": []}


def _read_body(body: Any, _: ValidatorFunctionWrapHandler) -> FitRequest | FitRowsRequest | FitColumnsRequest:
    """Reads a series, or rows where there is a field for them: problems are then told of the form that was meant."""
    return (form_of_rows(body) or FitRequest).model_validate(body)


FitBody = Annotated[FitRequest | FitRowsRequest | FitColumnsRequest, WrapValidator(_read_body), Body()]


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
    kind: Annotated[ModelKind, Field(description="Whether it judges points of one variable, or rows of several.")] = (
        "series"
    )
    variables: Annotated[list[str], Field(description="The variables of a row; empty for a series.")] = []
    timezone: Annotated[str, Field(description="The time zone whose days and weeks the series has.")] = "UTC"
    warnings: Annotated[
        list[str],
        Field(description="What of the series may make the model worse: gaps, a flat end, few cycles of a season."),
    ] = []

    @classmethod
    def of(cls, result: service.FitResult) -> FitResponse:
        """The answer for a published version."""
        version = result.version
        return cls(
            series_id=version.series_id,
            version=version.version,
            points_used=version.points_used,
            detector=version.detector,
            options=dict(version.options),
            trained_at=version.trained_at,
            learned=dict(result.learned),
            warnings=list(result.warnings),
            kind=version.kind,
            variables=list(version.variables),
            timezone=version.timezone,
        )


@route(
    routes.post,
    "/fit/<series_id>",
    tag="Models",
    success="The new version and what it learned.",
    problems=(400, 409, 413, 415, 422, 503),
    limits=_limits,
)
def fit(
    series_id: SeriesId,
    body: FitBody,
    request: RequestDep,
    publisher: PublisherDep,
    idempotency: IdempotencyDep,
    idempotency_key: IdempotencyKey = None,
) -> FitResponse:
    """Train a model.

    Trains a detector on a series, or on rows of many variables, and publishes it as the next version: v1, v2, … without
    a gap. It judges from then on, unless `promote` is false.
    """
    series = request.series(series_id)

    def train(receipt: Receipt | None) -> FitResponse:
        request.check_series_limit(series)
        request.spend(len(body.series) if isinstance(body, FitRequest) else body.frame.values.size)
        if isinstance(body, FitRequest):
            result = service.fit(
                series,
                body.series,
                body.detector,
                publisher=publisher,
                receipt=receipt,
                allow_constant=body.allow_constant,
                promote=body.promote,
                cause=cause_of(request, body.reason),
                description=body.description,
                timezone=body.timezone,
                deadline=request.deadline,
            )
        else:
            result = fit_rows.fit(
                series,
                body.frame,
                body.detector,
                publisher=publisher,
                receipt=receipt,
                promote=body.promote,
                cause=cause_of(request, body.reason),
                description=body.description,
                timezone=body.timezone,
                deadline=request.deadline,
                field=body.field,
            )
        record_training(points=result.version.points_used, elapsed_ms=request.stopwatch.elapsed_ms)
        return FitResponse.of(result)

    return idempotency.run(
        train,
        answer=FitResponse,
        key=idempotency_key,
        scope=f"fit/{request.tenant}/{series_id}",
        fingerprint=body.fingerprint(),
        context=request.context,
    )
