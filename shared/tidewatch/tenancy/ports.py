"""What tenancy needs of storage and of API Gateway. Adapters implement it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tidewatch.tenancy.records import KeyRecord, TenantRecord, Tier
from tidewatch.tenancy.tenant import Tenant


class KeyFinder(Protocol):
    """Finds whose key it is. Every method may raise ``StorageUnavailable``."""

    def find_key(self, sha256: str) -> KeyRecord | None:
        """The key of a hash; None if there is none."""
        ...

    def find_tenant(self, tenant: Tenant) -> TenantRecord | None:
        """A tenant; None if it was never made."""
        ...


class TenantStore(KeyFinder, Protocol):
    """Tenants and keys. Every method may raise ``StorageUnavailable``."""

    def list_tenants(self, limit: int, after: str | None) -> tuple[Sequence[TenantRecord], str | None]:
        """Tenants in the order of their ids, and where the next page starts; may lag behind by moments."""
        ...

    def put_tenant(self, record: TenantRecord) -> None:
        """Writes a tenant that stood one revision before; revision 1 is new.

        Raises:
            TenantExists: if revision 1 is there already.
            TenantChanged: if a later revision does not follow what is there.
        """
        ...

    def delete_tenant(self, record: TenantRecord) -> None:
        """Forgets a tenant that stands at this revision.

        Raises:
            TenantChanged: if it stands at another.
        """
        ...

    def keys_of(self, tenant: Tenant) -> Sequence[KeyRecord]:
        """All keys of a tenant, also those that are revoked."""
        ...

    def put_key(self, record: KeyRecord) -> None:
        """Stores a new key.

        Raises:
            TenantChanged: if its tenant is gone, or being deleted.
        """
        ...

    def end_key(self, record: KeyRecord, *, expires_at: datetime | None, revoked_at: datetime | None) -> None:
        """Says until when a key holds."""
        ...

    def delete_key(self, record: KeyRecord) -> None:
        """Forgets a key."""
        ...


class MeteringKeys(Protocol):
    """The keys of API Gateway by which it counts what each tenant uses. Methods may raise ``StorageUnavailable``."""

    def create(self, tenant: Tenant, tier: Tier) -> tuple[str | None, str | None]:
        """Makes a tenant's key in the usage plan of a tier; its id and value, None where nothing is metered."""
        ...

    def move(self, metering_id: str, old: Tier, new: Tier) -> None:
        """Moves a key from one tier to another."""
        ...

    def delete(self, metering_id: str) -> None:
        """Deletes a key; one that is gone already is none the worse."""
        ...
