"""Who may call a route: the principal that the authorizer found, and the scope that the route needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from tidewatch.tenancy import ALL_SCOPES, DEFAULT_TENANT, Principal, Scope, Tenant, TenantStatus

_MOST_PRINCIPALS: Final = 1024

_UNGUARDED: Final = Principal(DEFAULT_TENANT, "none", ALL_SCOPES)
"""Whoever calls a stack that has no authorizer."""


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
    context = event.get("requestContext") or {}
    if "authorizer" not in context:
        return _UNGUARDED
    found = context["authorizer"] or {}
    if not found.get("tenant"):
        return None
    return _principal(found["tenant"], found.get("keyId", ""), found.get("scopes", ""), found.get("status", ""))


@lru_cache(maxsize=_MOST_PRINCIPALS)
def _principal(tenant: str, key_id: str, scopes: str, status: str) -> Principal:
    return Principal(
        Tenant(tenant),
        key_id,
        frozenset(scope for scope in Scope if scope.value in scopes.split()),
        TenantStatus(status) if status else TenantStatus.ACTIVE,
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
