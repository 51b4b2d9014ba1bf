"""Tenants and API keys in DynamoDB. A key lies twice: under its hash, and in the list of its tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tidewatch.adapters.global_keys import api_key
from tidewatch.adapters.table import Item, Table, TransactionCancelled
from tidewatch.tenancy import (
    DEFAULT_TENANT,
    KeyRecord,
    Limits,
    Scope,
    Tenant,
    TenantChanged,
    TenantExists,
    TenantRecord,
    TenantStatus,
    Tier,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TENANTS_INDEX: Final = "Tenants"

_LISTED: Final = "tenants"
"""The partition of the index that has all tenants."""
_KEY_PREFIX: Final = "KEY#"


class DynamoDBTenantStore:
    """The table of tenants and keys."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def find_key(self, sha256: str) -> KeyRecord | None:
        """The key of a hash: one consistent GetItem."""
        item = self._table.get(api_key(sha256), "the reading of an API key")
        return _key_from_item(item) if item else None

    def find_tenant(self, tenant: Tenant) -> TenantRecord | None:
        """A tenant: one consistent GetItem."""
        item = self._table.get(_tenant_key(tenant), "the reading of a tenant")
        return _tenant_from_item(item) if item else None

    def list_tenants(self, limit: int, after: str | None) -> tuple[Sequence[TenantRecord], str | None]:
        """A page of tenants: one Query of the index, for one more than asked for, to know whether a page follows."""
        condition, values = "listed = :listed", {":listed": {"S": _LISTED}}
        if after is not None:
            condition += " AND tenant > :after"
            values[":after"] = {"S": after}
        answer = self._table.query(
            "the list of tenants",
            IndexName=TENANTS_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            Limit=limit + 1,
        )
        records = [_tenant_from_item(item) for item in answer["Items"]]
        more = len(records) > limit
        return records[:limit], str(records[limit - 1].tenant) if more else None

    def put_tenant(self, record: TenantRecord) -> None:
        """Writes a tenant, on condition of the revision before."""
        new = record.revision == 1
        condition = "attribute_not_exists(pk)" if new else "revision = :before"
        values = {} if new else {"ExpressionAttributeValues": {":before": {"N": str(record.revision - 1)}}}
        part = self._table.put(_tenant_key(record.tenant), _tenant_to_item(record), condition, **values)
        try:
            self._table.write("the writing of a tenant", [part])
        except TransactionCancelled as error:
            raise (TenantExists if new else TenantChanged)(record.tenant) from error

    def delete_tenant(self, record: TenantRecord) -> None:
        """Deletes a tenant's item, on condition of its revision."""
        values = {":revision": {"N": str(record.revision)}}
        part = self._table.delete(_tenant_key(record.tenant), "revision = :revision", ExpressionAttributeValues=values)
        try:
            self._table.write("the deletion of a tenant", [part])
        except TransactionCancelled as error:
            raise TenantChanged(record.tenant) from error

    def keys_of(self, tenant: Tenant) -> Sequence[KeyRecord]:
        """The tenant's list of keys: one consistent Query."""
        items = self._table.query_all(
            "the list of API keys",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": _tenant_key(tenant)["pk"], ":prefix": {"S": _KEY_PREFIX}},
            ConsistentRead=True,
        )
        return [_key_from_item(item) for item in items]

    def put_key(self, record: KeyRecord) -> None:
        """Writes both items in one transaction, which also checks that the tenant stays."""
        attributes = _key_to_item(record)
        parts = [self._table.put(key, attributes, "attribute_not_exists(pk)") for key in _both(record)]
        # The default tenant may have no item, and is never deleted.
        if record.tenant != DEFAULT_TENANT:
            condition = "attribute_exists(pk) AND tenant_status <> :deleting"
            values = {":deleting": {"S": TenantStatus.DELETING.value}}
            parts.append(self._table.check(_tenant_key(record.tenant), condition, ExpressionAttributeValues=values))
        try:
            self._table.write("the writing of an API key", parts)
        except TransactionCancelled as error:
            raise TenantChanged(record.tenant) from error

    def end_key(self, record: KeyRecord, *, expires_at: datetime | None, revoked_at: datetime | None) -> None:
        """Changes both items in one transaction."""
        times = {"expires_at": expires_at, "revoked_at": revoked_at}
        known = {name: moment for name, moment in times.items() if moment is not None}
        parts = [
            self._table.update(
                key,
                "SET " + ", ".join(f"{name} = :{name}" for name in known),
                "attribute_exists(pk)",
                ExpressionAttributeValues={f":{name}": {"S": moment.isoformat()} for name, moment in known.items()},
            )
            for key in _both(record)
        ]
        self._table.write("the ending of an API key", parts)

    def delete_key(self, record: KeyRecord) -> None:
        """Deletes both items in one transaction."""
        self._table.write("the deletion of an API key", [self._table.delete(key) for key in _both(record)])


