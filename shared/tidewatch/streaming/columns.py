"""Judged points and the state of a follower as bytes: numbers and no code.

Points are columns one after the other, little-endian, packed by zlib; the first byte names the layout. They are written
with every batch, so that NumPy's ``.npz``, which takes a millisecond, is for the state alone.
"""

from __future__ import annotations

import io
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors import Arrays
from tidewatch.registry.encoding import ArraysUnreadable, unpack_arrays
from tidewatch.streaming.judged import JudgedPoints

_LAYOUT: Final = b"\x01"
_LEVEL: Final = 1
_KINDS: Final = {
    "timestamps": "<i8",
    "values": "<f8",
    "version": "<i4",
    "late": "?",
    "anomaly": "?",
    "warming_up": "?",
    "direction": "<i1",
    "score": "<f8",
    "p_value": "<f8",
    "severity": "<f8",
    "expected": "<f8",
    "lower": "<f8",
    "upper": "<f8",
    "incident": "<f8",
}
_BYTES: Final = sum(np.dtype(kind).itemsize for kind in _KINDS.values())


class PointsUnreadable(ValueError):
    """The bytes are no judged points, or no state of a follower."""


def pack_points(judged: JudgedPoints) -> bytes:
    """Judged points as bytes."""
    columns = judged.columns()
    raw = b"".join(columns[name].astype(kind).tobytes() for name, kind in _KINDS.items())
    return _LAYOUT + zlib.compress(raw, _LEVEL)


def unpack_points(data: bytes) -> JudgedPoints:
    """The points that were packed, to the last bit.

    Raises:
        PointsUnreadable: if the bytes are anything else.
    """
    if data[:1] != _LAYOUT:
        raise PointsUnreadable("not judged points")
    raw = _unpacked(data[1:])
    size, rest = divmod(len(raw), _BYTES)
    if rest:
        raise PointsUnreadable("not judged points")
    columns: dict[str, NDArray[Any]] = {}
    begin = 0
    for name, kind in _KINDS.items():
        stored = np.dtype(kind)
        column = np.frombuffer(raw, stored, size, begin)
        columns[name] = column.astype(stored.newbyteorder("="))
        begin += column.nbytes
    return JudgedPoints.of_columns(columns)


def pack_state(arrays: Arrays) -> bytes:
    """The state of a follower as bytes.

    Raises:
        TypeError: for an array of objects, which only code could bring back.
    """
    if any(array.dtype.hasobject for array in arrays.values()):
        raise TypeError("arrays of objects are not stored")
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return zlib.compress(file.getvalue(), _LEVEL)


def unpack_state(data: bytes) -> Arrays:
    """The state that was packed, to the last bit.

    Raises:
        PointsUnreadable: if the bytes are anything else.
    """
    try:
        return unpack_arrays(_unpacked(data))
    except ArraysUnreadable as error:
        raise PointsUnreadable("not the state of a follower") from error


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise PointsUnreadable("damaged bytes") from error
