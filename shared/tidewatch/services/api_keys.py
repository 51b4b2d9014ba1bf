"""Making, rotating and revoking the API keys of a tenant. A key is shown once, when it is made, and never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tidewatch.services.tenants import get_tenant
from tidewatch.tenancy import (
    DEFAULT_TENANT,
    KeyNotFound,
    KeyRecord,
    NotAllowedNow,
    Scope,
    Tenant,
    TenantStatus,
    TenantStore,
    key_sha256,
    new_key,
    new_key_id,
)

MOST_KEYS: Final = 50
"""Keys of a tenant that are valid at once."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        secret: the key itself, which nobody can read again.
        record: what is known of it from now on.
    """

    secret: str
    record: KeyRecord

    def __repr__(self) -> str:
        """Without the secret, for whatever log it may end up in."""
        return f"NewKey({self.record.key_id!r})"


def create_key(
    tenant: Tenant,
    name: str,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    *,
    store: TenantStore,
    now: datetime,
) -> NewKey:
    """Makes a key of a tenant.

    Raises:
        TenantNotFound: if there is no such tenant.
        NotAllowedNow: if it is being deleted, or has as many keys as it may have.
    """
    if get_tenant(tenant, store=store).status is TenantStatus.DELETING:
        raise NotAllowedNow(f"tenant {str(tenant)!r} is being deleted")
    if sum(key.is_valid(now) for key in store.keys_of(tenant)) >= MOST_KEYS:
        raise NotAllowedNow(f"a tenant has {MOST_KEYS} valid keys at the most: revoke one first")
    secret = new_key()
    record = KeyRecord(tenant, new_key_id(), key_sha256(secret), name, scopes, now, expires_at)
    store.put_key(record)
    return NewKey(secret, record)


def list_keys(tenant: Tenant, *, store: TenantStore) -> Sequence[KeyRecord]:
    """The keys of a tenant, the oldest first, also those that hold no more.

    Raises:
        TenantNotFound: if there is no such tenant.
    """
    get_tenant(tenant, store=store)
    return sorted(store.keys_of(tenant), key=lambda key: (key.created_at, key.key_id))


def get_key(tenant: Tenant, key_id: str, *, store: TenantStore) -> KeyRecord:
    """A key of a tenant.

    Raises:
        TenantNotFound: if there is no such tenant.
        KeyNotFound: if it has no such key.
    """
    for key in list_keys(tenant, store=store):
        if key.key_id == key_id:
            return key
    raise KeyNotFound(key_id)


def rotate_key(tenant: Tenant, key_id: str, grace: timedelta, *, store: TenantStore, now: datetime) -> NewKey:
    """Makes a key like another, which holds for a time yet, so that its clients can change over.

    Args:
        tenant: whose keys they are.
        key_id: the key to replace.
        grace: how long the old key holds.
        store: where keys are.
        now: the time.

    Raises:
        KeyNotFound: if there is no such key.
        NotAllowedNow: if it holds no more, or if the tenant has as many keys as it may have.
    """
    old = get_key(tenant, key_id, store=store)
    if not old.is_valid(now):
        raise NotAllowedNow("the key holds no more, and cannot be rotated: make a new one")
    new = create_key(tenant, old.name, old.scopes, old.expires_at, store=store, now=now)
    ends = now + grace
    if grace > timedelta(0):
        store.end_key(old, expires_at=min(ends, old.expires_at or ends), revoked_at=None)
    else:
        store.end_key(old, expires_at=None, revoked_at=now)
    return new


def revoke_key(tenant: Tenant, key_id: str, *, store: TenantStore, now: datetime) -> None:
    """Revokes a key. Every instance of the authorizer refuses it within half a minute.

    Raises:
        KeyNotFound: if there is no such key.
        NotAllowedNow: if it is the last by which the operators can manage tenants.
    """
    key = get_key(tenant, key_id, store=store)
    if not key.is_valid(now):
        return
    if tenant == DEFAULT_TENANT and Scope.ADMIN in key.scopes:
        others = (other for other in store.keys_of(tenant) if other.key_id != key_id)
        # One that expires is no way back in.
        if not any(
            Scope.ADMIN in other.scopes and other.revoked_at is None and not other.expires_at for other in others
        ):
            raise NotAllowedNow("this is the last key for good that may manage the stack: make another first")
    store.end_key(key, expires_at=None, revoked_at=now)
