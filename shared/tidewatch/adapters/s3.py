"""Objects in S3 under their sha256: training data, and arrays of models that are too large for an item."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tidewatch.adapters.errors import storage_call
from tidewatch.registry import DataCorrupted
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
        """Stores bytes of a tenant; returns their key and sha256."""
        kind = self._kind
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"{kind.folder}/{tenant}/{sha256}.{kind.suffix}"
        packed = kind.pack(data)
        with storage_call(f"the storing of {kind.name}"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=packed, ContentType=kind.media_type)
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
