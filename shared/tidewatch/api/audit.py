"""What was done to a series, by whom and why: GET /series/{series_id}/audit, and whether nobody changed it since."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.fields import EntryCursor, Int32, Limit, SeriesId, decode_cursor, encode_cursor
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.registry import AuditEntry, AuditStore
from tidewatch.registry.audit import Action
from tidewatch.services import audit as service

routes = Router()  # type: ignore[no-untyped-call]

get_audit_store = composition.audit_store
AuditDep = Annotated[AuditStore, Depends(get_audit_store)]


class AuditLine(BaseModel):
    """One change of a series."""

    sequence: Annotated[int, Field(description="1 for the first change; it goes on when a series is trained anew.")]
    at: datetime
    action: Action
    actor: Annotated[str, Field(description="The id of the key that asked for it.")]
    reason: str
    version: Annotated[str | None, Field(description="The version that it was done to.")]
    before: Annotated[dict[str, Any] | None, Field(description="How the series stood; null where there was none.")]
    after: Annotated[dict[str, Any] | None, Field(description="How it stood then; null where it was deleted.")]
    previous: Annotated[str, Field(description="The hash of the change before.")]
    hash: Annotated[
        str, Field(description="The sha256 of `previous` and of the entry as JSON without `hash`, keys sorted.")
    ]

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditLine:
        """The line of an entry."""
        return cls(
            sequence=entry.sequence,
            at=entry.at,
            action=entry.action,
            actor=entry.actor,
            reason=entry.reason,
            version=None if entry.version is None else f"v{entry.version}",
            before=None if entry.before is None else dict(entry.before),
            after=None if entry.after is None else dict(entry.after),
            previous=entry.previous,
            hash=entry.hash,
        )


class AuditResponse(BaseModel):
    """A page of the changes of a series, newest first."""

    series_id: str
    entries: list[AuditLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]


class VerificationResponse(BaseModel):
    """Whether an audit trail is whole."""

    series_id: str
    intact: Annotated[bool, Field(description="Whether nothing was changed, taken out, put in or cut off.")]
    entries: Annotated[Int32, Field(description="How many entries were looked at.")]
    problem: Annotated[str | None, Field(description="The first thing that is wrong.")]
    sequence: Annotated[int | None, Field(description="The entry that it was found at.")]


@route(routes.get, "/series/<series_id>/audit", tag="Life of a model", success="A page.", problems=(404, 422, 503))
def list_audit(
    series_id: SeriesId,
    request: RequestDep,
    audit: AuditDep,
    registry: RegistryDep,
    limit: Limit = 50,
    cursor: EntryCursor = None,
) -> AuditResponse:
    """List what was done to a series.

    Every change, newest first: who asked for it, when, why, and how the series stood before and after. The trail stays
    when the series is deleted.
    """
    series = request.series(series_id)
    page = service.page_of_trail(series, limit, decode_cursor(cursor), audit=audit, registry=registry)
    lines = [AuditLine.of(entry) for entry in page.items]
    return AuditResponse(series_id=series_id, entries=lines, next_cursor=encode_cursor(page.after))


@route(
    routes.get,
    "/series/<series_id>/audit/verification",
    tag="Life of a model",
    success="Whether the trail is whole.",
    problems=(404, 422, 503),
)
def verify_audit(
    series_id: SeriesId, request: RequestDep, audit: AuditDep, registry: RegistryDep
) -> VerificationResponse:
    """Verify an audit trail.

    Computes the hash of every entry anew, and says what was changed, taken out, or cut off.
    """
    found = service.verify_trail(request.series(series_id), audit=audit, registry=registry)
    return VerificationResponse(
        series_id=series_id,
        intact=found.intact,
        entries=found.entries,
        problem=found.problem,
        sequence=found.sequence,
    )
