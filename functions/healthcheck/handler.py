"""All that only looks: how the service fares, what it holds, and its documentation."""

from tidewatch import api
from tidewatch.api.docs import docs_routes
from tidewatch.api.health import HealthcheckResponse, HealthReporterDep, LivenessResponse, get_health_reporter
from tidewatch.api.listing import SeriesListResponse, VersionListResponse

app = api.create_app()
app.include_router(docs_routes)


@api.route(app.get, "/health", tag="Service", success="It is.")
def health() -> LivenessResponse:
    """Is it alive?

    Answers without asking anybody: a liveness probe. Needs no API key.
    """
    return LivenessResponse()


@api.route(app.get, "/healthcheck", tag="Service", success="What is known.", problems=(503,))
def healthcheck(reporter: HealthReporterDep) -> HealthcheckResponse:
    """How does it fare?

    Latency, load and model usage of all instances over the last hour, and how many series are trained.
    """
    return reporter.report(api.tenant_of(app.current_event))


@api.route(app.get, "/series", tag="Models", success="A page.", problems=(422, 503))
def list_series(
    registry: api.RegistryDep, limit: api.Limit = 50, cursor: api.SeriesCursor = None
) -> SeriesListResponse:
    """List series.

    The trained series, in the order of their ids. A first fit may take a moment to appear.
    """
    return SeriesListResponse.of(
        registry.list_series(api.tenant_of(app.current_event), limit, api.decode_cursor(cursor))
    )


@api.route(app.get, "/series/<series_id>/versions", tag="Models", success="A page.", problems=(404, 422, 503))
def list_versions(
    series_id: api.SeriesId, registry: api.RegistryDep, limit: api.Limit = 50, cursor: api.VersionCursor = None
) -> VersionListResponse:
    """List the versions of a series.

    Newest first, each with what it was trained on and with.
    """
    page = registry.list_versions(api.series_key(app.current_event, series_id), limit, api.decode_cursor(cursor))
    return VersionListResponse.of(series_id, page)


lambda_handler = api.create_handler(app, warm_up=(get_health_reporter,))
