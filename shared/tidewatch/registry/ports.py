"""What the registry needs of storage. Adapters implement it; the contract suite holds every adapter to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from tidewatch.registry.version import ModelVersion, SeriesKey
from tidewatch.tenancy import Tenant

Item = TypeVar("Item")
After = TypeVar("After")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item, After]):
    """Some items, and where the next page starts; ``after`` is None on the last page."""

    items: Sequence[Item]
    after: After | None


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """A series as the list of series shows it, by its latest version."""

    series_id: str
    latest: int
    detector: str
    points_used: int
    trained_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """Where a series stands: its latest number, its champion's number, and the champion whole."""

    latest: int
    champion: ModelVersion


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is stored with the version that a request published, so that the same request never publishes a second one.

    Attributes:
        request: what tells the request from all others of its series, such as a hash.
        expires_at: when it is forgotten, in Unix seconds.
    """

    request: str
    expires_at: int


class VersionStore(Protocol):
    """Versions of the series of all tenants. Every method may raise ``StorageUnavailable``."""

    def head(self, series: SeriesKey) -> Head | None:
        """Where the series stands, read consistently; None if it was never trained."""
        ...

    def version(self, series: SeriesKey, number: int) -> ModelVersion | None:
        """One version, or None if there is none of that number."""
        ...

    def append(self, version: ModelVersion, receipt: Receipt | None = None) -> None:
        """Publishes a version whole or not at all, as latest and champion, if it follows the latest.

        Args:
            version: the version.
            receipt: of the request that publishes it, stored together with it.

        Raises:
            VersionTaken: if the latest is no longer ``version.number - 1``, or the request has published a version.
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


class DataStore(Protocol):
    """Bytes of one kind, training data or arrays, under their sha256. Every method may raise ``StorageUnavailable``."""

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        """Stores bytes of a tenant and returns their key and sha256 in hex; the same bytes always have the same key."""
        ...

    def get(self, key: str, sha256: str) -> bytes:
        """The bytes under a key.

        Raises:
            DataCorrupted: if they are gone or do not match the sha256.
        """
        ...
