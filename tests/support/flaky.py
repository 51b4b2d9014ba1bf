"""Stores that fail, or are overtaken, at a chosen step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tidewatch.registry import (
    Change,
    DataStore,
    Head,
    ModelVersion,
    Receipt,
    SeriesKey,
    StorageUnavailable,
    VersionStore,
)
from tidewatch.tenancy import Tenant

STEPS = ("put", "head", "append", "answer of append")
"""Where a publish can fail: before each call to storage, and after a version was written but not acknowledged."""


class Recorder:
    """Passes calls on, and keeps their names in order."""

    def __init__(self, inner: Any, calls: list[str]) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def recorded(*args: Any, **kwargs: Any) -> Any:
            self._calls.append(name)
            return method(*args, **kwargs)

        return recorded


class FlakyVersions:
    """A version store that is not there at one step, and before whose appends something else may happen."""

    def __init__(
        self, inner: VersionStore, fails_at: str = "", before_append: Callable[[ModelVersion], None] | None = None
    ) -> None:
        self._inner = inner
        self._fails_at = fails_at
        self._before_append = before_append

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def head(self, series: SeriesKey) -> Head | None:
        if self._fails_at == "head":
            raise StorageUnavailable("head")
        return self._inner.head(series)

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:
        if self._before_append is not None:
            self._before_append(version)
        if self._fails_at == "append":
            raise StorageUnavailable("append")
        self._inner.append(version, change, receipt)
        if self._fails_at == "answer of append":
            raise StorageUnavailable("append")


class FlakyData:
    """A data store that may not be there."""

    def __init__(self, inner: DataStore, fails_at: str = "") -> None:
        self._inner = inner
        self._fails_at = fails_at

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        if self._fails_at == "put":
            raise StorageUnavailable("put")
        return self._inner.put(tenant, data)

    def get(self, key: str, sha256: str) -> bytes:
        return self._inner.get(key, sha256)
