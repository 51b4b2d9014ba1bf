"""Training data as CSV, and large arrays as ``.npz``, under their sha256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tidewatch.registry import DataCorrupted
from tidewatch.tenancy import Tenant

from cli.store.files import read_if_there, write_whole


@dataclass(frozen=True, slots=True)
class FileDataStore:
    """Files of one kind, ``<folder>/<tenant>/<sha256>.<suffix>``.

    Attributes:
        root: the folder of all that is stored.
        folder: of this kind.
        suffix: likewise.
    """

    root: Path
    folder: str
    suffix: str

    def put(self, tenant: Tenant, data: bytes) -> tuple[str, str]:
        """Stores bytes, unless they are there; returns their key and sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"{self.folder}/{tenant}/{sha256}.{self.suffix}"
        if read_if_there(self.root / key) != data:
            write_whole(self.root / key, data)
        return key, sha256

    def get(self, key: str, sha256: str) -> bytes:
        """The bytes under a key.

        Raises:
            DataCorrupted: if they are gone or do not match the sha256.
        """
        data = read_if_there(self.root / key)
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            raise DataCorrupted(key)
        return data
