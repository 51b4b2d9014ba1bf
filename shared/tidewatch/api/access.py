"""Who may call a route: the principal that the authorizer found, and the scope that the route needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from tidewatch.tenancy import Limits, Principal, Scope, Tenant, TenantStatus

_MOST_PRINCIPALS: Final = 1024

_CONTEXT: Final = ("tenant", "keyId", "scopes", "status", *(f"limit_{name}" for name in Limits.names()))
"""What the authorizer tells; see ``tidewatch.api.authorizer``."""


class Unauthenticated(Exception):
    """The request was made without a key that is known."""


class Forbidden(Exception):
    """The key is known, but may not do this; the message says why, as the part of a sentence."""

    def __init__(self, message: str, kind: str = "forbidden") -> None:
        super().__init__(message)
        self.kind = kind


def principal_of(event: Mapping[str, Any]) -> Principal | None:
    """The key that a request was made with; None if it was made with none.

    Args:
        event: of API Gateway, with what the authorizer found in its context.
    """
    found = (event.get("requestContext") or {}).get("authorizer")
    if not found or "tenant" not in found:
        return None
    return _principal(*map(found.get, _CONTEXT))


@lru_cache(maxsize=_MOST_PRINCIPALS)
def _principal(tenant: str, key_id: str | None, scopes: str | None, status: str | None, *limits: str) -> Principal:
    named = (scopes or "").split()
    numbers = (None if limit is None else int(limit) for limit in limits)
    return Principal(
        Tenant(tenant),
        key_id or "",
        frozenset(scope for scope in Scope if scope.value in named),
        TenantStatus(status) if status else TenantStatus.ACTIVE,
        Limits(*numbers),
    )


def check_access(caller: Principal | None, scope: Scope) -> None:
    """Refuses whoever may not do what needs a scope.

    Raises:
        Unauthenticated: if there is no key.
        Forbidden: if the tenant is not served, or the key lacks the scope.
    """
    if caller is None:
        raise Unauthenticated
    if caller.status is TenantStatus.SUSPENDED:
        raise Forbidden("the tenant of this key is suspended", "tenant-suspended")
    if caller.status is TenantStatus.DELETING:
        raise Forbidden("the tenant of this key is being deleted", "tenant-deleting")
    if scope not in caller.scopes:
        raise Forbidden(f"this key lacks the scope {scope.value}")
