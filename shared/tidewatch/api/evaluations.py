"""POST /series/{series_id}/evaluations, and GET /series/{series_id}/evaluations/{job_id}: the report of one."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field

from tidewatch.api.app import route
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.evaluation_data import MOST_CELLS
from tidewatch.api.evaluation_request import EvaluationRequest
from tidewatch.api.fields import SeriesId
from tidewatch.api.jobs import ACCEPTED, JobId, JobKey, JobsDep, accepted
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.jobs.job import JobState
from tidewatch.series import Frame
from tidewatch.services.evaluate import start_evaluation
from tidewatch.services.evaluations import evaluation_of
from tidewatch.settings import Settings

routes = Router()  # type: ignore[no-untyped-call]

_MOST_BYTES = 8 * 2**20


def _limits(settings: Settings) -> BodyLimits:
    # Twice the items of the longest data, so that what is too long is told how long it is.
    points = 2 * settings.max_evaluation_points
    return BodyLimits(
        min(settings.max_body_bytes, _MOST_BYTES),
        containers=256 + points,
        items=1_000 + 3 * points + 2 * MOST_CELLS,
        optional=True,
    )


class EvaluationResponse(BaseModel):
    """An evaluation of a series."""

    job_id: str
    series_id: str
    state: JobState
    report: Annotated[
        dict[str, Any] | None,
        Field(description="What was found, by contender and between them; null until the job has succeeded."),
    ]


@route(
    routes.post,
    "/series/<series_id>/evaluations",
    tag="Life of a model",
    status=202,
    success="The job was accepted.",
    problems=(400, 404, 413, 415, 422, 503),
    also=ACCEPTED,
    limits=_limits,
)
def evaluate_series(
    series_id: SeriesId,
    body: Annotated[EvaluationRequest, Body()],
    request: RequestDep,
    registry: RegistryDep,
    jobs: JobsDep,
    idempotency_key: JobKey = None,
) -> Response[str]:
    """Evaluate versions and detectors.

    A job judges points that were not learned from, and tells of each contender how steady its alarm rate is, which
    injected anomalies it finds and how late, what labels say, and whether it serves as it was trained; and how far
    contenders agree. The figures are then shown with the versions.
    """
    key = request.series(series_id)
    champion = registry.head(key).champion
    rows = champion.kind == "rows" if body.sent is None else isinstance(body.sent.points, Frame)
    asked = body.asked(rows=rows)
    points = champion.points_used if body.sent is None else len(body.sent.points)
    request.spend(points * len(asked))
    return accepted(
        start_evaluation(
            key, asked, body.sent, body.options, registry=registry, jobs=jobs, idempotency_key=idempotency_key
        )
    )


@route(
    routes.get,
    "/series/<series_id>/evaluations/<job_id>",
    tag="Life of a model",
    success="The evaluation.",
    problems=(404, 422, 503),
)
def get_evaluation(series_id: SeriesId, job_id: JobId, request: RequestDep, jobs: JobsDep) -> EvaluationResponse:
    """Get an evaluation.

    Its state, and once its job has succeeded the report. `/plot` behind this address is the report as a picture.
    """
    job = evaluation_of(request.series(series_id), job_id, jobs=jobs)
    return EvaluationResponse(job_id=job.job_id, series_id=series_id, state=job.state, report=job.result)
