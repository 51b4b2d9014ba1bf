"""Making, limiting and suspending tenants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from tidewatch.services.limits import UsageStore
from tidewatch.tenancy import (
    DEFAULT_TENANT,
    NEVER_CHANGED,
    Limits,
    MeteringKeys,
    NotAllowedNow,
    Tenant,
    TenantChanged,
    TenantExists,
    TenantNotFound,
    TenantRecord,
    TenantStatus,
    TenantStore,
    Tier,
)


def create_tenant(
    tenant: Tenant, tier: Tier, limits: Limits, *, store: TenantStore, metering: MeteringKeys, now: datetime
) -> TenantRecord:
    """Makes a tenant, which has no key yet.

    Raises:
        TenantExists: if there is one of that id.
        StorageUnavailable: if storage or API Gateway failed; what was made half is cleared away.
    """
    if store.find_tenant(tenant) is not None:
        raise TenantExists(tenant)
    metering_id, metering_key = metering.create(tenant, tier)
    record = TenantRecord(tenant, TenantStatus.ACTIVE, tier, limits, now, metering_id, metering_key, revision=1)
    try:
        store.put_tenant(record)
    except BaseException:
        if metering_id is not None:
            metering.delete(metering_id)
        raise
    return record


@dataclass(frozen=True, slots=True)
class TenantUsage:
    """What a tenant uses.

    Attributes:
        day: of the points, in UTC.
        points: learned and judged on that day, with those that processes took in advance; None where points have no
            limit and are not counted.
        series: with a model.
    """

    day: date
    points: int | None
    series: int


def usage_of(
    record: TenantRecord, *, counters: UsageStore, count_series: Callable[[Tenant], int], now: datetime
) -> TenantUsage:
    """What a tenant uses: two reads, of counters.

    Raises:
        StorageUnavailable: if storage failed.
    """
    day = now.astimezone(UTC).date()
    counted = record.limits.points_per_day is not None
    points = counters.used(record.tenant, day.isoformat()) if counted else None
    return TenantUsage(day, points, count_series(record.tenant))


def get_tenant(tenant: Tenant, *, store: TenantStore) -> TenantRecord:
    """A tenant as it stands. The default tenant is there without being made.

    Raises:
        TenantNotFound: if there is none.
    """
    found = store.find_tenant(tenant)
    if found is not None:
        return found
    if tenant == DEFAULT_TENANT:
        return NEVER_CHANGED
    raise TenantNotFound(str(tenant))


def change_tenant(
    tenant: Tenant,
    *,
    tier: Tier | None = None,
    limits: Limits | None = None,
    status: TenantStatus | None = None,
    revision: int | None = None,
    store: TenantStore,
    metering: MeteringKeys,
    now: datetime,
) -> TenantRecord:
    """Changes what is given of a tenant; None leaves it as it is. The authorizer knows within half a minute.

    Args:
        tenant: the tenant.
        tier: its usage plan.
        limits: all its limits.
        status: active or suspended.
        revision: the revision that the caller has seen; None changes whatever there is.
        store: where tenants are.
        metering: the usage plans.
        now: the time.

    Raises:
        TenantNotFound: if there is none.
        TenantChanged: if it stands at another revision, or is changed at the same time.
        NotAllowedNow: if it is being deleted, or if the default tenant would be suspended.
    """
    before = get_tenant(tenant, store=store)
    if revision is not None and revision != before.revision:
        raise TenantChanged(tenant)
    if before.status is TenantStatus.DELETING:
        raise NotAllowedNow(f"tenant {str(tenant)!r} is being deleted")
    if tenant == DEFAULT_TENANT and status is TenantStatus.SUSPENDED:
        raise NotAllowedNow("the default tenant runs the stack, and cannot be suspended")
    after = replace(
        before,
        tier=tier or before.tier,
        limits=limits if limits is not None else before.limits,
        status=status or before.status,
        created_at=before.created_at or now,
        revision=before.revision + 1,
    )
    if before.metering_id is None:
        metering_id, metering_key = metering.create(tenant, after.tier)
        after = replace(after, metering_id=metering_id, metering_key=metering_key)
    store.put_tenant(after)
    if before.metering_id is not None and after.tier is not before.tier:
        metering.move(before.metering_id, before.tier, after.tier)
    return after
