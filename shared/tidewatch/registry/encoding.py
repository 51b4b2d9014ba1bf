"""What a version keeps beside itself, as bytes: training data as CSV, and the arrays of a model as NumPy's ``.npz``.

``pandas.read_csv(path)`` opens the CSV as it is, also gzipped. An ``.npz`` holds numbers and no code.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

import numpy as np
import orjson

from tidewatch.detectors import Arrays
from tidewatch.registry.ports import DataStore
from tidewatch.registry.version import ModelVersion
from tidewatch.series import Frame, TimeSeries

MOST_EMBEDDED: Final = 24 * 1024
"""Bytes of arrays that a version carries itself; more lie in S3. Reading an item costs a unit for each 4 KB."""

_HEADER: Final = b"timestamp,value\n"


class ArraysUnreadable(ValueError):
    """The bytes are no arrays."""


def pack_arrays(arrays: Arrays) -> bytes:
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


def unpack_arrays(data: bytes) -> Arrays:
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


def encode_series(series: TimeSeries) -> bytes:
    """The series as CSV with the columns ``timestamp`` (Unix seconds) and ``value``.

    Equal series give equal bytes. Every double is written with the fewest digits that read back as the same double.
    """
    # One pass of orjson writes all rows; its brackets become line ends. Row by row in Python takes ten times as long.
    rows = orjson.dumps(list(zip(series.timestamps.tolist(), series.values.tolist(), strict=True)))
    return _HEADER + rows[2:-2].replace(b"],[", b"\n") + b"\n"


def decode_series(text: bytes) -> TimeSeries:
    """The series that was encoded, to the last bit."""
    # Twice over the text, since one array has one type, and a timestamp must not pass through a double.
    timestamps = np.loadtxt(io.BytesIO(text), dtype=np.int64, delimiter=",", skiprows=1, usecols=0, ndmin=1)
    values = np.loadtxt(io.BytesIO(text), dtype=np.float64, delimiter=",", skiprows=1, usecols=1, ndmin=1)
    return TimeSeries(timestamps, values)


def encode(data: TimeSeries | Frame) -> bytes:
    """Training data of either kind as CSV."""
    return encode_frame(data) if isinstance(data, Frame) else encode_series(data)


def encode_frame(frame: Frame) -> bytes:
    """Rows as CSV with the columns ``timestamp`` (Unix seconds) and one for each variable; empty where it is missing.

    Equal rows give equal bytes. Every double is written with the fewest digits that read back as the same double.
    """
    header = ",".join(("timestamp", *frame.names)).encode() + b"\n"
    # NaN is written as null.
    times, values = frame.timestamps.tolist(), frame.values.tolist()
    rows = orjson.dumps([[time, *row] for time, row in zip(times, values, strict=True)])
    return header + rows[2:-2].replace(b"],[", b"\n").replace(b"null", b"") + b"\n"


def decode_frame(text: bytes) -> Frame:
    """The rows that were encoded, to the last bit."""
    header, _, body = text.partition(b"\n")
    timestamps = np.loadtxt(io.BytesIO(body), dtype=np.int64, delimiter=",", usecols=0, ndmin=1)
    values = np.loadtxt(
        io.BytesIO(body),
        dtype=np.float64,
        delimiter=",",
        usecols=range(1, header.count(b",") + 1),
        ndmin=2,
        converters=lambda cell: float(cell or "nan"),
    )
    return Frame(timestamps, values, tuple(header.decode().split(",")[1:]))


class TrainingData:
    """Reads the series, or the rows, that a version was trained on."""

    def __init__(self, data: DataStore) -> None:
        self._data = data

    def read(self, version: ModelVersion) -> TimeSeries | Frame:
        """What a version was trained on, of either kind.

        Raises:
            DataCorrupted: if the stored data is gone or does not match the version's sha256.
            StorageUnavailable: if storage failed.
        """
        return self.rows_of(version) if version.kind == "rows" else self.of(version)

    def of(self, version: ModelVersion) -> TimeSeries:
        """The training series of a version.

        Raises:
            DataCorrupted: if the stored data is gone or does not match the version's sha256.
            StorageUnavailable: if storage failed.
        """
        return decode_series(self._data.get(version.data_key, version.data_sha256))

    def rows_of(self, version: ModelVersion) -> Frame:
        """The training rows of a version of rows.

        Raises:
            DataCorrupted: if the stored data is gone or does not match the version's sha256.
            StorageUnavailable: if storage failed.
        """
        return decode_frame(self._data.get(version.data_key, version.data_sha256))
