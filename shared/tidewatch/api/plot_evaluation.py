"""GET /series/{series_id}/evaluations/{job_id}/plot: the report of an evaluation as a picture."""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tidewatch.api.answers import picture_content, picture_response, wanted_format
from tidewatch.api.app import route
from tidewatch.api.fields import SeriesId
from tidewatch.api.jobs import JobId, JobsDep
from tidewatch.api.plot import FormatChoice
from tidewatch.api.request import RequestDep
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, ThemeName
from tidewatch.plotting.evaluation import SMALLEST_WIDTH
from tidewatch.services import plot_evaluation as service

routes = Router()  # type: ignore[no-untyped-call]

Width = Annotated[int, Query(ge=SMALLEST_WIDTH, le=LARGEST_SIDE, description="Pixels.")]
Height = Annotated[
    int | None, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE, description="Pixels; without it, what the report needs.")
]

_ANSWER: Final = {200: {"description": "The picture.", "content": picture_content()}}


@route(
    routes.get,
    "/series/<series_id>/evaluations/<job_id>/plot",
    tag="Life of a model",
    success="The picture.",
    problems=(404, 409, 422, 503),
    also=_ANSWER,
)
def plot_evaluation(
    *,
    series_id: SeriesId,
    job_id: JobId,
    request: RequestDep,
    jobs: JobsDep,
    format: FormatChoice = None,
    width: Width = 1200,
    height: Height = None,
    theme: ThemeName = "light",
) -> Response[str]:
    """Draw an evaluation.

    A row for each contender: its alarm rate by fold, which injected anomalies it found and how late, what labels say,
    and when it alarmed; and how far contenders agree.
    """
    form = format or wanted_format(request.headers.get("accept", ""))
    style = service.ReportStyle(form, width, height, theme)
    picture = service.plot_evaluation(request.series(series_id), job_id, style, jobs=jobs)
    return picture_response(picture, form, pinned=True)
