"""Arrays of a model as bytes: NumPy's ``.npz``, which holds numbers and no code."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

import numpy as np

from tidewatch.detectors import Arrays

MOST_EMBEDDED: Final = 24 * 1024
"""Bytes of arrays that a version carries itself; more lie in S3. Reading an item costs a unit for each 4 KB."""


class ArraysUnreadable(ValueError):
    """The bytes are no arrays."""


def pack(arrays: Arrays) -> bytes:
    """The arrays as bytes, none if there are none.

    Raises:
        TypeError: for an array of objects, which only code could bring back.
    """
    if not arrays:
        return b""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise TypeError("arrays of objects are not stored")
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(data: bytes) -> Arrays:
    """The arrays that were packed, to the last bit.

    Raises:
        ArraysUnreadable: if the bytes are anything else.
    """
    if not data:
        return {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, TypeError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise ArraysUnreadable("not the arrays of a model") from error
