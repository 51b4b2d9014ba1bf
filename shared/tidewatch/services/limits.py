"""What a tenant has used: points of a day, counted exactly enough and cheaply, and series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol

from cachetools import LRUCache

from tidewatch.registry import SeriesKey, VersionStore
from tidewatch.tenancy import LimitExceeded, Tenant

LARGEST_LEASE: Final = 10_000
"""Points that a process takes in advance at the most."""

_MOST_TENANTS: Final = 1_024
_SERIES_RETRY_SECONDS: Final = 3_600


class UsageStore(Protocol):
    """Counts what tenants use. Every method may raise ``StorageUnavailable``."""

    def take(self, tenant: Tenant, day: str, points: int, limit: int) -> int | None:
        """Adds points to those of a day; how many there are then, or None if there would be more than the limit."""
        ...

    def used(self, tenant: Tenant, day: str) -> int:
        """The points of a day."""
        ...


@dataclass(slots=True)
class _Lease:
    left: int
    used: int


class PointsMeter:
    """Counts the points of tenants that have a limit.

    A process takes points in advance, a hundredth of what is left of the day, so that not every request costs a call to
    storage. As the limit comes near it takes fewer, and at last each request its own. So a tenant never gets more than
    its limit; of what a process has taken and not used when it ends, the tenant loses a hundredth at the most.
    """

    def __init__(self, store: UsageStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Counts in a store, by a clock whose days are UTC."""
        self._store = store
        self._now = now
        self._leases: LRUCache[tuple[Tenant, str], _Lease] = LRUCache(_MOST_TENANTS)

    def spend(self, tenant: Tenant, points: int, limit: int) -> None:
        """Counts points that are about to be learned or judged.

        Raises:
            LimitExceeded: if the tenant has not so many left today.
            StorageUnavailable: if storage failed.
        """
        now = self._now()
        day = now.date().isoformat()
        lease = self._leases.setdefault((tenant, day), _Lease(0, limit))
        if points > lease.left:
            self._extend(lease, tenant, day, points - lease.left, limit, now)
        lease.left -= points

    def _extend(self, lease: _Lease, tenant: Tenant, day: str, needed: int, limit: int, now: datetime) -> None:
        for taken in (max(needed, min((limit - lease.used) // 100, LARGEST_LEASE)), needed):
            used = self._store.take(tenant, day, taken, limit)
            if used is not None:
                lease.left += taken
                lease.used = used
                return
        lease.used = limit
        message = f"the tenant's limit of {limit:,} points a day would be exceeded; the day ends at midnight UTC"
        raise LimitExceeded("points_per_day", message, _until_midnight(now))


def check_series_limit(series: SeriesKey, limit: int | None, versions: VersionStore) -> None:
    """Refuses the first version of a series where the tenant has as many series as it may have.

    First fits at the very same moment may each find room for one.

    Raises:
        LimitExceeded: if it has.
        StorageUnavailable: if storage failed.
    """
    if limit is None or versions.head(series) is not None:
        return
    if versions.count_series(series.tenant) >= limit:
        message = f"the tenant's limit of {limit:,} series is reached: delete one, or ask for a higher limit"
        raise LimitExceeded("series", message, _SERIES_RETRY_SECONDS)


def _until_midnight(now: datetime) -> int:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return max(1, int((midnight - now).total_seconds()))
