"""Whose data a request is about, and what the one who asks may do.

The tenant is a value of the request, never of the process: every store and every key takes one.
"""

from __future__ import annotations

from tidewatch.tenancy.errors import KeyNotFound, NotAllowedNow, TenantChanged, TenantExists, TenantNotFound
from tidewatch.tenancy.limits import LimitExceeded, Limits
from tidewatch.tenancy.ports import KeyFinder, MeteringKeys, TenantStore
from tidewatch.tenancy.principal import ALL_SCOPES, Principal, Scope, TenantStatus
from tidewatch.tenancy.records import (
    LONGEST_KEY,
    NEVER_CHANGED,
    KeyRecord,
    TenantRecord,
    Tier,
    key_sha256,
    new_key,
    new_key_id,
)
from tidewatch.tenancy.tenant import DEFAULT_TENANT, Tenant, is_tenant_id

__all__ = [
    "ALL_SCOPES",
    "DEFAULT_TENANT",
    "LONGEST_KEY",
    "NEVER_CHANGED",
    "KeyFinder",
    "KeyNotFound",
    "KeyRecord",
    "LimitExceeded",
    "Limits",
    "MeteringKeys",
    "NotAllowedNow",
    "Principal",
    "Scope",
    "Tenant",
    "TenantChanged",
    "TenantExists",
    "TenantNotFound",
    "TenantRecord",
    "TenantStatus",
    "TenantStore",
    "Tier",
    "is_tenant_id",
    "key_sha256",
    "new_key",
    "new_key_id",
]
