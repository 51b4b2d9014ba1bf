"""Which version judges a series, and which beside it: /series/{series_id}/champion, challenger and monitoring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from tidewatch.api.app import route
from tidewatch.api.audit import AuditDep
from tidewatch.api.changes import (
    CHANGED_SINCE,
    GivenReason,
    IfMatch,
    PromoterDep,
    Reason,
    StandingResponse,
    cause_of,
    standing,
    wanted_tag,
)
from tidewatch.api.fields import (
    EntryCursor,
    Limit,
    SeriesId,
    StrictModel,
    VersionNumber,
    check_timestamp,
    decode_cursor,
    encode_cursor,
    version_number,
)
from tidewatch.api.problem_schema import CONTENT_TYPE, Problem
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.registry import AuditEntry, Page
from tidewatch.services.audit import page_of_trail

routes = Router()  # type: ignore[no-untyped-call]


_NO_CHALLENGER: Final = {
    409: {
        "description": "The version is the champion, or does not judge what the champion judges.",
        "content": {CONTENT_TYPE: {"model": Problem}},
    },
}


class PromotionRequest(StrictModel):
    """Which version is to judge, and why."""

    version: VersionNumber
    reason: GivenReason

    @property
    def number(self) -> int:
        """Of the version."""
        return version_number(self.version)


class ChallengerRequest(StrictModel):
    """Which version is to judge beside the champion."""

    version: VersionNumber
    reason: Reason = ""
    auto_promote: Annotated[
        bool, Field(strict=True, description="Whether it becomes the champion once the comparison says so.")
    ] = False
    error_rate: Annotated[
        float, Field(strict=True, gt=0, le=0.5, description="The rate at which the comparison may be wrong.")
    ] = 0.05

    @property
    def number(self) -> int:
        """Of the version."""
        return version_number(self.version)


class MonitoringRequest(StrictModel):
    """Whether judgements are kept."""

    monitor: Annotated[bool, Field(strict=True)]
    reason: Reason = ""


class Reign(BaseModel):
    """A version that judged, from a time on."""

    version: Annotated[str | None, Field(description="The version; null where the series was deleted.")]
    since: datetime
    action: Annotated[str, Field(description="What brought it: `published`, `promoted`, `rolled_back` …")]
    actor: Annotated[str, Field(description="The id of the key that asked for it.")]
    reason: str


class HistoryResponse(BaseModel):
    """Which versions judged, newest first."""

    series_id: str
    history: list[Reign]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, series_id: str, page: Page[AuditEntry, str]) -> HistoryResponse:
        """The answer for a page of entries that changed the champion."""
        history = [
            Reign(
                version=None if entry.champion is None else f"v{entry.champion}",
                since=entry.at,
                action=entry.action,
                actor=entry.actor,
                reason=entry.reason,
            )
            for entry in page.items
        ]
        return cls(series_id=series_id, history=history, next_cursor=encode_cursor(page.after))


def _check_moment(at: str) -> str:
    check_timestamp(at)
    return at


Moment = Annotated[
    Annotated[str, AfterValidator(_check_moment), WithJsonSchema({"type": "string"})] | None,
    Query(description="Unix seconds or ISO 8601: the list then begins with the version that judged at that time."),
]


@route(
    routes.get, "/series/<series_id>/champion", tag="Life of a model", success="Who judges.", problems=(404, 422, 503)
)
def get_champion(series_id: SeriesId, request: RequestDep, registry: RegistryDep) -> Response[StandingResponse]:
    """Get the champion.

    Which version judges, and which judges beside it. The `ETag` names this state of the series.
    """
    return standing(registry.head(request.series(series_id)))


@route(
    routes.put,
    "/series/<series_id>/champion",
    tag="Life of a model",
    success="The version judges.",
    problems=(400, 404, 413, 415, 422, 503),
    also=CHANGED_SINCE,
)
def put_champion(
    series_id: SeriesId,
    body: Annotated[PromotionRequest, Body()],
    request: RequestDep,
    promoter: PromoterDep,
    if_match: IfMatch = None,
) -> Response[StandingResponse]:
    """Promote a version, or roll back to one.

    From the answer on the version judges every point that names none. A fit at the same time loses nothing: if it ends
    later and promotes, its version judges.
    """
    head = promoter.promote(
        request.series(series_id),
        body.number,
        cause_of(request, body.reason),
        tag=wanted_tag(if_match),
        deadline=request.deadline,
    )
    return standing(head)


@route(
    routes.get,
    "/series/<series_id>/champion/history",
    tag="Life of a model",
    success="A page.",
    problems=(404, 422, 503),
)
def list_champions(
    series_id: SeriesId,
    request: RequestDep,
    audit: AuditDep,
    registry: RegistryDep,
    limit: Limit = 50,
    cursor: EntryCursor = None,
    at: Moment = None,
) -> HistoryResponse:
    """List which versions judged.

    Newest first, from the audit trail: with `at`, the first line is the version that judged then.
    """
    page = page_of_trail(
        request.series(series_id),
        limit,
        decode_cursor(cursor),
        audit=audit,
        registry=registry,
        until=None if at is None else datetime.fromtimestamp(check_timestamp(at), UTC),
        moves_only=True,
    )
    return HistoryResponse.of(series_id, page)


@route(
    routes.put,
    "/series/<series_id>/challenger",
    tag="Life of a model",
    success="The version judges beside the champion.",
    problems=(400, 404, 413, 415, 422, 503),
    also=CHANGED_SINCE | _NO_CHALLENGER,
)
def put_challenger(
    series_id: SeriesId,
    body: Annotated[ChallengerRequest, Body()],
    request: RequestDep,
    promoter: PromoterDep,
    if_match: IfMatch = None,
) -> Response[StandingResponse]:
    """Set the challenger.

    It judges each point, or row, beside the champion and decides nothing. What both say is kept, for the comparison.
    """
    head = promoter.challenge(
        request.series(series_id),
        body.number,
        cause_of(request, body.reason),
        auto_promote=body.auto_promote,
        error_rate=body.error_rate,
        tag=wanted_tag(if_match),
        deadline=request.deadline,
    )
    return standing(head)


@route(
    routes.delete,
    "/series/<series_id>/challenger",
    tag="Life of a model",
    success="The champion judges alone.",
    problems=(404, 422, 503),
    also=CHANGED_SINCE,
)
def delete_challenger(
    series_id: SeriesId, request: RequestDep, promoter: PromoterDep, if_match: IfMatch = None
) -> Response[StandingResponse]:
    """Drop the challenger.

    The version stays; it only judges no longer.
    """
    head = promoter.drop_challenger(
        request.series(series_id), cause_of(request), tag=wanted_tag(if_match), deadline=request.deadline
    )
    return standing(head)


@route(
    routes.put,
    "/series/<series_id>/monitoring",
    tag="Life of a model",
    success="Judgements are kept, or not.",
    problems=(400, 404, 413, 415, 422, 503),
    also=CHANGED_SINCE,
)
def put_monitoring(
    series_id: SeriesId,
    body: Annotated[MonitoringRequest, Body()],
    request: RequestDep,
    promoter: PromoterDep,
    if_match: IfMatch = None,
) -> Response[StandingResponse]:
    """Turn monitoring on or off.

    While it is on, each prediction keeps what it judged for some weeks, so that drift is seen.
    """
    head = promoter.monitor(
        request.series(series_id),
        body.monitor,
        cause_of(request, body.reason),
        tag=wanted_tag(if_match),
        deadline=request.deadline,
    )
    return standing(head)
