"""What of moto is kept between runs: the items of tables, the objects of buckets and the messages of queues.

The first two note what was touched and look at it when it is written, so that a transaction that moto took back writes
what was there before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from local.sam.aws.reads import attribute
from local.sam.aws.state import Changes, Entry, Key


class TableItems:
    """The items of all tables of a region. Tables themselves are made from the template."""

    kind = "item"

    def __init__(self, region: str) -> None:
        """Notes from now on what is put, updated and deleted in this process."""
        self._backend: DynamoDBBackend = dynamodb_backends[DEFAULT_ACCOUNT_ID][region]
        self._touched: set[tuple[str, DynamoType, DynamoType | None]] = set()
        put_item, delete_item, update_item = Table.put_item, Table.delete_item, DynamoDBBackend.update_item

        def noted_put(table: Table, item_attrs: dict[str, Any], *rest: Any, **given: Any) -> Any:
            item = put_item(table, item_attrs, *rest, **given)
            self._touch(table, item_attrs)
            return item

        def noted_delete(table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
            self._touched.add((table.name, hash_key, range_key))
            return delete_item(table, hash_key, range_key)

        def noted_update(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], **given: Any) -> Any:
            self._touch(backend.get_table(table_name), key)
            return update_item(backend, table_name, key, **given)

        Table.put_item = noted_put  # type: ignore[method-assign,assignment]
        Table.delete_item = noted_delete  # type: ignore[method-assign,assignment]
        DynamoDBBackend.update_item = noted_update  # type: ignore[method-assign,assignment]

    def _touch(self, table: Table, attributes: Mapping[str, Any]) -> None:
        range_key = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
        self._touched.add((table.name, DynamoType(attributes[table.hash_key_attr]), range_key))

    def changes(self) -> Changes:
        """See ``Holder``."""
        touched, self._touched = self._touched, set()
        return {
            (name, hash_key.value, range_key and range_key.value): self._entry(name, hash_key, range_key)
            for name, hash_key, range_key in touched
        }

    def _entry(self, name: str, hash_key: DynamoType, range_key: DynamoType | None) -> Entry | None:
        table = self._backend.tables.get(name)
        found: Any = table and table.items.get(hash_key)
        if found and range_key:
            found = found.get(range_key)
        return Entry({name: _as_sent(attribute(value)) for name, value in found.attrs.items()}) if found else None

    def fill(self, entries: Mapping[Key, Entry]) -> None:
        """See ``Holder``. Items of a table that the template no longer has stay in the file."""
        for (name, *_), entry in entries.items():
            table = self._backend.tables.get(name)
            if table is not None:
                _put(table, entry.head)

    def clear(self) -> None:
        """See ``Holder``."""
        for table in self._backend.tables.values():
            table.items.clear()


def _as_sent(value: Any) -> Any:
    """A value as it goes over the wire, where bytes are base64."""
    if isinstance(value, dict):
        return {name: _as_sent(nested) for name, nested in value.items()}
    if isinstance(value, list):
        return [_as_sent(nested) for nested in value]
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _put(table: Table, attributes: Mapping[str, Any]) -> None:
    """Puts an item without moto's checks, which it has passed once: they take a quarter of a millisecond."""
    hash_key = DynamoType(attributes[table.hash_key_attr])
    range_key = DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
    item = Item(hash_key, range_key, {})
    for name, value in attributes.items():
        dict.__setitem__(item.attrs, name, DynamoType(value))
    if range_key is None:
        table.items[hash_key] = item  # type: ignore[assignment]
    else:
        table.items[hash_key][range_key] = item


