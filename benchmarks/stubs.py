"""Storage that costs nothing, so that what is measured is our own work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tidewatch.deadline import Deadline
from tidewatch.registry import Change, Head, ModelVersion, Page, Receipt, SeriesKey, SeriesSummary, Trail
from tidewatch.tenancy import Tenant


class StubVersionStore:
    """Keeps the latest version of each series in a dictionary."""

    def __init__(self) -> None:
        self._heads: dict[SeriesKey, Head] = {}

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands."""
        return self._heads.get(series)

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """The version, if it is the latest."""
        head = self._heads.get(series)
        return head.champion if head and head.latest == number else None

    def trail(self, series: SeriesKey) -> Trail:  # noqa: ARG002 - the port's
        """None; no benchmark deletes."""
        return Trail()

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:  # noqa: ARG002
        """Makes a version the latest."""
        self.move_head(change)

    def move_head(self, change: Change) -> None:
        """Moves a series."""
        if change.after is not None:
            self._heads[change.series] = change.after

    def published_by(self, series: SeriesKey, request: str) -> int | None:  # noqa: ARG002 - the port's
        """Nothing; no benchmark sends a request twice."""
        return None

    def delete_version(self, number: int, change: Change) -> None:
        """Nothing; no benchmark deletes."""

    def delete_series(self, change: Change, deadline: Deadline) -> None:
        """Nothing; no benchmark deletes."""

    def referenced_keys(self) -> Iterator[str]:
        """Nothing; no benchmark collects."""
        return iter(())

    def count_series(self, tenant: Tenant) -> int:  # noqa: ARG002 - the port's
        """How many series there are."""
        return len(self._heads)

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:  # noqa: ARG002 - the port's
        """Nothing; no benchmark lists."""
        return Page([], None)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:  # noqa: ARG002
        """Nothing; no benchmark lists."""
        return Page([], None)


class StubDataStore:
    """Keeps training data in a dictionary."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:  # noqa: ARG002 - the port's
        """Stores bytes under their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._data[sha256] = data
        return sha256, sha256

    def get(self, key: str, sha256: str) -> bytes:  # noqa: ARG002 - the port's
        """The bytes."""
        return self._data[key]
