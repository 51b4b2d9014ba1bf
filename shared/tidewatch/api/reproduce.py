"""POST /series/{series_id}/versions/{version}/reproduce."""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tidewatch.api.app import optional_body, route
from tidewatch.api.fields import SeriesId, StrictModel, VersionPath, selector
from tidewatch.api.jobs import ACCEPTED, JobKey, JobsDep, accepted
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.services.reproduce import start_reproduction

routes = Router()  # type: ignore[no-untyped-call]


class ReproduceRequest(StrictModel):
    """Nothing: the body may be left out."""


_NOTHING: Final = ReproduceRequest()


@route(
    routes.post,
    "/series/<series_id>/versions/<version>/reproduce",
    tag="Models",
    status=202,
    success="The job was accepted.",
    problems=(400, 404, 413, 415, 422, 503),
    also=ACCEPTED,
    limits=optional_body,
)
def reproduce_version(
    series_id: SeriesId,
    version: VersionPath,
    request: RequestDep,
    registry: RegistryDep,
    jobs: JobsDep,
    body: Annotated[ReproduceRequest, Body()] = _NOTHING,  # noqa: ARG001 - it has no fields, and none that is sent is ignored
    idempotency_key: JobKey = None,
) -> Response[str]:
    """Train a version again.

    A job trains the version from its stored data and compares what it learned. The result of the job has the `outcome`:
    `equal` to the last bit; `different`; or `not_comparable`, if it differs and other libraries or another architecture
    trained it. `differences` names the parameters and arrays that differ, `environment` what trained it then and now.
    """
    key, chosen = request.series(series_id), selector(version)
    return accepted(start_reproduction(key, chosen, registry=registry, jobs=jobs, idempotency_key=idempotency_key))
