"""POST /predict/{series_id}: judge a point, or many, by a version of a series' model."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from tidewatch import composition
from tidewatch.api.answers import takes_gzip
from tidewatch.api.app import route
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.fields import (
    DIRECTIONS,
    MOMENT,
    Direction,
    SeriesId,
    StrictModel,
    Version,
    as_errors,
    check_timestamp,
    check_value,
    selector,
)
from tidewatch.api.predict_rows import (
    PredictRowsRequest,
    PredictRowsResponse,
    answer_prediction,
    answer_rows,
    rows_limits,
)
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.detectors import Scores
from tidewatch.series import POINT_FIELDS, InvalidSeries, Problem, TimeSeries, read_points
from tidewatch.services import predict as service
from tidewatch.settings import Settings
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]

_MOST_CONTEXT: Final = 20_000
_MOST_POINTS: Final = 10_000
"""Lambda's answers have 6 MB at the most, and a point takes up to 500 bytes of it."""
_MOST_POINTS_GZIPPED: Final = 30_000
"""Packed, a point takes up to 150 bytes."""
_TOO_MANY: Final = (
    f"a prediction takes at most {_MOST_POINTS:,} points, or {_MOST_POINTS_GZIPPED:,} with the header "
    "'Accept-Encoding: gzip', got {:,}"
)

_POINT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"timestamp": MOMENT, "value": {"type": "number"}},
    "required": list(POINT_FIELDS),
    "additionalProperties": False,
}


Context = Annotated[
    list[Annotated[float, PlainValidator(check_value), WithJsonSchema({"type": "number"})]] | None,
    Field(
        fail_fast=True,
        max_length=_MOST_CONTEXT,
        description="The values just before, oldest first, at the sampling step of the training data. Without it "
        "the end of the training data is what came before.",
    ),
]


def _limits(settings: Settings) -> BodyLimits:
    # Twice the points, so that a request with too many is told how many it has.
    points = 2 * _MOST_POINTS_GZIPPED
    items = 1_000 + 2 * _MOST_CONTEXT + 2 * points
    rows = rows_limits(settings)
    return BodyLimits(rows.most_bytes, containers=max(64 + points, rows.containers), items=max(items, rows.items))


class PredictRequest(StrictModel):
    """One point to judge."""

    timestamp: Annotated[
        int,
        PlainValidator(check_timestamp),
        WithJsonSchema(MOMENT),
        Field(description="When: Unix seconds or ISO 8601, as a string; an integer is taken as Unix seconds."),
    ]
    value: Annotated[
        float,
        PlainValidator(check_value),
        WithJsonSchema({"type": "number"}),
        Field(description="The value at that time, finite."),
    ]
    context: Context = None

    def series(self) -> TimeSeries:
        """The point, as a series of one."""
        return TimeSeries.of_point(self.timestamp, self.value)


class PredictBatchRequest(StrictModel):
    """Points to judge, each by those before it."""

    points: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": _POINT, "minItems": 1, "maxItems": _MOST_POINTS_GZIPPED}),
        Field(
            description=f"In the order of time: up to {_MOST_POINTS:,}, or up to {_MOST_POINTS_GZIPPED:,} where the "
            "answer is taken gzipped.",
        ),
    ]
    context: Context = None

    _series: TimeSeries = PrivateAttr()

    def series(self) -> TimeSeries:
        """The points that were checked."""
        return self._series

    @model_validator(mode="after")
    def _check(self) -> PredictBatchRequest:
        try:
            self._series = read_points("points", self.points, most_points=_MOST_POINTS_GZIPPED, purpose="a prediction")
        except InvalidSeries as invalid:
            raise ValidationError.from_exception_data("PredictBatchRequest", as_errors(invalid.problems)) from None
        self.points = []
        return self


def _read_body(body: Any, _: ValidatorFunctionWrapHandler) -> PredictRequest | PredictBatchRequest | PredictRowsRequest:
    """Reads one point, or many where there is a field for them: problems are then told of the form that was meant."""
    if isinstance(body, dict) and "rows" in body:
        return PredictRowsRequest.model_validate(body)
    form = PredictBatchRequest if isinstance(body, dict) and "points" in body else PredictRequest
    return form.model_validate(body)


PredictBody = Annotated[PredictRequest | PredictBatchRequest | PredictRowsRequest, WrapValidator(_read_body), Body()]


