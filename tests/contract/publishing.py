"""Versions to begin with, past the publisher."""

from __future__ import annotations

from dataclasses import replace

from tidewatch.registry import Head, ModelVersion, Receipt, VersionStore
from tidewatch.registry.audit import NOBODY
from tidewatch.registry.head import published
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.samples import NOW, a_version


def append(
    versions: VersionStore, version: ModelVersion, receipt: Receipt | None = None, *, promote: bool = True
) -> None:
    """Appends a version as if the one before it were the latest, whatever is."""
    head, before = versions.head(version.series), None
    if version.number > 1:
        before = replace(head or Head(0, version), latest=version.number - 1)
    change = published(version, before, versions.trail(version.series), NOBODY, NOW, promote=promote)
    versions.append(version, change, receipt)


def publish(
    versions: VersionStore, series_id: str, count: int, first: int = 1, tenant: Tenant = DEFAULT_TENANT
) -> None:
    """Appends so many versions of a series."""
    for number in range(first, first + count):
        append(versions, a_version(series_id, number, tenant=tenant, points_used=number + 4))
