"""Tenants and API keys, written past the code under test's routes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from tidewatch.adapters.tenants import DynamoDBTenantStore
from tidewatch.tenancy import ALL_SCOPES, KeyRecord, Limits, Scope, Tenant, TenantRecord, key_sha256

MADE = datetime(2026, 1, 1, tzinfo=UTC)


def tenant_store() -> DynamoDBTenantStore:
    """The table that the environment names, on whichever AWS there is."""
    return DynamoDBTenantStore(boto3.client("dynamodb"), os.environ["TENANTS_TABLE_NAME"])


def make_tenant(name: str, *, key: str | None = None, limits: Limits = Limits(), **more: Any) -> TenantRecord:  # noqa: B008
    """A tenant, with a key if one is given."""
    record = TenantRecord(Tenant(name), limits=limits, created_at=MADE, revision=1, **more)
    tenant_store().put_tenant(record)
    if key is not None:
        make_key(name, key)
    return record


def make_key(name: str, key: str, scopes: frozenset[Scope] = ALL_SCOPES, **more: Any) -> KeyRecord:
    """A key of a tenant."""
    record = KeyRecord(Tenant(name), f"id-of-{key}"[:40], key_sha256(key), "for a test", scopes, MADE, **more)
    tenant_store().put_key(record)
    return record
