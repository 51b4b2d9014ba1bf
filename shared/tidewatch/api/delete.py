"""DELETE /series/{series_id} and DELETE /series/{series_id}/versions/{version}."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.changes import cause_of
from tidewatch.api.fields import SeriesId, VersionNumber, version_number
from tidewatch.api.problem_schema import CONTENT_TYPE, Problem
from tidewatch.api.request import RequestDep
from tidewatch.registry import Deleter
from tidewatch.services import delete_series as service

routes = Router()  # type: ignore[no-untyped-call]

get_deleter = composition.deleter
DeleterDep = Annotated[Deleter, Depends(get_deleter)]


Number = Annotated[VersionNumber, Path(description="The version: `3` or `v3`.")]

_IN_USE: Final = {
    409: {
        "description": "The version is the champion, the challenger or the latest of its series.",
        "content": {CONTENT_TYPE: {"model": Problem}},
    }
}


@route(
    routes.delete,
    "/series/<series_id>",
    tag="Models",
    status=HTTPStatus.NO_CONTENT,
    success="The series is deleted.",
    problems=(404, 422, 503),
)
def delete_series(series_id: SeriesId, request: RequestDep, deleter: DeleterDep) -> Response[None]:
    """Delete a series.

    Deletes the series with all its versions, and the judged points that were sent to it. Their training data is deleted
    within eight days, unless another series has the same. A later fit begins anew at v1. The audit trail stays.
    """
    service.delete_series(
        request.series(series_id),
        deleter=deleter,
        streams=composition.stream_store(),
        deadline=request.deadline,
        cause=cause_of(request),
    )
    return Response(HTTPStatus.NO_CONTENT)


@route(
    routes.delete,
    "/series/<series_id>/versions/<version>",
    tag="Models",
    status=HTTPStatus.NO_CONTENT,
    success="The version is deleted.",
    problems=(404, 422, 503),
    also=_IN_USE,
)
def delete_version(series_id: SeriesId, version: Number, request: RequestDep, deleter: DeleterDep) -> Response[None]:
    """Delete a version.

    Deletes one version, unless it is the champion, the challenger or the latest. Its number is not given out again
    while the series is there. Its training data is deleted within eight days, unless another version has the same.
    """
    deleter.delete_version(request.series(series_id), version_number(version), request.deadline, cause_of(request))
    return Response(HTTPStatus.NO_CONTENT)
