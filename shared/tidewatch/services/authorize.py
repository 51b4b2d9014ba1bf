"""Whose key it is: what is asked before each request."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cachetools import TTLCache

from tidewatch.tenancy import (
    ALL_SCOPES,
    DEFAULT_TENANT,
    LONGEST_KEY,
    NEVER_CHANGED,
    KeyFinder,
    KeyRecord,
    Principal,
    Tenant,
    TenantRecord,
    key_sha256,
)

CACHE_SECONDS: Final = 30.0
"""How long a process goes by what it read: a key that is revoked is refused everywhere after so many seconds."""

FIRST_KEY_ID: Final = "first"
"""The key id of the stack's own key."""

_GATEWAY_KEY: Final = re.compile("[!-~]{20,128}")
"""What a key of API Gateway looks like."""

_MOST_KEYS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Admission:
    """A key that is known.

    Attributes:
        principal: whose it is, and what it may do.
        metering_key: by which API Gateway counts the tenant's usage; None where there are no usage plans.
    """

    principal: Principal
    metering_key: str | None


class Authorizer:
    """Finds the principal of an API key, and remembers it for a moment.

    Keys that are unknown are remembered too, apart from those that are known: whoever guesses neither costs a read
    each time nor drives out what others need.

    A stack that was just deployed has no tenant until its own key is registered, and clients of an earlier release hold
    that key: API Gateway alone judged it. Until then any key is handed on as the one to count by, for API Gateway to
    judge as before. It refuses what is none of its keys, so nobody gets in who did not before.
    """

    def __init__(
        self,
        finder: KeyFinder,
        *,
        gateway_judges: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Joins it to storage.

        Args:
            finder: where keys and tenants are found.
            gateway_judges: whether API Gateway refuses a request whose key to count by is none of its keys.
            clock: seconds, by which what was read grows old.
            now: the time, by which keys expire.
        """
        self._finder = finder
        self._gateway_judges = gateway_judges
        self._now = now
        self._known: TTLCache[str, KeyRecord] = TTLCache(_MOST_KEYS, CACHE_SECONDS, clock)
        self._unknown: TTLCache[str, bool] = TTLCache(_MOST_KEYS, CACHE_SECONDS, clock)
        self._tenants: TTLCache[Tenant, TenantRecord | None] = TTLCache(_MOST_KEYS, CACHE_SECONDS, clock)

    def admit(self, key: str | None) -> Admission | None:
        """Whose key it is; None if it is unknown, expired or revoked, or if its tenant is gone.

        Whether the tenant is served, and what the key may do, is for the route to judge.

        Raises:
            StorageUnavailable: if storage failed.
        """
        if not key or len(key) > LONGEST_KEY:
            return None
        sha256 = key_sha256(key)
        record = self._record(sha256)
        if record is None:
            return self._before_registration(sha256, key)
        if not record.is_valid(self._now()):
            return None
        tenant = self._tenant(record.tenant)
        if tenant is None:
            return None
        principal = Principal(tenant.tenant, record.key_id, record.scopes, tenant.status, tenant.limits)
        if tenant is NEVER_CHANGED and self._gateway_judges:
            return Admission(principal, key)
        return Admission(principal, tenant.metering_key)

    def _before_registration(self, sha256: str, key: str) -> Admission | None:
        """An unknown key, for API Gateway to judge while the stack's own is not registered; else None."""
        if not self._gateway_judges or sha256 in self._unknown or not _GATEWAY_KEY.fullmatch(key):
            return None
        if self._tenant(DEFAULT_TENANT) is not NEVER_CHANGED:
            self._unknown[sha256] = True
            return None
        return Admission(Principal(DEFAULT_TENANT, FIRST_KEY_ID, ALL_SCOPES), key)

    def _record(self, sha256: str) -> KeyRecord | None:
        record = self._known.get(sha256)
        if record is None and sha256 not in self._unknown:
            record = self._finder.find_key(sha256)
            if record is not None:
                self._known[sha256] = record
            elif not self._gateway_judges:
                self._unknown[sha256] = True
        return record

    def _tenant(self, tenant: Tenant) -> TenantRecord | None:
        if tenant in self._tenants:
            return self._tenants.get(tenant)
        record = self._finder.find_tenant(tenant)
        if record is None and tenant == DEFAULT_TENANT:
            record = NEVER_CHANGED
        self._tenants[tenant] = record
        return record
