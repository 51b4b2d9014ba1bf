"""Writing the audit trail of a series to a place of its own, where it can be locked: a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import orjson

from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext
from tidewatch.registry import AuditStore, Cause, Registry, SeriesKey, verify
from tidewatch.registry.audit import time_text
from tidewatch.registry.audit_export import FORMAT, lines_of, sha256_of
from tidewatch.services.audit import page_of_trail, read_trail

KIND: Final = "export_audit"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where something was put.

    Attributes:
        address: where it lies.
        locked_until: until when nobody can delete or change it; None if it is not locked.
    """

    address: str
    locked_until: datetime | None


class AuditExports(Protocol):
    """Where exports of all tenants lie. Methods may raise ``StorageUnavailable``."""

    def put(self, series: SeriesKey, name: str, content: bytes) -> Kept:
        """Puts a file of a series; under a name that is there already the earlier one stays beside it."""
        ...


def start_export(
    series: SeriesKey, cause: Cause, *, registry: Registry, audit: AuditStore, jobs: Jobs, idempotency_key: str | None
) -> Job:
    """Accepts a job that exports the trail of a series, also of one that was deleted.

    Args:
        series: the series, and whose it is.
        cause: who asked for it.
        registry: where the series stands.
        audit: where its trail is.
        jobs: where jobs go.
        idempotency_key: the same key gives the same job.

    Raises:
        SeriesNotFound: if the series has no model and never had one.
        JobKeyReused: if the key came with another series before.
        StorageUnavailable: if storage failed.
    """
    page_of_trail(series, 1, None, audit=audit, registry=registry)
    request = {"series_id": series.series_id, "actor": cause.actor}
    return jobs.start(series.tenant, KIND, request, idempotency_key=idempotency_key)


def export_audit(
    job: Job,
    context: JobContext,
    *,
    registry: Registry,
    audit: AuditStore,
    exports: AuditExports,
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """The function of the job: writes the trail, then the manifest that vouches for it.

    Done again, it writes both again under the same names.

    Returns:
        The manifest, and where it and the trail lie. A trail that is not intact is exported as it is, and the manifest
        says what is wrong.

    Raises:
        SeriesNotFound: if the series has no model and never had one.
        StorageUnavailable: if storage failed.
    """
    context.check()
    series = SeriesKey(job.tenant, job.request["series_id"])
    trail, entries = read_trail(series, audit=audit, registry=registry)
    verification, lines = verify(entries, trail.hash), lines_of(entries)
    context.check()
    name = f"{job.created_at:%Y%m%dT%H%M%SZ}-{job.job_id}"
    kept = exports.put(series, f"{name}.jsonl", lines)
    manifest = {
        "format": FORMAT,
        "tenant_id": str(series.tenant),
        "series_id": series.series_id,
        "job_id": job.job_id,
        "exported_at": time_text(now()),
        "exported_by": job.request["actor"],
        "file": f"{name}.jsonl",
        "bytes": len(lines),
        "sha256": sha256_of(lines),
        "entries": len(entries),
        "last_hash": trail.hash,
        "intact": verification.intact,
        "problem": verification.problem,
        "locked_until": kept.locked_until and time_text(kept.locked_until),
    }
    text = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    beside = exports.put(series, f"{name}.manifest.json", text)
    return {"address": kept.address, "manifest_address": beside.address, "manifest": manifest}
