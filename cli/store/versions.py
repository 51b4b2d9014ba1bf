"""Versions of models as files: ``series/<tenant>/<series>/`` has ``series.json`` and, of each version, ``v1.json``.

What a series is, is what ``series.json`` says: it is written last, in one move, so that a change is done whole or not
at all. Files of versions that it does not name are what an interrupted change left, and are written over.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from tidewatch.deadline import Deadline
from tidewatch.registry import (
    Change,
    DataCorrupted,
    Head,
    ModelVersion,
    Page,
    Receipt,
    SeriesKey,
    SeriesSummary,
    Trail,
    WriteConflict,
)
from tidewatch.tenancy import Tenant

from cli.store.documents import Standing, version_from_json, version_to_json, with_arrays
from cli.store.files import alone, read_if_there, undisturbed, write_whole

Parsed = TypeVar("Parsed")

_FOLDER: Final = "series"
_STANDING: Final = "series.json"


class FileVersionStore:
    """The versions of all tenants in one folder, which several processes may share.

    Every method may raise ``OSError``, and ``DataCorrupted`` for a file that somebody damaged.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands."""
        with undisturbed(self._root):
            return self._head(series, self._standing(series))

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """One version."""
        with undisturbed(self._root):
            return self._version(series, number) if number in self._standing(series).versions else None

    def trail(self, series: SeriesKey) -> Trail:
        """Where the trail of a deleted series ends."""
        with undisturbed(self._root):
            standing = self._standing(series)
        return standing.trail if standing.head is None else Trail()

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:
        """Publishes a version."""
        series = version.series
        with alone(self._root):
            standing = self._expected(change)
            if version.number in standing.versions:
                raise WriteConflict
            if receipt is not None:
                if _published(standing, receipt.request) is not None:
                    raise WriteConflict
                standing.receipts[receipt.request] = (version.number, receipt.expires_at)
            self._write(version)
            standing.versions.append(version.number)
            self._move(series, standing, change)

    def move_head(self, change: Change) -> None:
        """Moves where a series stands."""
        with alone(self._root):
            self._move(change.series, self._expected(change), change)

    def delete_version(self, number: int, change: Change) -> None:
        """Deletes a version."""
        with alone(self._root):
            standing = self._expected(change)
            if number not in standing.versions:
                raise WriteConflict
            standing.versions.remove(number)
            standing.receipts = {name: kept for name, kept in standing.receipts.items() if kept[0] != number}
            self._move(change.series, standing, change)
            self._forget(change.series, [number])

    def delete_series(self, change: Change, deadline: Deadline) -> None:
        """Deletes a series; its trail stays."""
        with alone(self._root):
            standing = self._expected(change)
            deadline.check()
            numbers, standing.versions, standing.receipts = standing.versions, [], {}
            self._move(change.series, standing, change)
            self._forget(change.series, numbers)

    def referenced_keys(self) -> Iterator[str]:
        """The keys that versions refer to."""
        for tenant in self._tenants():
            for series, standing in self._all(tenant):
                for number in standing.versions:
                    version = self._version(series, number)
                    yield from filter(None, (version.data_key, version.arrays_key))

    def published_by(self, series: SeriesKey, request: str) -> int | None:
        """The number that a request published."""
        with undisturbed(self._root):
            return _published(self._standing(series), request)

    def count_series(self, tenant: Tenant) -> int:
        """How many series there are."""
        return len(self._all(tenant))

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        """Series in the order of their ids."""
        with undisturbed(self._root):
            found = [each for each in self._all(tenant) if after is None or each[0].series_id > after]
            heads = [self._head(*each) for each in found[:limit]]
        page = [_summary(head) for head in heads if head is not None]
        return Page(page, page[-1].series_id if len(found) > limit else None)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        """Versions of one series, newest first."""
        with undisturbed(self._root):
            numbers = [each for each in self._standing(series).versions[::-1] if before is None or each < before]
            page = [self._version(series, number) for number in numbers[:limit]]
        return Page(page, page[-1].number if len(numbers) > limit else None)

    def _folder(self, series: SeriesKey) -> Path:
        # No id leads to another folder: all but letters, digits, _ - ~ and dots inside are percent-encoded.
        name = quote(series.series_id, safe="")
        return self._root / _FOLDER / str(series.tenant) / (f"%2E{name[1:]}" if name.startswith(".") else name)

    def _standing(self, series: SeriesKey) -> Standing:
        path = self._folder(series) / _STANDING
        text = read_if_there(path)
        return Standing() if text is None else _parsed(path, text, Standing.from_json)

    def _head(self, series: SeriesKey, standing: Standing) -> Head | None:
        if standing.head is None:
            return None
        return standing.as_head(self._version(series, standing.head["champion"]))

    def _version(self, series: SeriesKey, number: int) -> ModelVersion:
        path = self._folder(series) / f"v{number}.json"
        version, sha256 = _parsed(path, read_if_there(path), lambda text: version_from_json(text, series))
        if sha256 is None:
            return version
        arrays = read_if_there(path.with_suffix(".npz"))
        if arrays is None or hashlib.sha256(arrays).hexdigest() != sha256:
            raise DataCorrupted(str(path.with_suffix(".npz")))
        return with_arrays(version, arrays)

    def _write(self, version: ModelVersion) -> None:
        path = self._folder(version.series) / f"v{version.number}.json"
        if version.arrays:
            write_whole(path.with_suffix(".npz"), version.arrays)
        sha256 = hashlib.sha256(version.arrays).hexdigest() if version.arrays else None
        write_whole(path, version_to_json(version, sha256))

    def _expected(self, change: Change) -> Standing:
        """What the series is, if it stands where the change says."""
        standing = self._standing(change.series)
        latest = change.before.latest if change.before else None
        there = standing.head["latest"] if standing.head else None
        if latest != there or change.entry.previous != standing.trail.hash:
            raise WriteConflict
        return standing

    def _move(self, series: SeriesKey, standing: Standing, change: Change) -> None:
        standing.move(change.after, change.entry)
        write_whole(self._folder(series) / _STANDING, standing.to_json())

    def _forget(self, series: SeriesKey, numbers: Sequence[int]) -> None:
        for number in numbers:
            for suffix in ("json", "npz"):
                (self._folder(series) / f"v{number}.{suffix}").unlink(missing_ok=True)

    def _tenants(self) -> list[Tenant]:
        return [Tenant(path.name) for path in sorted((self._root / _FOLDER).glob("*"))]

    def _all(self, tenant: Tenant) -> list[tuple[SeriesKey, Standing]]:
        """The series of a tenant that were not deleted."""
        paths = (self._root / _FOLDER / str(tenant)).glob(f"*/{_STANDING}")
        names = sorted(unquote(path.parent.name) for path in paths)
        found = [(key, self._standing(key)) for key in (SeriesKey(tenant, name) for name in names)]
        return [each for each in found if each[1].head is not None]


def _parsed(path: Path, text: bytes | None, parse: Callable[[bytes], Parsed]) -> Parsed:
    if text is None:
        raise DataCorrupted(str(path))
    try:
        return parse(text)
    except (ValueError, TypeError, KeyError) as error:
        raise DataCorrupted(str(path)) from error


def _published(standing: Standing, request: str) -> int | None:
    number, until = standing.receipts.get(request, (None, 0))
    return number if until >= time.time() else None


def _summary(head: Head) -> SeriesSummary:
    champion = head.champion
    return SeriesSummary(
        series_id=champion.series_id,
        latest=head.latest,
        champion=champion.number,
        detector=champion.detector,
        points_used=champion.points_used,
        trained_at=champion.trained_at,
        description=champion.description,
    )
