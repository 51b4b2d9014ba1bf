"""What the registry needs of storage. Adapters implement it; the contract suite holds every adapter to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from tidewatch.deadline import Deadline
from tidewatch.registry.audit import AuditEntry, Trail
from tidewatch.registry.description import Description
from tidewatch.registry.head import Change, Head
from tidewatch.registry.version import ModelVersion, SeriesKey
from tidewatch.series import UTC_NAME
from tidewatch.tenancy import Tenant

REWRITE_AFTER: Final = timedelta(days=1)
"""The age at which data that is put again is written anew."""

Item = TypeVar("Item")
After = TypeVar("After")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item, After]):
    """Some items, and where the next page starts; ``after`` is None on the last page."""

    items: Sequence[Item]
    after: After | None


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """A series as the list of series shows it, by its champion."""

    series_id: str
    latest: int
    champion: int
    detector: str
    points_used: int
    trained_at: datetime
    description: Description = field(default_factory=Description)
    timezone: str = UTC_NAME


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is stored with the version that a request published, so that the same request never publishes a second one.

    Attributes:
        request: what tells the request from all others of its series, such as a hash.
        expires_at: when it is forgotten, in Unix seconds.
    """

    request: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One state of one object in storage.

    Attributes:
        key: the object's key.
        state: tells this state of the object from an earlier or later one under the same key.
        size: in bytes.
    """

    key: str
    state: str
    size: int


class VersionStore(Protocol):
    """Versions of the series of all tenants. Every method may raise ``StorageUnavailable``."""

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands, read consistently; None if it was never trained."""
        ...

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """One version, or None if there is none of that number."""
        ...

    def trail(self, series: SeriesKey) -> Trail:
        """Where the audit trail ends of a series that was deleted, read consistently; an empty trail if none was."""
        ...

    def append(self, version: ModelVersion, change: Change, receipt: Receipt | None = None) -> None:
        """Publishes a version whole or not at all: it, where the series stands then, and the entry of the trail.

        Args:
            version: the version; its number follows the latest.
            change: that publishes it.
            receipt: of the request that publishes it, stored together with it.

        Raises:
            WriteConflict: if the series no longer stands at ``change.before``, or the request has published a version.
        """
        ...

    def move_head(self, change: Change) -> None:
        """Moves where a series stands, and writes the entry of the trail.

        Raises:
            WriteConflict: if the series no longer stands at ``change.before``.
        """
        ...

    def delete_version(self, number: int, change: Change) -> None:
        """Deletes a version, and the receipt of the request that published it, and writes the entry of the trail.

        Raises:
            WriteConflict: if there is no such version, or the series no longer stands at ``change.before``.
        """
        ...

    def delete_series(self, change: Change, deadline: Deadline) -> None:
        """Deletes a series with all its versions and receipts. Its audit trail stays, with the deletion as its end.

        Until the last step the series stays whole, but for versions that are not in use.

        Args:
            change: that deletes it.
            deadline: when to give up; what is deleted by then stays deleted.

        Raises:
            WriteConflict: if the series no longer stands at ``change.before``.
            DeadlineExceeded: at the deadline.
        """
        ...

    def referenced_keys(self) -> Iterator[str]:
        """The keys of all data and arrays that versions refer to, of all tenants; a key may come more than once.

        Whatever was published before the call, and is not deleted while it runs, is among them.
        """
        ...

    def published_by(self, series: SeriesKey, request: str) -> int | None:
        """The number that a request published, read consistently; None if it published none, or long ago."""
        ...

    def count_series(self, tenant: Tenant) -> int:
        """How many distinct series the tenant has."""
        ...

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        """Series of a tenant in the order of their ids; may lag behind a fit by moments."""
        ...

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        """Versions of one series, newest first."""
        ...


class AuditStore(Protocol):
    """The audit trails of all tenants' series; version stores write them. Methods may raise ``StorageUnavailable``."""

    def entries(
        self,
        series: SeriesKey,
        limit: int,
        after: str | None = None,
        *,
        until: datetime | None = None,
        moves_only: bool = False,
    ) -> Page[AuditEntry, str]:
        """A page of a trail, newest first, read consistently.

        Args:
            series: whose trail.
            limit: how many entries at the most.
            after: where the page starts, from the page before.
            until: entries that are later are left out.
            moves_only: whether only those are wanted that changed the champion.
        """
        ...

    def whole(self, series: SeriesKey) -> Iterator[AuditEntry]:
        """All entries of a trail, oldest first, read consistently."""
        ...


class DataStore(Protocol):
    """Bytes of one kind, training data or arrays, under their sha256. Every method may raise ``StorageUnavailable``."""

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        """Stores bytes of a tenant and returns their key and sha256 in hex; the same bytes always have the same key.

        What is stored already is written again only if that was more than ``REWRITE_AFTER`` ago. So bytes that were
        just put are never old enough to be collected as garbage before a version refers to them.
        """
        ...

    def get(self, key: str, sha256: str) -> bytes:
        """The bytes under a key.

        Raises:
            DataCorrupted: if they are gone or do not match the sha256.
        """
        ...


class ObjectStore(Protocol):
    """Data and arrays of all tenants, as whoever clears up sees them. Methods may raise ``StorageUnavailable``."""

    def written_before(self, moment: datetime) -> Iterator[StoredObject]:
        """The objects that were last written before a moment: every stored state of each."""
        ...

    def delete(self, objects: Sequence[StoredObject]) -> None:
        """Deletes these states for good. An object that was written again since keeps its new state."""
        ...
