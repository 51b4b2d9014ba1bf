"""The body and the answer of predictions of rows of many variables, with a series and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from tidewatch.api.answers import json_answer, takes_gzip
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.fields import ROW, StrictModel
from tidewatch.api.request import ApiRequest
from tidewatch.detectors import RowScores
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.registry import Registry, SeriesKey, VersionSelector
from tidewatch.series import Frame, InvalidSeries, Problem
from tidewatch.services import predict_rows as service
from tidewatch.services.predict import Prediction
from tidewatch.settings import Settings
from tidewatch.telemetry import record_prediction, record_unkept

_MOST_ROWS: Final = 10_000
_MOST_CELLS: Final = 200_000
_MOST_ANSWERED: Final = 4_500_000
"""Bytes of an answer: Lambda takes 6 MB, of which base64 and headers take a part. Packed, an answer has a fifth."""
_PACKED: Final = 4
_ROW_BYTES: Final = 240
_SHARE_BYTES: Final = 12
_DIGITS: Final = 4
"""Of a contribution."""


def rows_limits(settings: Settings) -> BodyLimits:
    """The limits of a body with rows to judge."""
    # Twice the rows, so that a request with too many is told how many it has.
    return BodyLimits(
        min(settings.max_body_bytes, 8 * 2**20),
        containers=64 + 4 * _MOST_ROWS,
        items=1_000 + 4 * _MOST_ROWS + 2 * _MOST_CELLS,
    )


class PredictRowsRequest(StrictModel):
    """Rows of many variables to judge, each by those before it."""

    rows: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": ROW, "minItems": 1, "maxItems": _MOST_ROWS}),
        Field(
            description="Objects in the order of time: a timestamp, and a number for each variable that the model was "
            f"trained on. Up to {_MOST_ROWS:,}."
        ),
    ]
    context: Annotated[
        list[Any] | None,
        WithJsonSchema({"anyOf": [{"type": "array", "items": ROW, "maxItems": _MOST_ROWS}, {"type": "null"}]}),
        Field(
            description="The rows just before, oldest first. Without it the end of the training data is what came "
            "before."
        ),
    ] = None


class RowJudgement(BaseModel):
    """The judgement of one row."""

    # Nothing is validated by it: answers are written from arrays.
    model_config = ConfigDict(defer_build=True)

    timestamp: Annotated[datetime, Field(description="The row's time as it was understood, in UTC.")]
    anomaly: Annotated[bool, Field(description="Whether the row is unusual.")]
    score: Annotated[float | None, Field(description="The detector's own statistic. Null while warming up.")]
    p_value: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of usual rows that are as unusual; the same scale for all detectors."),
    ]
    severity: Annotated[
        float | None,
        Field(ge=0, le=1, description="e / (e + 3) for e = -log10(p_value): 0.5 is 1 in 1,000, 0.67 1 in 1,000,000."),
    ]
    contributions: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1)]] | None,
        Field(description="The share of each variable in the score, to 4 digits; their sum is 1. Null at first."),
    ]
    warming_up: Annotated[bool, Field(description="Whether too few rows came before to judge this one.")]


class PredictRowsResponse(BaseModel):
    """The judgements of rows, in their order, and what judged them."""

    # Nothing is validated by it: answers are written from arrays.
    model_config = ConfigDict(defer_build=True)

    series_id: str
    model_version: Annotated[str, Field(description="The version that judged them.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    predictions: list[RowJudgement]


def answer_rows(
    series: SeriesKey,
    body: PredictRowsRequest,
    request: ApiRequest,
    registry: Registry,
    selector: VersionSelector = None,
    observations: Callable[[], ObservationStore] | None = None,
) -> Response[str]:
    """Judges the rows of a request by a version of a series, and writes the answer.

    ``observations`` is where judgements are kept, where the series keeps them; None where nothing may be written.
    """
    sent = service.SentRows(body.rows, body.context, _MOST_ROWS, _MOST_CELLS)
    request.spend(sum(max(1, len(row) - 1) if isinstance(row, dict) else 1 for row in body.rows))
    prediction = service.predict(
        series, sent, registry=registry, selector=selector, observations=observations, deadline=request.deadline
    )
    rows, scores = prediction.rows, prediction.scores
    _check_answer(len(rows), scores.names, packed=takes_gzip(request.headers.get("accept-encoding", "")))
    return answer_prediction(series, prediction, {"predictions": _judgements(rows, scores)}, request)


def answer_prediction(
    series: SeriesKey, prediction: Prediction | service.RowsPrediction, judged: dict[str, Any], request: ApiRequest
) -> Response[str]:
    """Writes the answer to a prediction, of points or of rows, and counts it.

    Args:
        series: that was judged.
        prediction: what judged it, and how.
        judged: the fields that tell the judgement.
        request: that is answered.
    """
    if prediction.unkept is not None:
        record_unkept(prediction.unkept.operation)
    version, anomaly = prediction.version, prediction.scores.anomaly
    document = {"series_id": series.series_id, "model_version": version.version, "detector": version.detector}
    answer = json_answer(document | judged, request.headers)
    record_prediction(
        version.detector,
        points=anomaly.size,
        anomalies=int(np.count_nonzero(anomaly)),
        elapsed_ms=request.stopwatch.elapsed_ms,
    )
    return answer


def _judgements(rows: Frame, scores: RowScores) -> list[dict[str, Any]]:
    """What :class:`RowJudgement` describes, of every row; NaN stands for null."""
    columns = (
        np.datetime_as_string(rows.timestamps.astype("datetime64[s]"), timezone="UTC"),
        scores.anomaly,
        scores.score,
        scores.p_value,
        scores.severity,
        scores.warming_up,
    )
    shares = np.round(scores.contributions, _DIGITS).tolist()
    return [
        {
            "timestamp": timestamp,
            "anomaly": anomaly,
            "score": score,
            "p_value": p_value,
            "severity": severity,
            "contributions": None if warming_up else dict(zip(scores.names, share, strict=True)),
            "warming_up": warming_up,
        }
        for timestamp, anomaly, score, p_value, severity, warming_up, share in zip(
            *(column.tolist() for column in columns), shares, strict=True
        )
    ]


def _check_answer(rows: int, names: Sequence[str], *, packed: bool) -> None:
    """Refuses what would not fit into an answer.

    Raises:
        InvalidSeries: if there are too many rows of so many variables.
    """
    most = _MOST_ANSWERED * (_PACKED if packed else 1) // (_ROW_BYTES + sum(len(n) + _SHARE_BYTES for n in names))
    if rows <= most:
        return
    gzip = "" if packed else ", or more with the header 'Accept-Encoding: gzip'"
    msg = f"an answer holds at most {most:,} rows of {len(names)} variables{gzip}, got {rows:,}"
    raise InvalidSeries([Problem(("rows",), msg, "too_many_points")])
