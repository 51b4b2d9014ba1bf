"""POST /series/{series_id}/audit/exports."""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tidewatch.api.app import optional_body, route
from tidewatch.api.audit import AuditDep
from tidewatch.api.changes import cause_of
from tidewatch.api.fields import SeriesId, StrictModel
from tidewatch.api.jobs import ACCEPTED, JobKey, JobsDep, accepted
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.services.export_audit import start_export

routes = Router()  # type: ignore[no-untyped-call]


class ExportRequest(StrictModel):
    """Nothing: the body may be left out."""


_NOTHING: Final = ExportRequest()


@route(
    routes.post,
    "/series/<series_id>/audit/exports",
    tag="Life of a model",
    status=202,
    success="The job was accepted.",
    problems=(400, 404, 413, 415, 422, 503),
    also=ACCEPTED,
    limits=optional_body,
)
def export_audit(
    series_id: SeriesId,
    request: RequestDep,
    registry: RegistryDep,
    audit: AuditDep,
    jobs: JobsDep,
    body: Annotated[ExportRequest, Body()] = _NOTHING,  # noqa: ARG001 - it has no fields, and none that is sent is ignored
    idempotency_key: JobKey = None,
) -> Response[str]:
    """Export an audit trail.

    A job writes the whole trail as JSON lines with their hashes, and a manifest with the file's sha256, to a bucket of
    its own; where the stack locks what is in it (Object Lock), nobody can change or delete either until the date that
    the result tells as `locked_until`. `tidewatch audit verify --file` verifies both without the service.
    """
    job = start_export(
        request.series(series_id),
        cause_of(request),
        registry=registry,
        audit=audit,
        jobs=jobs,
        idempotency_key=idempotency_key,
    )
    return accepted(job)
