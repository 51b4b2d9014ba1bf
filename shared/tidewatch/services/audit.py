"""Reading the audit trail of a series, and verifying it against the series itself."""

from __future__ import annotations

from datetime import datetime

from tidewatch.registry import (
    AuditEntry,
    AuditStore,
    Page,
    Registry,
    SeriesKey,
    SeriesNotFound,
    Trail,
    Verification,
    verify,
)


def page_of_trail(
    series: SeriesKey,
    limit: int,
    after: str | None,
    *,
    audit: AuditStore,
    registry: Registry,
    until: datetime | None = None,
    moves_only: bool = False,
) -> Page[AuditEntry, str]:
    """A page of what was done to a series, newest first.

    Args:
        series: whose trail.
        limit: how many entries it has at the most.
        after: where it starts: ``after`` of the page before; None for the newest entry.
        audit: reads trails.
        registry: knows the series.
        until: the entries that were made by then; None for all.
        moves_only: those that changed the champion only.

    Raises:
        SeriesNotFound: if the series has neither a trail nor a model.
        StorageUnavailable: if storage failed.
    """
    page = audit.entries(series, limit, after, until=until, moves_only=moves_only)
    if not page.items and after is None:
        # A series without a trail is unknown, or was published by an earlier release.
        registry.head(series)
    return page


def verify_trail(series: SeriesKey, *, audit: AuditStore, registry: Registry) -> Verification:
    """Recomputes a whole trail, and compares its end with what the series, or its deletion, kept.

    Raises:
        SeriesNotFound: if the series has no model and never had one.
        StorageUnavailable: if storage failed.
    """
    trail, entries = read_trail(series, audit=audit, registry=registry)
    return verify(entries, trail.hash)


def read_trail(series: SeriesKey, *, audit: AuditStore, registry: Registry) -> tuple[Trail, list[AuditEntry]]:
    """Where a trail ends, as the series or its deletion kept it, and all entries up to there, oldest first.

    A change that is made meanwhile is seen in both or in neither: the series is read first, and entries that came since
    do not count.

    Raises:
        SeriesNotFound: if the series has no model and never had one.
        StorageUnavailable: if storage failed.
    """
    trail = registry.trail(series)
    entries = [entry for entry in audit.whole(series) if entry.sequence <= trail.sequence]
    if not trail.sequence and not registry.exists(series):
        raise SeriesNotFound(series.series_id)
    return trail, entries
