"""The ports of storage in memory: the shortest code that keeps their promises, for tests that need no AWS."""

from __future__ import annotations

import bisect
import hashlib
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tidewatch.deadline import Deadline
from tidewatch.registry import DataCorrupted, ModelVersion, Page, SeriesKey, SeriesSummary, WriteConflict
from tidewatch.registry.ports import REWRITE_AFTER, Head, Receipt, StoredObject
from tidewatch.tenancy import Tenant


@dataclass
class Memory:
    """What all tenants stored together."""

    versions: dict[SeriesKey, list[ModelVersion]] = field(default_factory=dict)
    receipts: dict[tuple[SeriesKey, str], tuple[int, int]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, datetime] = field(default_factory=dict)
    """When each object was written last."""


class MemoryVersionStore:
    """Versions of all tenants."""

    def __init__(self, memory: Memory) -> None:
        self._series = memory.versions
        self._receipts = memory.receipts

    def head(self, series: SeriesKey) -> Head | None:
        versions = self._series.get(series)
        return Head(versions[-1].number, deepcopy(versions[-1])) if versions else None

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        return next((deepcopy(each) for each in self._series.get(series, []) if each.number == number), None)

    def append(self, version: ModelVersion, receipt: Receipt | None = None) -> None:
        versions = self._series.get(version.series)
        if version.number != (versions[-1].number + 1 if versions else 1):
            raise WriteConflict
        if receipt is not None:
            if self.published_by(version.series, receipt.request) is not None:
                raise WriteConflict
            key = (version.series, receipt.request)
            self._receipts[key] = (version.number, receipt.expires_at)
        self._series.setdefault(version.series, []).append(deepcopy(version))

    def delete_version(self, series: SeriesKey, number: int) -> None:
        versions = self._series.get(series, [])
        if not versions or number == versions[-1].number or self.version(series, number) is None:
            raise WriteConflict
        self._series[series] = [version for version in versions if version.number != number]
        for key in [key for key, (of, _) in self._receipts.items() if key[0] == series and of == number]:
            del self._receipts[key]

    def delete_series(self, series: SeriesKey, head: Head, deadline: Deadline) -> None:
        if self.head(series) != head:
            raise WriteConflict
        del self._series[series]
        for key in [key for key in self._receipts if key[0] == series]:
            del self._receipts[key]

    def referenced_keys(self) -> Iterator[str]:
        for versions in self._series.values():
            for version in versions:
                yield version.data_key
                if version.arrays_key is not None:
                    yield version.arrays_key

    def published_by(self, series: SeriesKey, request: str) -> int | None:
        number, expires_at = self._receipts.get((series, request), (None, 0))
        return number if expires_at >= time.time() else None

    def count_series(self, tenant: Tenant) -> int:
        return sum(series.tenant == tenant for series in self._series)

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        names = sorted(series.series_id for series in self._series if series.tenant == tenant)
        start = 0 if after is None else bisect.bisect_right(names, after)
        page = [_summary(self._series[SeriesKey(tenant, name)][-1]) for name in names[start : start + limit]]
        return Page(page, page[-1].series_id if start + limit < len(names) else None)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        newest_first = [v for v in reversed(self._series.get(series, [])) if before is None or v.number < before]
        page = deepcopy(newest_first[:limit])
        return Page(page, page[-1].number if limit < len(newest_first) else None)


class MemoryDataStore:
    """Objects of one kind, of all tenants."""

    def __init__(self, memory: Memory, folder: str = "training") -> None:
        self._objects = memory.objects
        self._written = memory.written
        self._folder = folder

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"{self._folder}/{tenant}/{sha256}"
        now = datetime.now(UTC)
        if self._objects.get(key) != data or now - self._written[key] > REWRITE_AFTER:
            self._objects[key] = data
            self._written[key] = now
        return key, sha256

    def get(self, key: str, sha256: str) -> bytes:
        data = self._objects.get(key)
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            raise DataCorrupted(key)
        return data


class MemoryObjectStore:
    """The objects of all kinds and tenants. The time of its last write is the state of an object."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def written_before(self, moment: datetime) -> Iterator[StoredObject]:
        for key, written in list(self._memory.written.items()):
            if written < moment:
                yield StoredObject(key, written.isoformat(), len(self._memory.objects[key]))

    def delete(self, objects: Sequence[StoredObject]) -> None:
        for each in objects:
            if each.key in self._memory.written and self._memory.written[each.key].isoformat() == each.state:
                del self._memory.objects[each.key], self._memory.written[each.key]


def _summary(version: ModelVersion) -> SeriesSummary:
    return SeriesSummary(
        series_id=version.series_id,
        latest=version.number,
        detector=version.detector,
        points_used=version.points_used,
        trained_at=version.trained_at,
    )
