"""GET /series and GET /series/{series_id}/versions: what is stored.

Without ``from __future__ import annotations``: Powertools would compile string annotations anew at each request.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from tidewatch.api.app import route
from tidewatch.api.dependencies import RegistryDep
from tidewatch.api.parameters import Limit, SeriesCursor, SeriesId, VersionCursor, decode_cursor, encode_cursor
from tidewatch.api.request import RequestDep
from tidewatch.api.schemas import Int32
from tidewatch.registry import ModelVersion, Page, SeriesSummary

routes = Router()  # type: ignore[no-untyped-call]


class SeriesLine(BaseModel):
    """One trained series."""

    series_id: str
    latest_version: str
    detector: str
    points_used: Int32
    trained_at: datetime


class SeriesListResponse(BaseModel):
    """A page of the trained series, in the order of their ids."""

    series: list[SeriesLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, page: Page[SeriesSummary, str]) -> "SeriesListResponse":
        """The answer for a page."""
        lines = [
            SeriesLine(
                series_id=item.series_id,
                latest_version=f"v{item.latest}",
                detector=item.detector,
                points_used=item.points_used,
                trained_at=item.trained_at,
            )
            for item in page.items
        ]
        return cls(series=lines, next_cursor=encode_cursor(page.after))


class VersionLine(BaseModel):
    """One version of a series."""

    version: str
    detector: str
    options: dict[str, Any]
    points_used: Int32
    data_from: Annotated[datetime, Field(description="The first timestamp of the training data.")]
    data_to: Annotated[datetime, Field(description="The last timestamp of the training data.")]
    data_sha256: Annotated[str, Field(description="The sha256 of the training data as CSV text.")]
    libraries: Annotated[dict[str, str], Field(description="What it was trained with.")]
    trained_at: datetime


class VersionListResponse(BaseModel):
    """A page of the versions of a series, newest first."""

    series_id: str
    versions: list[VersionLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, series_id: str, page: Page[ModelVersion, int]) -> "VersionListResponse":
        """The answer for a page."""
        lines = [
            VersionLine(
                version=item.version,
                detector=item.detector,
                options=dict(item.options),
                points_used=item.points_used,
                data_from=datetime.fromtimestamp(item.start, UTC),
                data_to=datetime.fromtimestamp(item.end, UTC),
                data_sha256=item.data_sha256,
                libraries=dict(item.libraries),
                trained_at=item.trained_at,
            )
            for item in page.items
        ]
        return cls(series_id=series_id, versions=lines, next_cursor=encode_cursor(page.after))


@route(routes.get, "/series", tag="Models", success="A page.", problems=(422, 503))
def list_series(
    request: RequestDep, registry: RegistryDep, limit: Limit = 50, cursor: SeriesCursor = None
) -> SeriesListResponse:
    """List series.

    The trained series, in the order of their ids. A first fit may take a moment to appear.
    """
    return SeriesListResponse.of(registry.list_series(request.tenant, limit, decode_cursor(cursor)))


@route(routes.get, "/series/<series_id>/versions", tag="Models", success="A page.", problems=(404, 422, 503))
def list_versions(
    series_id: SeriesId, request: RequestDep, registry: RegistryDep, limit: Limit = 50, cursor: VersionCursor = None
) -> VersionListResponse:
    """List the versions of a series.

    Newest first, each with what it was trained on and with.
    """
    page = registry.list_versions(request.series(series_id), limit, decode_cursor(cursor))
    return VersionListResponse.of(series_id, page)
