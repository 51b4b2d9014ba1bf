"""The ports of storage in memory: the shortest code that keeps their promises, for tests that need no AWS."""

from __future__ import annotations

import bisect
import hashlib
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tidewatch.deadline import Deadline
from tidewatch.registry import (
    AuditEntry,
    Change,
    DataCorrupted,
    Head,
    ModelVersion,
    Page,
    Receipt,
    SeriesKey,
    SeriesSummary,
    StoredObject,
    Trail,
    WriteConflict,
)
from tidewatch.registry.ports import REWRITE_AFTER
from tidewatch.tenancy import Tenant


@dataclass
class Memory:
    """What all tenants stored together."""

    versions: dict[SeriesKey, list[ModelVersion]] = field(default_factory=dict)
    heads: dict[SeriesKey, Head] = field(default_factory=dict)
    trails: dict[SeriesKey, list[AuditEntry]] = field(default_factory=dict)
    receipts: dict[tuple[SeriesKey, str], tuple[int, int]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, datetime] = field(default_factory=dict)
    """When each object was written last."""


class MemoryVersionStore:
    """Versions of all tenants."""

    def __init__(self, memory: Memory) -> None:
        self._series = memory.versions
        self._heads = memory.heads
        self._trails = memory.trails
        self._receipts = memory.receipts

    def head(self, series: SeriesKey) -> Head | None:
        return deepcopy(self._heads.get(series))

    def trail(self, series: SeriesKey) -> Trail:
        entries = self._trails.get(series)
        return entries[-1].trail if entries and series not in self._heads else Trail()

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        return next((deepcopy(each) for each in self._series.get(series, []) if each.number == number), None)

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:
        self._check(change)
        if self.version(version.series, version.number) is not None:
            raise WriteConflict
        if receipt is not None:
            if self.published_by(version.series, receipt.request) is not None:
                raise WriteConflict
            key = (version.series, receipt.request)
            self._receipts[key] = (version.number, receipt.expires_at)
        self._series.setdefault(version.series, []).append(deepcopy(version))
        self._move(change)

    def move_head(self, change: Change) -> None:
        self._check(change)
        self._move(change)

    def delete_version(self, number: int, change: Change) -> None:
        self._check(change)
        series = change.series
        versions = self._series.get(series, [])
        if self.version(series, number) is None:
            raise WriteConflict
        self._move(change)
        self._series[series] = [version for version in versions if version.number != number]
        for key in [key for key, (of, _) in self._receipts.items() if key[0] == series and of == number]:
            del self._receipts[key]

    def delete_series(self, change: Change, deadline: Deadline) -> None:
        self._check(change)
        series = change.series
        del self._series[series]
        self._move(change)
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
        page = [_summary(self._heads[SeriesKey(tenant, name)]) for name in names[start : start + limit]]
        return Page(page, page[-1].series_id if start + limit < len(names) else None)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        newest_first = [v for v in reversed(self._series.get(series, [])) if before is None or v.number < before]
        page = deepcopy(newest_first[:limit])
        return Page(page, page[-1].number if limit < len(newest_first) else None)

    def _check(self, change: Change) -> None:
        there = self._heads.get(change.series)
        latest = change.before.latest if change.before else None
        if latest != (there.latest if there else None) or change.entry.previous != self._end(change.series).hash:
            raise WriteConflict

    def _end(self, series: SeriesKey) -> Trail:
        entries = self._trails.get(series)
        return entries[-1].trail if entries else Trail()

    def _move(self, change: Change) -> None:
        self._trails.setdefault(change.series, []).append(change.entry)
        if change.after is None:
            del self._heads[change.series]
            return
        # As a head comes back from storage: without what only its version keeps.
        champion = replace(change.after.champion, learned=None, profile=None, lineage=None)
        self._heads[change.series] = deepcopy(replace(change.after, champion=champion))


class MemoryAuditStore:
    """The trails of all tenants' series."""

    def __init__(self, memory: Memory) -> None:
        self._trails = memory.trails

    def entries(
        self,
        series: SeriesKey,
        limit: int,
        after: str | None = None,
        *,
        until: datetime | None = None,
        moves_only: bool = False,
    ) -> Page[AuditEntry, str]:
        found = [
            entry
            for entry in reversed(self._trails.get(series, []))
            if (after is None or entry.sequence < int(after))
            and (until is None or entry.at <= until)
            and (entry.moves_champion or not moves_only)
        ]
        page = found[:limit]
        return Page(page, str(page[-1].sequence) if limit < len(found) else None)

    def whole(self, series: SeriesKey) -> Iterator[AuditEntry]:
        return iter(list(self._trails.get(series, [])))


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


def _summary(head: Head) -> SeriesSummary:
    version = head.champion
    return SeriesSummary(
        series_id=version.series_id,
        latest=head.latest,
        champion=version.number,
        detector=version.detector,
        points_used=version.points_used,
        trained_at=version.trained_at,
        description=version.description,
    )