def _tenant_key(tenant: Tenant) -> Item:
    return {"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": "TENANT"}}


def _both(record: KeyRecord) -> tuple[Item, Item]:
    listed = {"pk": _tenant_key(record.tenant)["pk"], "sk": {"S": f"{_KEY_PREFIX}{record.key_id}"}}
    return api_key(record.sha256), listed


def _tenant_to_item(record: TenantRecord) -> Item:
    texts: dict[str, str | None] = {
        "tenant": str(record.tenant),
        "listed": _LISTED,
        "tenant_status": record.status.value,
        "tier": record.tier.value,
        "created_at": record.created_at.isoformat() if record.created_at else None,
        "metering_id": record.metering_id,
        "metering_key": record.metering_key,
    }
    limits = {name: getattr(record.limits, name) for name in Limits.names()}
    numbers = {"revision": record.revision} | {f"limit_{name}": limit for name, limit in limits.items()}
    item: Item = {name: {"S": text} for name, text in texts.items() if text is not None}
    return item | {name: {"N": str(number)} for name, number in numbers.items() if number is not None}


def _tenant_from_item(item: Item) -> TenantRecord:
    limits = {name: int(item[f"limit_{name}"]["N"]) for name in Limits.names() if f"limit_{name}" in item}
    return TenantRecord(
        tenant=Tenant(item["tenant"]["S"]),
        status=TenantStatus(item["tenant_status"]["S"]),
        tier=Tier(item["tier"]["S"]),
        limits=Limits(**limits),
        created_at=_moment(item, "created_at"),
        metering_id=_text(item, "metering_id"),
        metering_key=_text(item, "metering_key"),
        revision=int(item["revision"]["N"]),
    )


def _key_to_item(record: KeyRecord) -> Item:
    times = {name: getattr(record, name) for name in ("created_at", "expires_at", "revoked_at")}
    return {
        "tenant": {"S": str(record.tenant)},
        "key_id": {"S": record.key_id},
        "sha256": {"S": record.sha256},
        "name": {"S": record.name},
        "scopes": {"SS": sorted(scope.value for scope in record.scopes)},
    } | {name: {"S": moment.isoformat()} for name, moment in times.items() if moment is not None}


def _key_from_item(item: Item) -> KeyRecord:
    return KeyRecord(
        tenant=Tenant(item["tenant"]["S"]),
        key_id=item["key_id"]["S"],
        sha256=item["sha256"]["S"],
        name=item["name"]["S"],
        # A scope of a later release opens nothing here.
        scopes=frozenset(scope for scope in Scope if scope.value in item["scopes"]["SS"]),
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        expires_at=_moment(item, "expires_at"),
        revoked_at=_moment(item, "revoked_at"),
    )


def _text(item: Item, name: str) -> str | None:
    value: Any = item.get(name)
    return None if value is None else str(value["S"])


def _moment(item: Item, name: str) -> datetime | None:
    text = _text(item, name)
    return None if text is None else datetime.fromisoformat(text)