class Objects:
    """The objects of all buckets, the newest version of each. Buckets themselves are made from the template."""

    kind = "object"

    def __init__(self) -> None:
        """Notes from now on what is put and deleted in this process."""
        self._buckets = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
        self._touched: set[str] = set()
        for name in ("setlist", "pop", "__setitem__"):
            setattr(_VersionedKeyStore, name, self._noted(getattr(_VersionedKeyStore, name)))

    def _noted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def noted(store: _VersionedKeyStore, key: str, *rest: Any) -> Any:
            self._touched.add(key)
            return change(store, key, *rest)

        return noted

    def changes(self) -> Changes:
        """See ``Holder``."""
        touched, self._touched = self._touched, set()
        return {
            (bucket.name, key): _object_entry(bucket.keys.get(key))
            for key in touched
            for bucket in self._buckets.values()
        }

    def fill(self, entries: Mapping[Key, Entry]) -> None:
        """See ``Holder``. Objects of a bucket that the template no longer has stay in the file."""
        for (name, key), entry in entries.items():
            bucket = self._buckets.get(name)
            if bucket is None:
                continue
            head = entry.head
            kept = FakeKey(
                key,
                entry.body,
                DEFAULT_ACCOUNT_ID,
                bucket.region_name,
                storage=head["storage"],
                bucket_name=bucket.name,
                version_id="null",
                checksum_value=head["checksum"],
            )
            if kept.etag != head["etag"]:
                raise ValueError(f"{key} has other bytes than were stored")
            kept.checksum_algorithm = head["checksum_algorithm"]
            kept.last_modified = datetime.fromisoformat(head["modified"])
            kept.set_metadata(head["metadata"], replace=True)
            bucket.keys.setlist(key, [kept])
        self._touched.clear()

    def clear(self) -> None:
        """See ``Holder``."""
        for bucket in self._buckets.values():
            bucket.keys.clear()


def _object_entry(key: Any) -> Entry | None:
    if not isinstance(key, FakeKey):
        # Nothing, or the mark of what was deleted.
        return None
    head = {
        "storage": key.storage_class,
        "etag": key.etag,
        "checksum_algorithm": key.checksum_algorithm,
        "checksum": key.checksum_value,
        "modified": key.last_modified.isoformat(),
        "metadata": dict(key.metadata),
    }
    return Entry(head, key.value)


class Messages:
    """The messages of all queues of a region. Queues themselves are made from the template.

    A message that was being worked on when the stack stopped is visible again at the next start.
    """

    kind = "message"

    def __init__(self, region: str) -> None:
        """Compares from now on with what there was at the last look: there are few."""
        self._backend: SQSBackend = sqs_backends[DEFAULT_ACCOUNT_ID][region]
        self._known: dict[Key, Entry] = {}

    def changes(self) -> Changes:
        """See ``Holder``."""
        now = {
            (queue.name, message.id): _message_entry(message)
            for queue in self._backend.queues.values()
            for message in queue._messages  # noqa: SLF001 - moto shows only the visible ones
        }
        changed: dict[Key, Entry | None] = {key: entry for key, entry in now.items() if self._known.get(key) != entry}
        gone = dict.fromkeys(self._known.keys() - now.keys())
        self._known = now
        return changed | gone

    def fill(self, entries: Mapping[Key, Entry]) -> None:
        """See ``Holder``. Messages of a queue that the template no longer has stay in the file."""
        for (name, message_id), entry in sorted(entries.items(), key=lambda kept: kept[1].head["sent"]):
            queue: Queue | None = self._backend.queues.get(name)
            if queue is not None:
                queue.add_message(_message(str(message_id), entry.head))
                self._known[name, message_id] = entry

    def clear(self) -> None:
        """See ``Holder``."""
        for queue in self._backend.queues.values():
            queue._messages.clear()  # noqa: SLF001 - moto purges a queue once a minute only


_MESSAGE: Final = {
    "sent": "sent_timestamp",
    "received": "approximate_receive_count",
    "first_received": "approximate_first_receive_timestamp",
    "group": "group_id",
    "deduplication": "deduplication_id",
    "sequence": "sequence_number",
    "attributes": "message_attributes",
}


def _message_entry(message: Message) -> Entry:
    return Entry({"body": message.body} | {name: getattr(message, attribute) for name, attribute in _MESSAGE.items()})


def _message(message_id: str, head: Mapping[str, Any]) -> Message:
    message = Message(message_id, head["body"])
    for name, kept_as in _MESSAGE.items():
        setattr(message, kept_as, head[name])
    return message
