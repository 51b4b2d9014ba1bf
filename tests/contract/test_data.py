"""What every data store promises."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tidewatch.adapters.s3 import MODEL_ARRAYS, TRAINING_DATA
from tidewatch.registry import DataCorrupted, DataStore
from tidewatch.registry.encoding import decode_series, encode_series
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.backends import Backend
from tests.support.samples import a_series

BACKENDS = ("memory", "moto", "files")

TEXT = b"timestamp,value\n60,1.0\n"


@pytest.fixture(params=[TRAINING_DATA, MODEL_ARRAYS], ids=lambda kind: kind.folder)
def data(backend: Backend, request: pytest.FixtureRequest) -> DataStore:
    return backend.data(request.param)


def test_what_was_put_is_got(data):
    key, sha256 = data.put(DEFAULT_TENANT, TEXT)
    assert data.get(key, sha256) == TEXT


def test_the_sha256_is_that_of_the_content(data):
    key, sha256 = data.put(DEFAULT_TENANT, TEXT)
    assert sha256 == hashlib.sha256(TEXT).hexdigest()
    assert sha256 in key


def test_putting_the_same_again_changes_nothing(backend, data):
    first = data.put(DEFAULT_TENANT, TEXT)
    before = backend.everything()
    assert data.put(DEFAULT_TENANT, TEXT) == first
    assert backend.everything() == before


def test_different_content_has_different_keys(data):
    one, other = data.put(DEFAULT_TENANT, TEXT), data.put(DEFAULT_TENANT, TEXT + b"120,2.0\n")
    assert one[0] != other[0]
    assert data.get(*one) == TEXT


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_any_bytes_come_back(data, content):
    assert data.get(*data.put(DEFAULT_TENANT, content)) == content


def test_a_large_series_comes_back(data):
    text = encode_series(a_series([float(index % 1000) for index in range(100_000)]))
    assert decode_series(data.get(*data.put(DEFAULT_TENANT, text))).values.size == 100_000


def test_data_that_is_missing_is_corrupted(backend, data):
    key, sha256 = data.put(DEFAULT_TENANT, TEXT)
    backend.remove(key)
    with pytest.raises(DataCorrupted, match="does not match its sha256") as caught:
        data.get(key, sha256)
    assert caught.value.key == key


def test_data_that_was_never_there_is_corrupted(data):
    with pytest.raises(DataCorrupted):
        data.get("training/default/none.csv.gz", "0" * 64)


@pytest.mark.parametrize("stored", [b"", b"x", TEXT, b"\x1f\x8b", b"\x1f\x8b\x08\x00" * 10], ids=repr)
def test_data_that_was_changed_is_corrupted(backend, data, stored):
    """Also by plain text where packed was: what is stored is the store's own form."""
    key, sha256 = data.put(DEFAULT_TENANT, TEXT + b"120,2.0\n")
    backend.overwrite(key, stored)
    with pytest.raises(DataCorrupted) as caught:
        data.get(key, sha256)
    assert caught.value.key == key


def test_data_of_another_version_is_corrupted(data):
    key, _ = data.put(DEFAULT_TENANT, TEXT)
    _, other_sha256 = data.put(DEFAULT_TENANT, TEXT + b"120,2.0\n")
    with pytest.raises(DataCorrupted):
        data.get(key, other_sha256)


def test_data_that_was_lost_can_be_put_again(backend, data):
    key, sha256 = data.put(DEFAULT_TENANT, TEXT)
    backend.overwrite(key, b"damaged")
    assert data.put(DEFAULT_TENANT, TEXT) == (key, sha256)
    assert data.get(key, sha256) == TEXT


def test_kinds_have_their_own_keys(backend):
    text, arrays = backend.data(TRAINING_DATA), backend.data(MODEL_ARRAYS)
    key, _ = text.put(DEFAULT_TENANT, TEXT)
    other_key, other_sha256 = arrays.put(DEFAULT_TENANT, TEXT)
    backend.remove(key)
    assert arrays.get(other_key, other_sha256) == TEXT


def test_tenants_have_their_own_keys(backend):
    data = backend.data()
    key, sha256 = data.put(Tenant("one"), TEXT)
    other_key, other_sha256 = data.put(Tenant("other"), TEXT)
    assert sha256 == other_sha256
    assert key != other_key
    backend.remove(key)
    assert data.get(other_key, other_sha256) == TEXT
