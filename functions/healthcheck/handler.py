"""All that only looks: how the service fares, what it holds, and its documentation."""

from __future__ import annotations

from functools import partial

from tidewatch import api
from tidewatch.api import problems_for

app = api.create_app()
app.include_router(api.docs_routes)

service = partial(app.get, tags=["Service"])
models = partial(app.get, tags=["Models"])


@service("/health", operation_id="health", summary="Is it alive?", responses=problems_for())
def health() -> api.LivenessResponse:
    """Answers without asking anybody: a liveness probe. Needs no API key."""
    return api.LivenessResponse()


@service("/healthcheck", operation_id="healthcheck", summary="How does it fare?", responses=problems_for(503))
def healthcheck(reporter: api.HealthReporterDep) -> api.HealthcheckResponse:
    """Latency, load and model usage of all instances over the last hour, and the number of trained series."""
    return reporter.report()


@models("/series", operation_id="list_series", summary="List series", responses=problems_for(422, 503))
def list_series(
    registry: api.RegistryDep, limit: api.Limit = 50, cursor: api.SeriesCursor = None
) -> api.SeriesListResponse:
    """The trained series, in the order of their ids. A series may take a moment to appear after its first fit."""
    return api.SeriesListResponse.of(registry.list_series(limit, api.decode_cursor(cursor)))


@models(
    "/series/<series_id>/versions",
    operation_id="list_versions",
    summary="List versions",
    responses=problems_for(404, 422, 503),
)
def list_versions(
    series_id: api.SeriesId, registry: api.RegistryDep, limit: api.Limit = 50, cursor: api.VersionCursor = None
) -> api.VersionListResponse:
    """The versions of a series, newest first."""
    page = registry.list_versions(series_id, limit, api.decode_cursor(cursor))
    return api.VersionListResponse.of(series_id, page)


lambda_handler = api.create_handler(app, warm_up=(api.get_health_reporter,))
