"""Objects in S3 under their sha256: training data, and arrays of models that are too large for an item."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.registry import DataCorrupted, StorageUnavailable, StoredObject
from tidewatch.registry.ports import REWRITE_AFTER
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_PRECONDITION_FAILED: Final = 412
# Another conditional write of the same key is under way.
_CONFLICT: Final = 409
# Without the permission to list the bucket S3 says 403 of an object that is not there.
_GONE: Final = frozenset({403, 404})
# DeleteObjects takes no more.
_DELETED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of objects: ``<folder>/<tenant>/<sha256>.<suffix>``.

    Attributes:
        name: in words, for logs.
        pack, unpack: between what is stored and the bytes that the sha256 is of.
    """

    name: str
    folder: str
    suffix: str
    media_type: str
    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes], bytes]


def _as_it_is(data: bytes) -> bytes:
    return data


TRAINING_DATA: Final = Kind(
    "training data",
    "training",
    "csv.gz",
    # No ContentEncoding: the object is a .gz file, and stays one when it is downloaded.
    "application/gzip",
    # Level 1: half the time of the default for a tenth more bytes.
    pack=lambda data: gzip.compress(data, compresslevel=1, mtime=0),
    unpack=gzip.decompress,
)
MODEL_ARRAYS: Final = Kind(
    "a model's arrays", "models", "npz", "application/octet-stream", pack=_as_it_is, unpack=_as_it_is
)
KINDS: Final = (TRAINING_DATA, MODEL_ARRAYS)
"""What versions refer to, and what is garbage once none does."""
JOB_DATA: Final = Kind("the data of a job", "jobs", "json", "application/json", pack=_as_it_is, unpack=_as_it_is)
"""It expires by the bucket's lifecycle, some time after its job."""


class S3DataStore:
    """The objects of one kind, of all tenants.

    The key is the sha256 of the content, not of its gzip: the same data has the same key whatever zlib packed it, and
    what lies under a key never changes its content. ``zcat <object> | sha256sum`` checks it by hand.
    """

    def __init__(self, client: S3Client, bucket: str, kind: Kind = TRAINING_DATA) -> None:
        self._client = client
        self._bucket = bucket
        self._kind = kind

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        """Stores bytes of a tenant, unless they are there, whole and not old; returns their key and sha256.

        Equal bytes are written once a day at the most, so that a bucket with versioning does not fill with them.
        """
        kind = self._kind
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"{kind.folder}/{tenant}/{sha256}.{kind.suffix}"
        packed = kind.pack(data)
        if not self._write(key, packed, IfNoneMatch="*") and not self._is_there(key, packed):
            self._write(key, packed)
        return key, sha256

    def get(self, key: str, sha256: str) -> bytes:
        """The bytes under a key, if they still have that sha256.

        Raises:
            DataCorrupted: if the object is gone or differs.
        """
        try:
            with storage_call(f"the reading of {self._kind.name}"):
                packed = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            data = self._kind.unpack(packed)
        except (self._client.exceptions.NoSuchKey, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataCorrupted(key) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataCorrupted(key)
        return data

    def _write(self, key: str, packed: bytes, **condition: Any) -> bool:
        """Puts an object; returns whether its condition held."""
        operation = f"the storing of {self._kind.name}"
        try:
            with storage_call(operation):
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=packed, ContentType=self._kind.media_type, **condition
                )
        except ClientError as error:
            status = _status(error)
            if status == _CONFLICT:
                raise StorageUnavailable(operation) from error
            if status != _PRECONDITION_FAILED:
                raise
            return False
        return True

    def _is_there(self, key: str, packed: bytes) -> bool:
        """Whether an object is there, is not old, and has these very bytes."""
        try:
            with storage_call(f"the storing of {self._kind.name}"):
                found = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _status(error) not in _GONE:
                raise
            return False
        # The ETag of an object that is encrypted with S3's own keys, and was put at once, is its MD5. One that differs
        # is damaged, or was packed by another zlib.
        same = found["ETag"].strip('"') == hashlib.md5(packed, usedforsecurity=False).hexdigest()
        return same and datetime.now(UTC) - found["LastModified"] <= REWRITE_AFTER


class S3ObjectStore:
    """All objects of the bucket, with their states: the bucket must have versioning."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def written_before(self, moment: datetime) -> Iterator[StoredObject]:
        """Every state of the objects whose newest state is older than a moment: ListObjectVersions."""
        paginator = self._client.get_paginator("list_object_versions")
        for kind in KINDS:
            pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=f"{kind.folder}/"))
            old = ""
            while True:
                with storage_call("the list of objects"):
                    page = next(pages, None)
                if page is None:
                    break
                # Of each key the newest state comes first.
                for found in page.get("Versions", ()):
                    if found["IsLatest"]:
                        old = found["Key"] if found["LastModified"] < moment else ""
                    if found["Key"] == old:
                        yield StoredObject(found["Key"], found["VersionId"], found["Size"])

    def delete(self, objects: Sequence[StoredObject]) -> None:
        """Deletes these states for good, by their version ids, a thousand in a call."""
        for start in range(0, len(objects), _DELETED_AT_ONCE):
            chosen: list[ObjectIdentifierTypeDef] = [
                {"Key": each.key, "VersionId": each.state} for each in objects[start : start + _DELETED_AT_ONCE]
            ]
            with storage_call("the deletion of objects"):
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": chosen, "Quiet": True})
            if answer.get("Errors"):
                raise StorageUnavailable("the deletion of objects")


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
