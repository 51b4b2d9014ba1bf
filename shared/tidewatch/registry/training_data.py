"""Training data as text: CSV, which ``pandas.read_csv(path)`` opens as it is, also gzipped."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import orjson

from tidewatch.registry.ports import DataStore
from tidewatch.registry.version import ModelVersion
from tidewatch.series import TimeSeries

_HEADER: Final = b"timestamp,value\n"


def encode(series: TimeSeries) -> bytes:
    """The series as CSV with the columns ``timestamp`` (Unix seconds) and ``value``.

    Equal series give equal bytes. Every double is written with the fewest digits that read back as the same double.
    """
    # One pass of orjson writes all rows; its brackets become line ends. Row by row in Python takes ten times as long.
    rows = orjson.dumps(list(zip(series.timestamps.tolist(), series.values.tolist(), strict=True)))
    return _HEADER + rows[2:-2].replace(b"],[", b"\n") + b"\n"


def decode(text: bytes) -> TimeSeries:
    """The series that was encoded, to the last bit."""
    # Twice over the text, since one array has one type, and a timestamp must not pass through a double.
    timestamps = np.loadtxt(io.BytesIO(text), dtype=np.int64, delimiter=",", skiprows=1, usecols=0, ndmin=1)
    values = np.loadtxt(io.BytesIO(text), dtype=np.float64, delimiter=",", skiprows=1, usecols=1, ndmin=1)
    return TimeSeries(timestamps, values)


class TrainingData:
    """Reads the series that a version was trained on."""

    def __init__(self, data: DataStore) -> None:
        self._data = data

    def of(self, version: ModelVersion) -> TimeSeries:
        """The training series of a version.

        Raises:
            DataCorrupted: if the stored data is gone or does not match the version's sha256.
            StorageUnavailable: if storage failed.
        """
        return decode(self._data.get(version.data_key, version.data_sha256))
