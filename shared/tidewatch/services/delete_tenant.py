"""Deleting a tenant with all that it has: a job, since it may take long and has to go on after a failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from tidewatch.jobs.job import Job, JobState
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext
from tidewatch.services.authorize import CACHE_SECONDS
from tidewatch.services.tenants import get_tenant
from tidewatch.tenancy import (
    DEFAULT_TENANT,
    MeteringKeys,
    NotAllowedNow,
    Tenant,
    TenantRecord,
    TenantStatus,
    TenantStore,
)

KIND: Final = "delete_tenant"
SETTLED_AFTER: Final = timedelta(seconds=2 * CACHE_SECONDS)
"""How long after the request an authorizer may still let requests of the tenant through, and these may write."""
BACKUPS_KEPT: Final = timedelta(days=35)
"""How long point-in-time recovery of DynamoDB can bring back what was deleted."""

_STEP_SECONDS: Final = 1.0
_MOST_PASSES: Final = 5
_IN_VAIN: Final = frozenset({JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Wiped:
    """What one pass over one place did.

    Attributes:
        deleted: how many items, or states of objects, are gone.
        locked: how many objects may not be deleted yet.
    """

    deleted: int = 0
    locked: int = 0


class Wiper(Protocol):
    """Deletes all that a tenant has in one place. Every method may raise ``StorageUnavailable``."""

    def wipe(self, tenant: Tenant, check: Callable[[], None]) -> Wiped:
        """Deletes what there is; ``check`` is called between steps, and ends the work by raising."""
        ...


def start_deletion(tenant: Tenant, *, store: TenantStore, jobs: Jobs) -> Job:
    """Refuses the tenant's requests from now on, and accepts the job that deletes it. The same again is the same job.

    The job belongs to the default tenant, whose operators asked for it.

    Raises:
        TenantNotFound: if there is none.
        TenantChanged: if it was changed at the same time.
        NotAllowedNow: if it is the default tenant.
        StorageUnavailable: if storage or the queue failed.
    """
    if tenant == DEFAULT_TENANT:
        raise NotAllowedNow("the default tenant runs the stack, and cannot be deleted")
    record = get_tenant(tenant, store=store)
    if record.status is not TenantStatus.DELETING:
        record = _raise_revision(record, store)
    job = _start(record, jobs)
    # What ended without success is begun anew.
    return _start(_raise_revision(record, store), jobs) if job.state in _IN_VAIN else job


def _raise_revision(record: TenantRecord, store: TenantStore) -> TenantRecord:
    raised = replace(record, status=TenantStatus.DELETING, revision=record.revision + 1)
    store.put_tenant(raised)
    return raised


def _start(record: TenantRecord, jobs: Jobs) -> Job:
    request = {"tenant_id": str(record.tenant), "revision": record.revision}
    return jobs.start(DEFAULT_TENANT, KIND, request, idempotency_key=f"{record.tenant}/{record.revision}")


def delete_tenant(
    job: Job,
    context: JobContext,
    *,
    store: TenantStore,
    metering: MeteringKeys,
    places: Mapping[str, Wiper],
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Deletes what a tenant has in every place, and at last the tenant itself. It can be done again at any time.

    A request that an authorizer let through just before may still write something. So the job waits until none can,
    and passes over all places until nothing is found.

    Args:
        job: whose request names the tenant.
        context: of the run.
        store: tenants and keys.
        metering: the keys of API Gateway.
        places: what to empty, by its name.
        now: the time.
        sleep: waits for so many seconds.

    Returns:
        How much was deleted in each place, and what remains for a while.
    """
    tenant = Tenant(job.request["tenant_id"])
    deleted = dict.fromkeys(places, 0)
    locked = _pass(tenant, places, deleted, context)
    while now() < job.created_at + SETTLED_AFTER:
        context.check()
        sleep(_STEP_SECONDS)
    for _ in range(_MOST_PASSES):
        before = sum(deleted.values())
        locked = _pass(tenant, places, deleted, context)
        if sum(deleted.values()) == before:
            break
    _forget(tenant, store, metering)
    until = (now() + BACKUPS_KEPT).isoformat()
    remains: list[dict[str, Any]] = [{"what": "backups of the tables", "until": until}]
    if locked:
        remains.append({"what": "locked exports of the audit trail, until their dates", "objects": locked})
    return {"tenant_id": str(tenant), "deleted": deleted, "remains": remains}


def _pass(tenant: Tenant, places: Mapping[str, Wiper], deleted: dict[str, int], context: JobContext) -> int:
    locked = 0
    for number, (name, place) in enumerate(places.items()):
        context.check()
        wiped = place.wipe(tenant, context.check)
        deleted[name] += wiped.deleted
        locked += wiped.locked
        context.progress(number + 1, len(places))
    return locked


def _forget(tenant: Tenant, store: TenantStore, metering: MeteringKeys) -> None:
    for key in store.keys_of(tenant):
        store.delete_key(key)
    record = store.find_tenant(tenant)
    if record is not None:
        if record.metering_id is not None:
            metering.delete(record.metering_id)
        store.delete_tenant(record)
