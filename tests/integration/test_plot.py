"""GET /plot: which picture comes, how it may be kept, and what happens when its data is not what was stored."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from tidewatch.detectors import CATALOGUE
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from tests.support.api import Api, Reply
from tests.support.boundary import Boundary, Call, Send
from tests.support.environment import ENVIRONMENT

# The last value leaves its mark in the data file, not in a log line.
VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 73190264851.5]
SMALL = "width=320&height=320"
BUCKET = ENVIRONMENT["DATA_BUCKET"]


def plot(api: Api, query: str = SMALL, **call: Any) -> Reply:
    return api.call("GET", f"/plot?series_id=s&{query}", **call)


def png_size(picture: bytes) -> tuple[int, int]:
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture[12:16] == b"IHDR"
    assert picture.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


@pytest.fixture
def trained(api: Api) -> Api:
    assert api.fit("s", VALUES).status == 200
    return api


@pytest.mark.parametrize(
    ("query", "size"), [("", (1200, 600)), (SMALL, (320, 320)), ("width=777&height=501", (777, 501))]
)
def test_a_png_of_exactly_the_size(trained: Api, query, size):
    reply = plot(trained, query)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    assert png_size(reply.body) == size


def test_a_svg_of_exactly_the_size_that_names_what_it_shows(trained: Api):
    reply = plot(trained, "format=svg&width=640&height=400")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
    root = ElementTree.fromstring(reply.body)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    assert width / height == pytest.approx(640 / 400)
    words = " ".join(root.itertext())
    for told in ("s · v1", "three_sigma", "6 points, no anomalies", "2023-11-14"):
        assert told in words


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", None, "image/png"),
        ("", "*/*", "image/png"),
        ("", "text/html,image/webp,*/*;q=0.8", "image/png"),
        ("", "image/svg+xml", "image/svg+xml"),
        ("", "IMAGE/SVG+XML;q=0.9, */*;q=0.1", "image/svg+xml"),
        ("", "image/svg+xml,image/png", "image/svg+xml"),
        ("", "image/png,image/svg+xml", "image/png"),
        ("&format=png", "image/svg+xml", "image/png"),
        ("&format=svg", "image/png", "image/svg+xml"),
    ],
)
def test_the_format_is_the_parameters_or_else_the_accept_headers(trained: Api, query, accept, media_type):
    reply = plot(trained, SMALL + query, headers={"Accept": accept})
    assert reply.headers["content-type"] == media_type
    assert reply.headers["vary"] == "Accept"
    assert reply.body.startswith(b"\x89PNG" if media_type == "image/png" else b"<?xml")


def test_the_theme_changes_the_picture_and_light_is_the_default(trained: Api):
    light, dark, default = (plot(trained, SMALL + theme).body for theme in ("&theme=light", "&theme=dark", ""))
    assert light == default
    assert png_size(dark) == (320, 320)
    assert dark != light


def test_a_version_is_drawn_with_its_own_data(trained: Api):
    first = plot(trained, f"{SMALL}&format=svg").body
    trained.fit("s", [-1, 1, -1, 1, -1, 1, 5])
    latest = plot(trained, f"{SMALL}&format=svg").body
    assert b"v2" in latest
    assert b"7 points" in latest
    assert plot(trained, f"{SMALL}&format=svg&version=latest").body == latest
    for version in ("1", "v1"):
        assert plot(trained, f"{SMALL}&format=svg&version={version}").body == first


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_detector_is_drawn_by_what_came_before_each_point(api: Api, name):
    values = [round(10 + 3 * math.sin(index / 3.8) + index % 7 / 10, 3) for index in range(336)]
    values[300] = 60.0
    assert api.fit("s", values, more={"detector": {"name": name}}).status == 200
    root = ElementTree.fromstring(plot(api, "format=svg").body)  # noqa: S314 - our own
    words = " ".join(root.itertext())
    for told in (name, "336 points", "severity"):
        assert told in words


@pytest.mark.parametrize(
    ("query", "kept"), [("", False), ("&version=latest", False), ("&version=1", True), ("&version=v1", True)]
)
def test_a_picture_of_a_pinned_version_may_be_kept(trained: Api, query, kept):
    control = plot(trained, SMALL + query).headers["cache-control"]
    assert control == ("private, max-age=300" if kept else "no-cache")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("width=319", "width"),
        ("width=4097", "width"),
        ("height=0", "height"),
        ("height=-5", "height"),
        ("height=1e3", "height"),
        ("width=", "width"),
        ("width=wide", "width"),
        ("format=gif", "format"),
        ("format=", "format"),
        ("format=PNG", "format"),
        ("theme=blue", "theme"),
        ("version=x", "version"),
        ("width=400&width=500", "width"),
    ],
)
def test_parameters_are_checked_before_storage_is_asked(api: Api, boundary: Boundary, query, field):
    reply = plot(api, query)
    assert reply.status == 422
    assert [loc for loc, _ in reply.errors] == [("query", field)]
    assert boundary.names == []


def test_all_problems_of_a_query_are_reported_at_once(api: Api):
    reply = api.call("GET", "/plot?series_id=%2F&version=0&format=x&width=1&height=x&theme=x")
    fields = ("series_id", "version", "format", "width", "height", "theme")
    assert [loc for loc, _ in reply.errors] == [("query", field) for field in fields]


def test_unknown_series_and_unknown_version_are_different_404s(trained: Api):
    no_series = trained.call("GET", f"/plot?series_id=nobody&{SMALL}")
    assert (no_series.status, no_series.problem) == (404, "unknown-series")
    assert "'nobody'" in no_series.json()["detail"]
    no_version = plot(trained, "version=7")
    assert (no_version.status, no_version.problem) == (404, "unknown-version")
    assert "v7" in no_version.json()["detail"]


def change_data(change: Callable[[bytes], bytes | None]) -> str:
    """Changes the one data file behind the service's back; returns its key."""
    s3: Any = boto3.client("s3")
    (entry,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    data = change(s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read())
    if data is None:
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    else:
        s3.put_object(Bucket=BUCKET, Key=entry["Key"], Body=data)
    return str(entry["Key"])


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: flip(data, 0),
        lambda data: flip(data, len(data) // 2),
        lambda data: flip(data, len(data) - 1),
        lambda data: data[:-1],
        lambda data: data[:20],
        lambda data: b"",
        gzip.decompress,
        lambda data: gzip.compress(gzip.decompress(data).replace(b"12.5", b"12.6")),
        lambda data: gzip.compress(gzip.decompress(data) + b"1,1\n"),
        lambda data: None,
    ],
    ids=[
        "first byte",
        "middle byte",
        "last byte",
        "a byte short",
        "cut",
        "empty",
        "unpacked",
        "another value",
        "one more line",
        "gone",
    ],
)
def test_data_that_is_not_what_was_stored_is_told_not_drawn(trained: Api, change):
    key = change_data(change)
    reply = plot(trained)
    assert (reply.status, reply.problem) == (500, "data-corrupted")
    assert key not in reply.body.decode()
    (line,) = reply.logs
    assert (line["event"], line["level"], line["key"]) == ("data_corrupted", "CRITICAL", key)
    assert "73190264851" not in "".join(reply.printed)
    assert (reply.counted("Errors"), reply.counted("StorageFailures")) == (1, 0)


