"""The storages that the contract is held against. To add one: write its class, and its line in ``BACKENDS``."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3
import orjson
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from tidewatch.adapters.audit import DynamoDBAuditStore
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.items import AUDIT, TRAIL
from tidewatch.adapters.s3 import TRAINING_DATA, Kind, S3DataStore, S3ObjectStore
from tidewatch.registry import AuditStore, DataStore, ObjectStore, VersionStore

from cli.store.data import FileDataStore
from cli.store.versions import FileVersionStore
from tests.support.dynamodb_local import tables_in
from tests.support.environment import ENVIRONMENT
from tests.support.memory import Memory, MemoryAuditStore, MemoryDataStore, MemoryObjectStore, MemoryVersionStore
from tests.support.tables import aws_in_memory


class Backend(Protocol):
    """A storage as the contract needs it: the ports, and a way past them.

    Attributes:
        isolates: whether it keeps its promises when called from many threads at once, as DynamoDB does.
    """

    isolates: bool

    def versions(self) -> VersionStore: ...

    def audit(self) -> AuditStore: ...

    def data(self, kind: Kind = TRAINING_DATA) -> DataStore: ...

    def objects(self) -> ObjectStore: ...

    def object_keys(self) -> list[str]:
        """The keys of all objects, in order."""
        ...

    def states(self) -> Any:
        """The states of all objects: they tell whether one was written again."""
        ...

    def age(self, time: timedelta) -> None:
        """Makes all objects so much older."""
        ...

    def everything(self) -> Any:
        """All that is stored but audit trails, which outlive a series, for comparing; the order does not matter."""
        ...

    def overwrite(self, key: str, stored: bytes) -> None:
        """Puts other bytes under a key of the data store."""
        ...

    def remove(self, key: str) -> None:
        """Takes an object away."""
        ...

    def clear(self) -> None:
        """Forgets everything, so that the next test or example begins with nothing."""
        ...


class InMemory:
    """The stand-in that unit tests use: it must keep the same promises."""

    isolates = False

    def __init__(self) -> None:
        self._memory = Memory()

    def versions(self) -> VersionStore:
        return MemoryVersionStore(self._memory)

    def audit(self) -> AuditStore:
        return MemoryAuditStore(self._memory)

    def data(self, kind: Kind = TRAINING_DATA) -> DataStore:
        return MemoryDataStore(self._memory, kind.folder)

    def objects(self) -> ObjectStore:
        return MemoryObjectStore(self._memory)

    def object_keys(self) -> list[str]:
        return sorted(self._memory.objects)

    def states(self) -> Any:
        return dict(self._memory.written)

    def age(self, time: timedelta) -> None:
        for key in self._memory.written:
            self._memory.written[key] -= time

    def everything(self) -> Any:
        return deepcopy((self._memory.versions, self._memory.heads, self._memory.receipts, self._memory.objects))

    def overwrite(self, key: str, stored: bytes) -> None:
        self._memory.objects[key] = stored

    def remove(self, key: str) -> None:
        del self._memory.objects[key], self._memory.written[key]

    def clear(self) -> None:
        self._memory.versions.clear()
        self._memory.receipts.clear()
        self._memory.heads.clear()
        self._memory.trails.clear()
        self._memory.objects.clear()
        self._memory.written.clear()


class Aws:
    """The AWS adapters, on whatever boto3 leads to; their clients are there to be interfered with."""

    def __init__(self, names: Mapping[str, str], dynamodb_endpoint: str | None = None) -> None:
        # moto's table is changed by each request as it goes.
        self.isolates = dynamodb_endpoint is not None
        self._table = names["TABLE_NAME"]
        self._bucket = names["DATA_BUCKET"]
        self.dynamodb: Any = boto3.client("dynamodb", endpoint_url=dynamodb_endpoint)
        self.s3: Any = boto3.client("s3")
        self.s3.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})

    def versions(self) -> VersionStore:
        return DynamoDBVersionStore(self.dynamodb, self._table)

    def audit(self) -> AuditStore:
        return DynamoDBAuditStore(self.dynamodb, self._table)

    def data(self, kind: Kind = TRAINING_DATA) -> DataStore:
        return S3DataStore(self.s3, self._bucket, kind)

    def objects(self) -> ObjectStore:
        return S3ObjectStore(self.s3, self._bucket)

    def object_keys(self) -> list[str]:
        return sorted(found["Key"] for found in self._objects())

    def states(self) -> Any:
        found = self.s3.list_object_versions(Bucket=self._bucket).get("Versions", [])
        return sorted((each["Key"], each["VersionId"]) for each in found)

    def age(self, time: timedelta) -> None:
        # S3 says when an object was written, and nobody can change it: moto is told behind its back.
        for key in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[self._bucket].keys.values():
            key.last_modified -= time

    def everything(self) -> Any:
        # Counts that fell back to nothing stay.
        items = {
            (item["pk"]["S"], item["sk"]["S"]): item
            for item in self._items()
            if item.get("series") != {"N": "0"} and not item["sk"]["S"].startswith((AUDIT, TRAIL))
        }
        return items, {found["Key"]: found["ETag"] for found in self._objects()}

    def overwrite(self, key: str, stored: bytes) -> None:
        self.s3.put_object(Bucket=self._bucket, Key=key, Body=stored)

    def remove(self, key: str) -> None:
        self.s3.delete_object(Bucket=self._bucket, Key=key)

    def clear(self) -> None:
        keys = [{"pk": item["pk"], "sk": item["sk"]} for item in self._items()]
        for start in range(0, len(keys), 25):
            deletions = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + 25]]
            self.dynamodb.batch_write_item(RequestItems={self._table: deletions})
        found = self.s3.list_object_versions(Bucket=self._bucket)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            self.s3.delete_object(Bucket=self._bucket, Key=each["Key"], VersionId=each["VersionId"])

    def _items(self) -> list[Any]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def _objects(self) -> list[Any]:
        return list(self.s3.list_objects_v2(Bucket=self._bucket).get("Contents", []))


class InFiles:
    """The folder in which the command line keeps models."""

    isolates = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def versions(self) -> VersionStore:
        return FileVersionStore(self._folder)

    def audit(self) -> AuditStore:
        raise NotImplementedError

    def data(self, kind: Kind = TRAINING_DATA) -> DataStore:
        return FileDataStore(self._folder, kind.folder, kind.suffix)

    def objects(self) -> ObjectStore:
        raise NotImplementedError

    def object_keys(self) -> list[str]:
        return sorted(path.relative_to(self._folder).as_posix() for path in self._folder.glob("[!s]*/*/*"))

    def states(self) -> Any:
        return {key: (self._folder / key).stat().st_mtime_ns for key in self.object_keys()}

    def age(self, time: timedelta) -> None:
        raise NotImplementedError

    def everything(self) -> Any:
        files = {
            path.relative_to(self._folder): path.read_bytes() for path in self._folder.rglob("*") if path.is_file()
        }
        standing = {path: orjson.loads(text) for path, text in files.items() if path.name == "series.json"}
        alive = {path: kept | {"audit": None} for path, kept in standing.items() if kept["head"] is not None}
        return alive, {path: text for path, text in files.items() if path not in standing and path.name != "lock"}

    def overwrite(self, key: str, stored: bytes) -> None:
        (self._folder / key).write_bytes(stored)

    def remove(self, key: str) -> None:
        (self._folder / key).unlink()

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def in_files() -> Iterator[Backend]:
    with tempfile.TemporaryDirectory() as folder:
        yield InFiles(Path(folder) / ".tidewatch")


@contextmanager
def in_memory() -> Iterator[Backend]:
    yield InMemory()


@contextmanager
def on_moto() -> Iterator[Backend]:
    with aws_in_memory():
        yield Aws(ENVIRONMENT)


@contextmanager
def on_dynamodb_local(url: str) -> Iterator[Backend]:
    """Amazon's own, which isolates transactions as DynamoDB does; S3 stays on moto."""
    with aws_in_memory(), tables_in(url, f"contract-{uuid.uuid4()}") as names:
        yield Aws(names, url)


BACKENDS: dict[str, Callable[[], AbstractContextManager[Backend]]] = {"memory": in_memory, "moto": on_moto}
"""Those that need nothing to be started."""
FILES: str = "files"
"""The name of the storage in files, which has neither audit trails of its own nor a collection of garbage."""
