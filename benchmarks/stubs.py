"""Storage that costs nothing, so that what is measured is our own work."""

from __future__ import annotations

import hashlib

from tidewatch.registry import ModelVersion, Page, SeriesSummary
from tidewatch.registry.ports import Head, Receipt


class StubVersionStore:
    """Keeps the latest version of each series in a dictionary."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def head(self, series_id: str) -> Head | None:
        """Where the series stands."""
        return self._heads.get(series_id)

    def version(self, series_id: str, number: int) -> ModelVersion | None:
        """The version, if it is the latest."""
        head = self._heads.get(series_id)
        return head.champion if head and head.latest == number else None

    def append(self, version: ModelVersion, receipt: Receipt | None = None) -> None:  # noqa: ARG002 - the port's
        """Makes a version the latest."""
        self._heads[version.series_id] = Head(version.number, version)

    def published_by(self, series_id: str, request: str) -> int | None:  # noqa: ARG002 - the port's
        """Nothing; no benchmark sends a request twice."""
        return None

    def count_series(self) -> int:
        """How many series there are."""
        return len(self._heads)

    def list_series(self, limit: int, after: str | None) -> Page[SeriesSummary, str]:  # noqa: ARG002 - the port's
        """Nothing; no benchmark lists."""
        return Page([], None)

    def list_versions(self, series_id: str, limit: int, before: int | None) -> Page[ModelVersion, int]:  # noqa: ARG002
        """Nothing; no benchmark lists."""
        return Page([], None)


class StubDataStore:
    """Keeps training data in a dictionary."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    def put(self, data: bytes) -> tuple[str, str]:
        """Stores bytes under their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._data[sha256] = data
        return sha256, sha256

    def get(self, key: str, sha256: str) -> bytes:  # noqa: ARG002 - the port's
        """The bytes."""
        return self._data[key]
