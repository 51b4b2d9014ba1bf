"""Starting, showing, listing and cancelling jobs."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from tidewatch.jobs.errors import JobKeyReused, JobNotFound
from tidewatch.jobs.job import Job, JobState
from tidewatch.jobs.ports import JobQueue, JobStore
from tidewatch.registry import Page
from tidewatch.tenancy import Tenant


class Jobs:
    """The jobs of all tenants, as services and routes use them."""

    def __init__(self, store: JobStore, queue: JobQueue, now: Callable[[], datetime]) -> None:
        self._store = store
        self._queue = queue
        self._now = now

    def start(self, tenant: Tenant, kind: str, request: Any, *, idempotency_key: str | None = None) -> Job:
        """Accepts a job; a worker takes it as soon as one is free.

        The message is sent first and the job stored second, so that no job is ever stored that no worker hears of. A
        message whose job was not stored, since this process died in between, is dropped by the worker a minute later;
        the caller got no answer then, and may ask again.

        Args:
            tenant: whose it is.
            kind: what is to be done.
            request: what the function of that kind needs, as JSON of 4 MiB at the most.
            idempotency_key: the same key, tenant and kind give the same job, for as long as it is kept.

        Raises:
            JobKeyReused: if the key started a job with another request.
            StorageUnavailable: if storage or the queue failed; the job was not accepted.
        """
        sha256 = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
        job_id = uuid.uuid4().hex
        if idempotency_key is not None:
            job_id = hashlib.sha256(orjson.dumps([str(tenant), kind, idempotency_key])).hexdigest()[:32]
            if (known := self._store.get(tenant, job_id)) is not None:
                return _same(known, sha256)
        now = self._now()
        job = Job(tenant, job_id, kind, JobState.QUEUED, request, sha256, created_at=now, updated_at=now)
        self._queue.send(tenant, job_id)
        if not self._store.add(job):
            return _same(self.get(tenant, job_id), sha256)
        return job

    def get(self, tenant: Tenant, job_id: str) -> Job:
        """A job.

        Raises:
            JobNotFound: if the tenant has no such job.
        """
        job = self._store.get(tenant, job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def page(
        self, tenant: Tenant, limit: int, before: str | None, *, state: JobState | None, kind: str | None
    ) -> Page[Job, str]:
        """A page of a tenant's jobs, newest first."""
        return self._store.list_jobs(tenant, limit, before, state=state, kind=kind)

    def cancel(self, tenant: Tenant, job_id: str) -> Job:
        """Ends a queued job, and asks a running one to end; a job that has ended stays as it is.

        Returns:
            The job as it is now. A running one ends when its function next looks.

        Raises:
            JobNotFound: if the tenant has no such job.
        """
        self._store.cancel(tenant, job_id, self._now())
        return self.get(tenant, job_id)


def _same(job: Job, sha256: str) -> Job:
    if job.request_sha256 != sha256:
        raise JobKeyReused
    return job