class PointJudgement(BaseModel):
    """The judgement of one point."""

    # Nothing is validated by it: answers are written from arrays.
    model_config = ConfigDict(defer_build=True)

    timestamp: Annotated[datetime, Field(description="The point's time as it was understood, in UTC.")]
    value: float
    anomaly: Annotated[bool, Field(description="Whether the point is unusual.")]
    score: Annotated[
        float | None,
        Field(description="The detector's own statistic; for three_sigma the z-score. Null while warming up."),
    ]
    p_value: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of usual points that are as unusual; the same scale for all detectors."),
    ]
    severity: Annotated[
        float | None,
        Field(ge=0, le=1, description="e / (e + 3) for e = -log10(p_value): 0.5 is 1 in 1,000, 0.67 1 in 1,000,000."),
    ]
    expected: Annotated[float | None, Field(description="What the model expected; null where it expects nothing.")]
    lower: Annotated[float | None, Field(description="The lower limit; null where the model has none.")]
    upper: Annotated[float | None, Field(description="The upper limit; null where the model has none.")]
    direction: Annotated[Direction | None, Field(description="Whether the value is higher or lower than expected.")]
    warming_up: Annotated[bool, Field(description="Whether too few points came before to judge this one.")]
    incident: Annotated[
        float | None,
        Field(
            ge=0,
            description="Evidence that something is going on, for alerting once per incident; for auto 0 to 12.5. Null "
            "of other detectors, and while warming up.",
        ),
    ]


class PredictResponse(PointJudgement):
    """The judgement of one point, and what judged it."""

    series_id: str
    model_version: Annotated[str, Field(description="The version that judged it.")]
    detector: Annotated[str, Field(description="The detector's name.")]


class PredictBatchResponse(BaseModel):
    """The judgements of many points, in their order, and what judged them."""

    model_config = ConfigDict(defer_build=True)

    series_id: str
    model_version: Annotated[str, Field(description="The version that judged them.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    predictions: list[PointJudgement]


# For the documentation; answers are written from arrays, since they may have tens of thousands of points.
_ANSWER: Final = {
    200: {
        "description": "The judgement; of many points, their judgements.",
        "content": {"application/json": {"model": PredictResponse | PredictBatchResponse | PredictRowsResponse}},
    }
}


@route(
    routes.post,
    "/predict/<series_id>",
    tag="Models",
    success="",
    problems=(400, 404, 413, 415, 422, 503),
    also=_ANSWER,
    limits=_limits,
    scope=Scope.READ,
)
def predict(
    series_id: SeriesId, body: PredictBody, request: RequestDep, registry: RegistryDep, version: Version = None
) -> Response[str]:
    """Judge a point, or many, or rows.

    Says whether a point is unusual for its series, or a row of many variables, and what each of them contributed. Of
    many each is judged by those before it. A model is visible here as soon as its fit answered.
    """
    series = request.series(series_id)
    if isinstance(body, PredictRowsRequest):
        return answer_rows(series, body, request, registry, selector(version), composition.observation_store)
    points = body.series()
    if len(points) > _MOST_POINTS and not takes_gzip(request.headers.get("accept-encoding", "")):
        raise InvalidSeries([Problem(("points",), _TOO_MANY.format(len(points)), "too_many_points")])
    request.spend(len(points))
    prediction = service.predict(
        series,
        points,
        registry=registry,
        selector=selector(version),
        context=None if body.context is None else np.array(body.context, dtype=np.float64),
        observations=composition.observation_store,
        deadline=request.deadline,
    )
    judged = judgements(points, prediction.scores)
    single = isinstance(body, PredictRequest)
    return answer_prediction(series, prediction, judged[0] if single else {"predictions": judged}, request)


def judgements(points: TimeSeries, scores: Scores) -> list[dict[str, Any]]:
    """What :class:`PointJudgement` describes, of every point; NaN stands for null."""
    columns = {
        "timestamp": np.datetime_as_string(points.timestamps.astype("datetime64[s]"), timezone="UTC"),
        "value": points.values,
        "anomaly": scores.anomaly,
        "score": scores.score,
        "p_value": scores.p_value,
        "severity": scores.severity,
        "expected": scores.expected,
        "lower": scores.lower,
        "upper": scores.upper,
        "direction": scores.direction,
        "warming_up": scores.warming_up,
        "incident": np.full(len(points), np.nan) if scores.incident is None else scores.incident,
    }
    names = tuple(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]
    for row in rows:
        row["direction"] = DIRECTIONS[row["direction"]]
    return rows
