"""Training data survives its file to the last bit."""

from __future__ import annotations

import hashlib

from hypothesis import given
from tidewatch.registry.encoding import decode_series, encode_series
from tidewatch.series import TimeSeries
from tidewatch.tenancy import DEFAULT_TENANT

from tests.support.memory import Memory, MemoryDataStore
from tests.support.strategies import series


def bits(of: TimeSeries) -> tuple[bytes, bytes]:
    return of.timestamps.tobytes(), of.values.tobytes()


@given(series(min_size=2))
def test_decode_undoes_encode_to_the_last_bit(original):
    assert bits(decode_series(encode_series(original))) == bits(original)


@given(series())
def test_equal_series_give_equal_bytes(original):
    again = TimeSeries(original.timestamps.copy(), original.values.copy())
    assert encode_series(original) == encode_series(again)


@given(series(), series())
def test_different_series_give_different_bytes(one, other):
    assert (bits(one) == bits(other)) == (encode_series(one) == encode_series(other))


@given(series())
def test_a_store_returns_what_was_put_under_its_sha256(original):
    store = MemoryDataStore(Memory())
    key, sha256 = store.put(DEFAULT_TENANT, encode_series(original))
    assert sha256 == hashlib.sha256(encode_series(original)).hexdigest()
    assert bits(decode_series(store.get(key, sha256))) == bits(original)
