"""POST /predict/{series_id}: judge a point by a version of its series' model.

Without ``from __future__ import annotations``: Powertools would compile string annotations anew at each request.
"""

import math
from datetime import UTC, datetime
from typing import Annotated, Final

import numpy as np
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from tidewatch.api.app import route
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.dependencies import RegistryDep
from tidewatch.api.parameters import SeriesId, Version, selector
from tidewatch.api.request import RequestDep
from tidewatch.api.schemas import DIRECTIONS, Direction, StrictModel, check_timestamp, check_value
from tidewatch.series import EARLIEST, LATEST, TimeSeries
from tidewatch.services import predict as service
from tidewatch.settings import Settings
from tidewatch.telemetry import record_prediction

routes = Router()  # type: ignore[no-untyped-call]

_MOST_CONTEXT: Final = 20_000


def _limits(settings: Settings) -> BodyLimits:
    return BodyLimits(min(settings.max_body_bytes, 2 * 2**20), containers=64, items=1_000 + 2 * _MOST_CONTEXT)


class PredictRequest(StrictModel):
    """One point to judge."""

    timestamp: Annotated[
        int,
        PlainValidator(check_timestamp),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}]}),
        Field(description="When: Unix seconds or ISO 8601, as a string; an integer is taken as Unix seconds."),
    ]
    value: Annotated[
        float,
        PlainValidator(check_value),
        WithJsonSchema({"type": "number"}),
        Field(description="The value at that time, finite."),
    ]

    context: Annotated[
        list[Annotated[float, PlainValidator(check_value), WithJsonSchema({"type": "number"})]] | None,
        Field(
            fail_fast=True,
            max_length=_MOST_CONTEXT,
            description="The values just before, oldest first, at the sampling step of the training data. Without it "
            "the end of the training data is what came before.",
        ),
    ] = None


class PredictResponse(BaseModel):
    """The judgement of one point."""

    series_id: str
    timestamp: Annotated[datetime, Field(description="The point's time as it was understood, in UTC.")]
    value: float
    anomaly: Annotated[bool, Field(description="Whether the point is unusual.")]
    model_version: Annotated[str, Field(description="The version that judged it.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    score: Annotated[
        float | None,
        Field(description="The detector's own statistic; for three_sigma the z-score. Null while warming up."),
    ]
    p_value: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of usual points that are as strange; the same scale for all detectors."),
    ]
    severity: Annotated[
        float | None,
        Field(ge=0, le=1, description="e / (e + 3) for e = -log10(p_value): 0.5 is 1 in 1,000, 0.67 1 in 1,000,000."),
    ]
    direction: Annotated[Direction | None, Field(description="Whether the value is higher or lower than expected.")]
    warming_up: Annotated[bool, Field(description="Whether too few points came before to judge this one.")]
    expected: Annotated[float | None, Field(description="What the model expected; null where it expects nothing.")]
    lower: Annotated[float | None, Field(description="The lower limit; null where the model has none.")]
    upper: Annotated[float | None, Field(description="The upper limit; null where the model has none.")]

    @classmethod
    def of(cls, prediction: service.Prediction) -> "PredictResponse":
        """The answer for the one point that was judged."""
        version, points, scores = prediction.version, prediction.points, prediction.scores
        return cls(
            series_id=version.series_id,
            timestamp=datetime.fromtimestamp(points.start, UTC),
            value=float(points.values[0]),
            anomaly=bool(scores.anomaly[0]),
            model_version=version.version,
            detector=version.detector,
            score=_or_none(scores.score[0]),
            p_value=_or_none(scores.p_value[0]),
            severity=_or_none(scores.severity[0]),
            direction=DIRECTIONS[int(scores.direction[0])],
            warming_up=bool(scores.warming_up[0]),
            expected=_or_none(scores.expected[0]),
            lower=_or_none(scores.lower[0]),
            upper=_or_none(scores.upper[0]),
        )


@route(
    routes.post,
    "/predict/<series_id>",
    tag="Models",
    success="The judgement.",
    problems=(400, 404, 413, 415, 422, 503),
    limits=_limits,
)
def predict(
    series_id: SeriesId,
    body: Annotated[PredictRequest, Body()],
    request: RequestDep,
    registry: RegistryDep,
    version: Version = None,
) -> PredictResponse:
    """Judge a point.

    Says whether a point is unusual for its series. A model is visible here as soon as its fit answered.
    """
    prediction = service.predict(
        request.series(series_id),
        TimeSeries.of_point(body.timestamp, body.value),
        registry=registry,
        selector=selector(version),
        context=None if body.context is None else np.array(body.context, dtype=np.float64),
        deadline=request.deadline,
    )
    answer = PredictResponse.of(prediction)
    record_prediction(answer.detector, points=1, anomalies=int(answer.anomaly), elapsed_ms=request.stopwatch.elapsed_ms)
    return answer


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
