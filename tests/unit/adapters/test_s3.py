"""What the S3 adapter stores, and how it reads S3's failures. What it promises is in tests/contract."""

from __future__ import annotations

import gzip
import hashlib
import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.exceptions as errors
import pandas
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from tidewatch.adapters.s3 import S3DataStore, S3ObjectStore
from tidewatch.registry import DataCorrupted, StorageUnavailable, StoredObject
from tidewatch.registry.encoding import encode_series
from tidewatch.tenancy import DEFAULT_TENANT

from tests.support.environment import ENVIRONMENT
from tests.support.samples import VALUES, a_series

BUCKET = ENVIRONMENT["DATA_BUCKET"]
TEXT = b"timestamp,value\n60,1.0\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()
PACKED = gzip.compress(TEXT, mtime=0)
KEY = f"training/default/{SHA256}.csv.gz"


@pytest.fixture
def client():
    return boto3.client("s3")


@pytest.fixture
def store(client):
    return S3DataStore(client, BUCKET)


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber


def answer(packed: bytes, length: int | None = None) -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(packed), len(packed) if length is None else length)}


def test_the_key_is_the_sha256_of_the_text_and_the_object_its_gzip(aws, store, client):
    assert store.put(DEFAULT_TENANT, TEXT) == (KEY, SHA256)
    found = client.get_object(Bucket=BUCKET, Key=KEY)
    assert gzip.decompress(found["Body"].read()) == TEXT
    assert found["ContentType"] == "application/gzip"
    assert "ContentEncoding" not in found, "a download must stay the .gz file that its name says"


def test_the_same_text_is_the_same_object_to_the_last_byte(aws, store, client):
    for _ in range(2):
        store.put(DEFAULT_TENANT, TEXT)
        found = client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
        assert found[4:8] == bytes(4), "gzip writes the time there, if it is let"
    assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1


def test_a_person_opens_the_object_with_pandas_in_one_line(aws, store, client, tmp_path):
    key, _ = store.put(DEFAULT_TENANT, encode_series(a_series()))
    path = tmp_path / key.rpartition("/")[2]
    client.download_file(BUCKET, key, str(path))
    frame = pandas.read_csv(path)
    assert frame.value.tolist() == list(VALUES)
    assert frame.timestamp.tolist() == a_series().timestamps.tolist()


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not gzip at all", id="not gzip"),
        pytest.param(TEXT, id="not packed"),
        pytest.param(PACKED[:-1], id="cut in the checksum"),
        pytest.param(PACKED[:12], id="cut in the data"),
        pytest.param(PACKED[:5], id="cut in the header"),
        pytest.param(PACKED + b"garbage", id="with something behind it"),
        pytest.param(PACKED + PACKED, id="twice"),
        pytest.param(gzip.compress(TEXT + b"120,2.0\n"), id="other data"),
    ],
)
def test_an_object_that_differs_is_corrupted(packed, store, stub):
    stub.add_response("get_object", answer(packed))
    with pytest.raises(DataCorrupted) as caught:
        store.get(KEY, SHA256)
    assert caught.value.key == KEY


@pytest.mark.parametrize("place", range(0, len(PACKED), 3))
def test_a_flipped_bit_is_never_read_as_other_data(place, store, stub):
    packed = bytearray(PACKED)
    packed[place] ^= 0x10
    stub.add_response("get_object", answer(bytes(packed)))
    with suppress(DataCorrupted):
        assert store.get(KEY, SHA256) == TEXT, "a bit of the header that does not matter"


def test_an_object_that_is_gone_is_corrupted(store, stub):
    stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    with pytest.raises(DataCorrupted):
        store.get(KEY, SHA256)


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("RequestTimeout", 400)])
def test_s3_that_is_down_is_storage_unavailable(code, status, store, stub):
    stub.add_client_error("put_object", code, http_status_code=status)
    with pytest.raises(StorageUnavailable, match="storing of training data"):
        store.put(DEFAULT_TENANT, TEXT)
    stub.add_client_error("get_object", code, http_status_code=status)
    with pytest.raises(StorageUnavailable, match="reading of training data"):
        store.get(KEY, SHA256)


