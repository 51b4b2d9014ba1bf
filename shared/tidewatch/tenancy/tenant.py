"""Whose data a request is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_tenant_id(text: str) -> bool:
    """Whether a text can name a tenant."""
    return _PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A team, department or customer whose series no other tenant sees.

    Attributes:
        tenant_id: 1 to 63 characters: lower-case letters, digits, hyphens. It is part of every key in storage.

    Raises:
        ValueError: if the id is none.

    >>> Tenant("default")
    Tenant(tenant_id='default')
    """

    tenant_id: str

    def __post_init__(self) -> None:
        if not is_tenant_id(self.tenant_id):
            raise ValueError("a tenant id has 1 to 63 lower-case letters, digits and hyphens")

    def __str__(self) -> str:
        return self.tenant_id


DEFAULT_TENANT: Final = Tenant("default")
"""The tenant of those who run the stack, and the only one unless they make others."""
