"""Whose data a request is about, and what the one who asks may do.

The tenant is a value of the request, never of the process: every store and every key takes one.
"""

from __future__ import annotations

from tidewatch.tenancy.principal import ALL_SCOPES, Principal, Scope, TenantStatus
from tidewatch.tenancy.tenant import DEFAULT_TENANT, Tenant

__all__ = ["ALL_SCOPES", "DEFAULT_TENANT", "Principal", "Scope", "Tenant", "TenantStatus"]
