"""What jobs need of storage and of a queue. Adapters implement it; the contract suite holds the store to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from tidewatch.jobs.job import Job, JobState, Progress
from tidewatch.registry import Page
from tidewatch.tenancy import Tenant

KEPT: Final = timedelta(days=30)
"""How long a job is kept after it ended, or after it was accepted if no worker ever ends it."""

MOST_BYTES: Final = 4 * 2**20
"""The most that a request, a checkpoint or a result may have as JSON."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's right to work on a job until a moment.

    Attributes:
        job: as it was when it was taken, with its request.
        fence: counts the leases of the job; what is written under an older one is refused.
        owner: tells this lease from any other that was asked for.
        checkpoint: what the last run kept, as JSON can hold it; None at the first.
    """

    job: Job
    fence: int
    owner: str
    checkpoint: Any = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends: its state, and its result or its problem."""

    state: Literal[JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED]
    result: Any = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of the queue: a job that wants a worker.

    Attributes:
        tenant, job_id: the job.
        age: seconds since the message was sent.
        received: how often it was delivered, this time included.
        receipt: what the queue knows this delivery by.
    """

    tenant: Tenant
    job_id: str
    age: float
    received: int
    receipt: str


class JobStore(Protocol):
    """The jobs of all tenants. Every method may raise ``StorageUnavailable``; every write is whole or not at all."""

    def add(self, job: Job) -> bool:
        """Stores a new job; False, and nothing is written, if there is one of that id."""
        ...

    def get(self, tenant: Tenant, job_id: str) -> Job | None:
        """A job with its result, read consistently; None if there is none."""
        ...

    def list_jobs(
        self, tenant: Tenant, limit: int, before: str | None, *, state: JobState | None = None, kind: str | None = None
    ) -> Page[Job, str]:
        """Jobs of a tenant without requests and results, newest first; may lag behind by moments.

        A page may have fewer jobs than asked for, or none, and still not be the last.
        """
        ...

    def take(self, tenant: Tenant, job_id: str, *, owner: str, now: datetime, until: datetime) -> Lease:
        """Gives a worker the lease of a job that nobody has, or whose lease ran out; counts the attempt.

        Raises:
            JobNotFound: if there is no such job.
            JobEnded: if it has ended.
            LeaseHeld: if another worker has it.
        """
        ...

    def report(self, lease: Lease, progress: Progress | None, now: datetime) -> bool:
        """Stores progress; returns whether somebody asked for the job to end.

        Raises:
            LeaseLost: if the lease is no longer the newest.
        """
        ...

    def checkpoint(self, lease: Lease, data: Any, progress: Progress | None, now: datetime) -> None:
        """Stores what the next run may go on from, and counts attempts anew.

        Raises:
            LeaseLost: if the lease is no longer the newest.
        """
        ...

    def release(self, lease: Lease, now: datetime) -> None:
        """Gives the lease back: the job is queued again.

        Raises:
            LeaseLost: if the lease is no longer the newest.
        """
        ...

    def end(self, lease: Lease, ending: Ending, now: datetime) -> None:
        """Ends the job.

        Raises:
            LeaseLost: if the lease is no longer the newest.
        """
        ...

    def cancel(self, tenant: Tenant, job_id: str, now: datetime) -> None:
        """Ends a queued job as cancelled, and marks a running one; a job that has ended stays as it is.

        Raises:
            JobNotFound: if there is no such job.
        """
        ...


class JobQueue(Protocol):
    """Brings jobs to workers, each at least once. Every method may raise ``StorageUnavailable``."""

    def send(self, tenant: Tenant, job_id: str) -> None:
        """Asks for a worker."""
        ...

    def postpone(self, receipt: str, seconds: float) -> None:
        """Lets a delivery that is not acknowledged come again after so many seconds."""
        ...
