"""What can go wrong with tenants and keys; the HTTP door decides what each means to a client."""

from __future__ import annotations

from tidewatch.tenancy.tenant import Tenant


class TenantNotFound(LookupError):
    """There is no such tenant, or it is not the caller's to see."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"there is no tenant {tenant_id!r}")


class KeyNotFound(LookupError):
    """The tenant has no such key."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no key {key_id!r}")


class TenantExists(Exception):
    """There is such a tenant already."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(f"there is a tenant {str(tenant)!r} already")


class TenantChanged(Exception):
    """The tenant was changed by somebody else at the same time, or is gone; nothing was written."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(f"tenant {str(tenant)!r} was changed by another request: read it again")


class NotAllowedNow(Exception):
    """What was asked would lock the operators out, or does not suit the state of the tenant; the message says why."""