def test_an_answer_that_breaks_off_is_storage_unavailable(store, stub):
    """The object is whole; the connection was not. To call it corrupted would alarm for nothing."""
    stub.add_response("get_object", answer(PACKED, length=10_000))
    with pytest.raises(StorageUnavailable):
        store.get(KEY, SHA256)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_what_is_set_up_wrongly_passes_through(code, store, stub):
    stub.add_client_error("get_object", code, http_status_code=403)
    with pytest.raises(errors.ClientError):
        store.get(KEY, SHA256)


class TestPut:
    """Data that is there already."""

    ETAG = f'"{hashlib.md5(gzip.compress(TEXT, compresslevel=1, mtime=0), usedforsecurity=False).hexdigest()}"'

    @pytest.fixture
    def sent(self, client):
        """The parameters of each call, by operation."""
        calls: list[tuple[str, dict[str, Any]]] = []
        client.meta.events.register(
            "provide-client-params.s3", lambda params, model, **_: calls.append((model.name, params))
        )
        return calls

    def head(self, **changes: Any) -> dict[str, Any]:
        return {"ETag": self.ETAG, "LastModified": datetime.now(UTC) - timedelta(hours=23)} | changes

    def test_is_not_written_again(self, store, stub, sent):
        stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        stub.add_response("head_object", self.head())
        assert store.put(DEFAULT_TENANT, TEXT) == (KEY, SHA256)
        assert [name for name, _ in sent] == ["PutObject", "HeadObject"]
        assert sent[0][1]["IfNoneMatch"] == "*"

    @pytest.mark.parametrize(
        "found",
        [
            pytest.param({"LastModified": datetime(2025, 1, 1, tzinfo=UTC)}, id="old: it might be collected"),
            pytest.param({"ETag": '"0123"'}, id="damaged"),
        ],
    )
    def test_is_written_again_when_it_is(self, store, stub, sent, found):
        stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        stub.add_response("head_object", self.head(**found))
        stub.add_response("put_object", {})
        store.put(DEFAULT_TENANT, TEXT)
        assert "IfNoneMatch" not in sent[-1][1]

    @pytest.mark.parametrize(("code", "status"), [("404", 404), ("403", 403)])
    def test_is_written_again_when_it_was_collected_meanwhile(self, store, stub, sent, code, status):
        """S3 says 403 of what is not there to whoever may not list the bucket."""
        stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        stub.add_client_error("head_object", code, http_status_code=status)
        stub.add_response("put_object", {})
        store.put(DEFAULT_TENANT, TEXT)
        assert [name for name, _ in sent] == ["PutObject", "HeadObject", "PutObject"]

    def test_that_another_fit_writes_at_this_moment_is_storage_unavailable(self, store, stub):
        stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
        with pytest.raises(StorageUnavailable):
            store.put(DEFAULT_TENANT, TEXT)

    @pytest.mark.parametrize("operation", ["put_object", "head_object"])
    def test_without_permission_is_a_defect(self, store, stub, operation):
        if operation == "head_object":
            stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
            stub.add_client_error("head_object", "AccessDenied", http_status_code=403)
        stub.add_client_error("put_object", "AccessDenied", http_status_code=403)
        with pytest.raises(errors.ClientError):
            store.put(DEFAULT_TENANT, TEXT)


def test_objects_that_cannot_be_deleted_are_storage_unavailable(client, stub):
    stub.add_response("delete_objects", {"Errors": [{"Key": KEY, "Code": "InternalError"}]})
    with pytest.raises(StorageUnavailable):
        S3ObjectStore(client, BUCKET).delete([StoredObject(KEY, "1", 10)])
