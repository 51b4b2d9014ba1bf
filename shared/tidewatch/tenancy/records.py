"""Tenants and their API keys, as they are stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from tidewatch.tenancy.limits import NO_LIMITS, Limits
from tidewatch.tenancy.principal import Scope, TenantStatus
from tidewatch.tenancy.tenant import DEFAULT_TENANT, Tenant

LONGEST_KEY: Final = 256
"""Characters of a key; what is longer is none."""

_PREFIX: Final = "tw_"
_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 8


class Tier(StrEnum):
    """The usage plans of API Gateway: how many requests a tenant may make per second and per day, best effort."""

    STANDARD = "standard"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """A tenant as it stands.

    Attributes:
        tenant: the tenant.
        status: whether it is served.
        tier: the usage plan that its requests count against.
        limits: what the service counts by itself.
        created_at: when it was made, UTC; None for a default tenant that nobody changed.
        metering_id: names its key of API Gateway; None where there are no usage plans.
        metering_key: that key's value, which tells API Gateway whose usage to count. It opens nothing.
        revision: grows by one with each change.
    """

    tenant: Tenant
    status: TenantStatus = TenantStatus.ACTIVE
    tier: Tier = Tier.STANDARD
    limits: Limits = NO_LIMITS
    created_at: datetime | None = None
    metering_id: str | None = None
    metering_key: str | None = None
    revision: int = 0


NEVER_CHANGED: Final = TenantRecord(DEFAULT_TENANT)
"""The default tenant, which is there without being made."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key without its secret.

    Attributes:
        tenant: whom it belongs to.
        key_id: names it; no secret.
        sha256: of the key, in hex.
        name: what its owner calls it.
        scopes: what it may do.
        created_at: when it was made, UTC.
        expires_at: from when on it is unknown, UTC; None is never.
        revoked_at: when it was revoked, UTC; None while it was not.
    """

    tenant: Tenant
    key_id: str
    sha256: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at a time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_key() -> str:
    """The text of a new API key: 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def new_key_id() -> str:
    """A name for a key."""
    return secrets.token_hex(_ID_BYTES)


def key_sha256(key: str) -> str:
    """What a key is stored under.

    A plain hash will do, since a key is random: there is nothing to guess that a slow hash would protect.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
