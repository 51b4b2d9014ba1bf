"""The training data's file: exact, small enough, and open to a person with pandas."""

from __future__ import annotations

import gzip
import random

import numpy as np
import pandas
import pytest
from tidewatch.registry import DataCorrupted, TrainingData
from tidewatch.registry.encoding import decode_series, encode_series
from tidewatch.series import LATEST, TimeSeries
from tidewatch.tenancy import DEFAULT_TENANT

from tests.support.memory import Memory, MemoryDataStore
from tests.support.samples import a_series, a_version

AWKWARD = [0.1, -0.0, 1 / 3, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 123456789.125, 1e16 + 2]


def test_is_csv_with_a_header_and_a_line_for_each_point():
    text = encode_series(TimeSeries(np.array([60, 120, LATEST]), np.array([1.0, -2.5, 0.1])))
    assert text == b"timestamp,value\n60,1.0\n120,-2.5\n7289654399,0.1\n"


def test_comes_back_to_the_last_bit():
    original = a_series(AWKWARD)
    again = decode_series(encode_series(original))
    assert again.timestamps.tobytes() == original.timestamps.tobytes()
    assert again.values.tobytes() == original.values.tobytes()


def test_comes_back_as_a_series_that_detectors_take():
    again = decode_series(encode_series(a_series()))
    assert (again.timestamps.dtype, again.values.dtype) == (np.int64, np.float64)
    assert not again.values.flags.writeable


def test_one_point_is_a_series_too():
    assert decode_series(encode_series(TimeSeries.of_point(5, 2.5))).values.tolist() == [2.5]


def test_pandas_opens_it_in_one_line(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(encode_series(a_series(AWKWARD))))
    frame = pandas.read_csv(path)
    assert list(frame.columns) == ["timestamp", "value"]
    assert (frame.timestamp.dtype, frame.value.dtype) == (np.int64, np.float64)
    assert frame.timestamp.tolist() == a_series(AWKWARD).timestamps.tolist()
    assert frame.value.to_numpy().tobytes() == np.array(AWKWARD).tobytes()


def test_a_quarter_of_a_million_points_come_back():
    random_numbers = random.Random(1)
    original = a_series([random_numbers.gauss(20, 5) for _ in range(250_000)])
    again = decode_series(encode_series(original))
    assert again.timestamps.tobytes() == original.timestamps.tobytes()
    assert again.values.tobytes() == original.values.tobytes()


def test_is_read_by_the_key_and_the_sha256_of_its_version():
    store = MemoryDataStore(Memory())
    key, sha256 = store.put(DEFAULT_TENANT, encode_series(a_series()))
    found = TrainingData(store).of(a_version(data_key=key, data_sha256=sha256))
    assert found.values.tolist() == a_series().values.tolist()


def test_data_with_another_sha256_is_not_read():
    store = MemoryDataStore(Memory())
    key, _ = store.put(DEFAULT_TENANT, encode_series(a_series()))
    with pytest.raises(DataCorrupted) as caught:
        TrainingData(store).of(a_version(data_key=key, data_sha256="0" * 64))
    assert caught.value.key == key
