"""What a job is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from tidewatch.tenancy import Tenant


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
"""The states that a job never leaves."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the work is done, in units of the kind's choice, such as versions or folds."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work for one tenant. All but its id, kind and request changes while it runs.

    Attributes:
        tenant: whose it is.
        job_id: 32 hexadecimal digits.
        kind: the name of what is done.
        state: where it stands.
        request: what was asked, as JSON can hold it; None in a list, and where it is too large to be shown.
        request_sha256: of the request as JSON, by which a repeated request is known.
        created_at: when it was accepted.
        updated_at: when the worker last told anything of it.
        attempts: how often a worker took it since its last checkpoint.
        progress: how much is done; None if nothing was told.
        result: what came of it, once it succeeded; None in a list.
        error: a problem as of RFC 9457, once it failed.
        cancel_requested: whether somebody wants it to end.
        started_at: when a worker took it first.
        ended_at: when it reached a state that it never leaves.
    """

    tenant: Tenant
    job_id: str
    kind: str
    state: JobState
    request: Any
    request_sha256: str
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    progress: Progress | None = None
    result: Any = None
    error: dict[str, Any] | None = None
    cancel_requested: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
