"""Versions to begin with."""

from __future__ import annotations

from tidewatch.registry import VersionStore

from tests.support.samples import a_version


def publish(versions: VersionStore, series_id: str, count: int, first: int = 1) -> None:
    """Appends so many versions of a series."""
    for number in range(first, first + count):
        versions.append(a_version(series_id, number, points_used=number + 4))
