"""Who makes a request, and what that key may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tidewatch.tenancy.limits import NO_LIMITS, Limits
from tidewatch.tenancy.tenant import DEFAULT_TENANT, Tenant


class Scope(StrEnum):
    """What a key may do for its tenant. None includes another."""

    READ = "read"
    """Judge points, and look at what is stored."""
    WRITE = "write"
    """Train models, and change or delete them."""
    ADMIN = "admin"
    """Manage the keys of the tenant."""


ALL_SCOPES: Final = frozenset(Scope)


class TenantStatus(StrEnum):
    """Whether a tenant is served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Its requests are refused; its data stays."""
    DELETING = "deleting"
    """Its requests are refused, and its data is on its way out."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The key that a request was made with, as the authorizer found it.

    Attributes:
        tenant: whose data the request is about.
        key_id: names the key in logs and audits; it is no secret.
        scopes: what the key may do.
        status: whether the tenant is served.
        limits: what the tenant may use.
    """

    tenant: Tenant
    key_id: str
    scopes: frozenset[Scope]
    status: TenantStatus = TenantStatus.ACTIVE
    limits: Limits = NO_LIMITS

    @property
    def is_operator(self) -> bool:
        """Whether it may manage all tenants: an administrator of the default tenant, whose stack it is."""
        return Scope.ADMIN in self.scopes and self.tenant == DEFAULT_TENANT