def test_a_prediction_needs_no_training_data(trained: Api):
    change_data(lambda data: None)
    assert trained.predict("s", 12).status == 200


def test_a_new_fit_of_the_same_data_mends_it(trained: Api):
    change_data(lambda data: b"")
    assert plot(trained).status == 500
    assert trained.fit("s", VALUES).json()["version"] == "v2"
    assert plot(trained, f"{SMALL}&version=1").status == plot(trained).status == 200


def body_of(answer: AWSResponse, raw: MockRawResponse) -> AWSResponse:
    stream: Any = raw
    return AWSResponse(answer.url, answer.status_code, answer.headers, stream)


def cut_short(call: Call, send: Send) -> AWSResponse:
    answer = send()
    return body_of(answer, MockRawResponse(answer.content[:-5]))


def garbled(call: Call, send: Send) -> AWSResponse:
    """The bytes are right in S3; its own checksum tells that they are not those."""
    answer = send()
    return body_of(answer, MockRawResponse(flip(answer.content, 12)))


def broken_by(error: Exception) -> Callable[[Call, Send], AWSResponse]:
    class Broken(MockRawResponse):
        def read(self, *_: Any, **__: Any) -> bytes:
            raise error

    return lambda call, send: body_of(send(), Broken(b""))


@pytest.mark.parametrize(
    "fault",
    [
        cut_short,
        garbled,
        broken_by(ProtocolError("connection broken")),
        broken_by(ReadTimeoutError(None, "https://s3", "timed out")),  # type: ignore[arg-type]
    ],
    ids=["cut short", "garbled", "connection broken", "timed out"],
)
def test_data_that_does_not_arrive_whole_is_a_503(trained: Api, boundary: Boundary, fault):
    """What lies in S3 is whole: a retry gets it, and the operators need not be told of corruption."""
    boundary.on("s3.GetObject", fault)
    reply = plot(trained)
    assert (reply.status, reply.problem) == (503, "storage-unavailable")
    assert reply.counted("StorageFailures") == 1
    boundary.heal()
    assert plot(trained).status == 200
