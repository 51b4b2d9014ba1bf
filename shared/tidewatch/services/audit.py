"""Verifying the audit trail of a series against the series itself."""

from __future__ import annotations

from tidewatch.registry import AuditStore, Registry, SeriesKey, SeriesNotFound, Verification, verify


def verify_trail(series: SeriesKey, *, audit: AuditStore, registry: Registry) -> Verification:
    """Recomputes a whole trail, and compares its end with what the series, or its deletion, kept.

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
    return verify(entries, trail.hash)
