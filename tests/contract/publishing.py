"""Versions to begin with."""

from __future__ import annotations

from tidewatch.registry import VersionStore
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.samples import a_version


def publish(
    versions: VersionStore, series_id: str, count: int, first: int = 1, tenant: Tenant = DEFAULT_TENANT
) -> None:
    """Appends so many versions of a series."""
    for number in range(first, first + count):
        versions.append(a_version(series_id, number, tenant=tenant, points_used=number + 4))
