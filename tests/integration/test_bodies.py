"""Bodies before their content is looked at: media type, encoding, size, JSON."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib

import pytest

from tests.support.api import Api

POINT = b'{"timestamp":"1","value":3}'
SERIES = {"timestamps": list(range(6)), "values": [1, 2, 3, 4, 5, 6.5]}

both_routes = pytest.mark.parametrize("path", ["/fit/s", "/predict/s"])


@pytest.fixture
def trained(api: Api) -> Api:
    assert api.call("POST", "/fit/s", json_body=SERIES).status == 200
    return api


@both_routes
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"timestamp":',
        b'{"timestamp":"1","value":3}x',
        b'{"timestamp":"1","value":3,}',
        b'{"timestamp":"1","value":03}',
        b'{"timestamp":"1","value":+3}',
        b'{"timestamp":"1","value":.3}',
        b'{"timestamp":"1","value":0x3}',
        b"{'timestamp':'1','value':3}",
        b"{timestamp:1}",
        b'{"timestamp":"\n"}',
        b'{"timestamp":"\\ud800"}',
        b'{"timestamp":"\\x41"}',
        b"\x00",
        b'{"timestamp":"1","value":' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_json_is_malformed(api: Api, path, body):
    reply = api.call("POST", path, body)
    assert (reply.status, reply.problem) == (400, "malformed-json")
    assert "errors" not in reply.json()


@both_routes
@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"5", b"true", b"NaN", b'[{"timestamp":"1"}]'])
def test_what_is_no_object_is_invalid(api: Api, path, body):
    reply = api.call("POST", path, body)
    assert (reply.status, reply.problem) == (422, "invalid-request")
    assert reply.errors == [(("body",), "wrong_type")]
    assert "object" in reply.json()["errors"][0]["msg"]


@both_routes
@pytest.mark.parametrize("body", [b"\xff\xfe{\x00}\x00", b'{"timestamp":"\xe9"}', b'{"timestamp":"\xed\xa0\x80"}'])
def test_what_is_no_utf8_is_malformed(api: Api, path, body):
    reply = api.call("POST", path, body)
    assert (reply.status, reply.problem) == (400, "malformed-json")
    assert "UTF-8" in reply.json()["detail"]


@both_routes
@pytest.mark.parametrize("body", ["!!!", "YQ", "YQ==YQ==x", "é", "e30 ", "\ud800"])
def test_what_is_no_base64_is_malformed(api: Api, path, body):
    """API Gateway sends none; who calls the function past it may."""
    reply = api.call("POST", path, b"x", change_event={"body": body})
    assert (reply.status, reply.problem) == (400, "malformed-json")
    assert "base64" in reply.json()["detail"]


def test_text_that_cannot_be_utf8_is_malformed(api: Api):
    reply = api.call("POST", "/predict/s", "x", binary=False, change_event={"body": '{"timestamp":"\ud800"}'})
    assert (reply.status, reply.problem) == (400, "malformed-json")


@pytest.mark.parametrize("body", [None, ""])
@pytest.mark.parametrize("encoded", [True, False])
def test_no_body_is_malformed(api: Api, body, encoded):
    reply = api.call("POST", "/predict/s", change_event={"body": body, "isBase64Encoded": encoded})
    assert (reply.status, reply.problem) == (400, "malformed-json")
    assert "empty" in reply.json()["detail"]


@pytest.mark.parametrize("binary", [True, False])
def test_a_body_may_come_in_base64_or_as_text(trained: Api, binary):
    assert trained.call("POST", "/predict/s", POINT, binary=binary).json()["value"] == 3


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/predict/s", '{"value":1,"timestamp":"1","value":1}', "value"),
        ("/predict/s", '{"value":1,"timestamp":"2026-01-01T00:00:00Z","value" :1}', "value"),
        ("/fit/s", '{"timestamps":[1,2,3,4,5],"values":[1,2,3,4,6],"detector":{"name":"mad","name":"iqr"}}', "name"),
        ("/detect", '{"data":[{"timestamp":1,"value":1},{"timestamp":2,"value":2,"value":3}]}', "value"),
    ],
)
def test_a_field_that_comes_twice_is_refused_by_name(api: Api, path, body, field):
    reply = api.call("POST", path, body)
    assert (reply.status, reply.errors) == (422, [(("body", field), "repeated_field")])


def test_the_name_of_a_field_that_comes_twice_is_not_logged(api: Api):
    reply = api.call("POST", "/predict/s", '{"secret-name":1,"secret-name":2}')
    assert reply.errors == [(("body", "secret-name"), "repeated_field")]
    assert [line["errors"] for line in reply.logs] == [[{"loc": ["body"], "type": "repeated_field"}]]
    assert "secret-name" not in "".join(reply.printed)


def test_colons_and_braces_in_text_are_no_fields(trained: Api):
    reply = trained.call("POST", "/predict/s", json_body={"timestamp": "2026-01-01T00:00:00Z", "value": 3})
    assert reply.status == 200
    reply = trained.call("POST", "/predict/s", json_body={'{"a":1,"a":2}': 1, "timestamp": "1", "value": 3})
    assert reply.errors == [(("body", '{"a":1,"a":2}'), "extra_forbidden")]


@both_routes
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_malformed(api: Api, path, opening):
    reply = api.call("POST", path, '{"timestamp":' + opening * 100_000)
    assert (reply.status, reply.problem) == (400, "malformed-json")


def test_nesting_that_json_reads_is_refused_where_it_stands(api: Api):
    reply = api.call("POST", "/fit/s", json.dumps(SERIES).replace("6.5", "[" * 150 + "]" * 150))
    assert reply.errors == [(("body", "values", 5), "wrong_type")]
    reply = api.call("POST", "/fit/s", json.dumps(SERIES)[:-1] + ',"detector":' + '{"a":' * 150 + "1" + "}" * 151)
    assert reply.errors == [(("body", "detector", "a"), "extra_forbidden")]


@both_routes
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/json5",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "json",
    ],
)
def test_other_media_types_are_unsupported(api: Api, path, content_type):
    reply = api.call("POST", path, POINT, headers={"Content-Type": content_type})
    assert (reply.status, reply.problem) == (415, "unsupported-media-type")
    assert "application/json" in reply.json()["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json; charset=us-ascii",
        "application/json ; profile=x",
        "APPLICATION/JSON",
        "Application/Json; Charset=UTF-8",
        " application/json",
    ],
)
def test_json_may_be_declared_in_each_way(trained: Api, content_type):
    """Media types and the names of their parameters know no case (RFC 9110, 8.3.1)."""
    assert trained.call("POST", "/predict/s", POINT, headers={"Content-Type": content_type}).status == 200


@both_routes
def test_a_body_may_have_as_many_bytes_as_the_settings_say(api: Api, configure, path):
    configure(MAX_BODY_BYTES="1024")
    exact = POINT + b" " * (1024 - len(POINT))
    assert api.call("POST", path, exact).status in (404, 422)
    for body, headers in ((exact + b" ", {}), (gzip.compress(exact + b" "), {"Content-Encoding": "gzip"})):
        reply = api.call("POST", path, body, headers=headers)
        assert (reply.status, reply.problem) == (413, "too-large")
        assert "1,024" in reply.json()["detail"]


def test_bytes_are_counted_not_characters(api: Api, configure):
    configure(MAX_BODY_BYTES="1024")
    assert api.call("POST", "/predict/s", '{"é":"' + "é" * 600 + '"}').status == 413


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " gzip "])
def test_a_gzipped_body_is_unpacked(trained: Api, coding):
    assert trained.call("POST", "/predict/s", gzip.compress(POINT), headers={"Content-Encoding": coding}).status == 200
    packed = gzip.compress(json.dumps(SERIES).encode())
    reply = trained.call("POST", "/fit/s", packed, headers={"Content-Encoding": coding})
    assert (reply.status, reply.json()["version"]) == (200, "v2")


def test_identity_is_no_encoding(trained: Api):
    assert trained.call("POST", "/predict/s", POINT, headers={"Content-Encoding": "identity"}).status == 200


def test_a_gzip_of_several_members_is_one_body(trained: Api):
    """As ``cat a.gz b.gz`` makes it (RFC 1952, 2.2)."""
    packed = gzip.compress(POINT[:10]) + gzip.compress(POINT[10:])
    assert trained.call("POST", "/predict/s", packed, headers={"Content-Encoding": "gzip"}).status == 200


PACKED = gzip.compress(POINT)


@pytest.mark.parametrize(
    "body",
    [
        PACKED[:-1],
        PACKED[:-8],
        PACKED[:12],
        PACKED[:5],
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        PACKED[:-4] + b"\0\0\0\1",
        PACKED + b"more",
        POINT,
        zlib.compress(POINT),
        gzip.compress(PACKED),
        gzip.compress(b""),
        gzip.compress(b"\xff"),
    ],
    ids=[
        "one byte short",
        "no trailer",
        "cut in the data",
        "cut in the head",
        "wrong checksum",
        "wrong length",
        "more behind it",
        "not gzip",
        "zlib",
        "packed twice",
        "empty",
        "no UTF-8",
    ],
)
def test_a_broken_gzip_is_malformed(trained: Api, body):
    reply = trained.call("POST", "/predict/s", body, headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.problem) == (400, "malformed-json")


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "x"])
def test_other_encodings_are_unsupported(api: Api, coding):
    reply = api.call("POST", "/predict/s", PACKED, headers={"Content-Encoding": coding})
    assert (reply.status, reply.problem) == (415, "unsupported-media-type")


@pytest.mark.parametrize("header", ["Content-Type", "Content-Encoding"])
def test_a_header_of_a_novel_is_not_sent_back_whole(api: Api, header):
    reply = api.call("POST", "/predict/s", POINT, headers={header: "x/" + "y" * 5000})
    assert (reply.status, reply.problem) == (415, "unsupported-media-type")
    assert "'x/yyy" in reply.json()["detail"]
    assert len(reply.json()["detail"]) < 300


def test_a_gzip_of_very_many_members_is_malformed(trained: Api):
    """Each member costs as much as a start, even an empty one: 150,000 took 2.6 s."""
    packed = gzip.compress(b"") * 1_000 + gzip.compress(POINT)
    reply = trained.call("POST", "/predict/s", packed, headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.problem) == (400, "malformed-json")
    assert "members" in reply.json()["detail"]


def test_zeros_behind_a_gzip_are_padding(trained: Api):
    packed = gzip.compress(POINT) + b"\0" * 100
    assert trained.call("POST", "/predict/s", packed, headers={"Content-Encoding": "gzip"}).status == 200


EXPLOSIVE = {
    "arrays in arrays": b'{"values":[' + b"[]," * 1_000_000 + b"1]}",
    "unknown fields": b"{" + b",".join(b'"k%d":0' % index for index in range(150_000)) + b"}",
    "objects": b'{"values":[' + b"{}," * 1_000_000 + b"1]}",
    "items": b'{"values":[' + b'"",' * 4_000_000 + b"1]}",
    "wrong items": b'{"context":[' + b'"",' * 20_000 + b'1],"timestamp":"1","value":1}',
    # As many as a prediction reads.
    "nested arrays": b"[" * (4 * 2**20) + b"]" * (4 * 2**20),
}


@pytest.mark.parametrize("body", EXPLOSIVE.values(), ids=EXPLOSIVE)
@pytest.mark.parametrize("path", ["/fit/s", "/predict/s", "/detect", "/predict"])
def test_a_small_gzip_does_not_become_gigabytes(api: Api, path, body):
    event, function = api.event("POST", path, gzip.compress(body, 1), headers={"Content-Encoding": "gzip"})
    api.invoke(function, event)
    tracemalloc.start()
    reply = api.invoke(function, event)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.status in (400, 413, 422)
    assert len(reply.json().get("errors", ())) <= 100
    # The body, a few times over, and what a good body of this route would take.
    assert peak < 100 * 2**20


def test_each_route_has_a_limit_of_its_own(api: Api):
    body = gzip.compress(b'{"timestamps":[' + b" " * 9 * 2**20 + b"]}")
    packed = {"Content-Encoding": "gzip"}
    assert api.call("POST", "/fit/s", body, headers=packed).status == 422
    assert api.call("POST", "/predict/s", body, headers=packed).status == 413


@pytest.mark.parametrize(
    ("method", "url", "named"),
    [
        ("POST", "/predict/s?verison=v1", "version"),
        ("POST", "/fit/s?detector=mad", "there are none"),
        ("GET", "/plot?series_id=s&serie=1", "series_id"),
        ("GET", "/plot?series_id=s&them=dark", "theme"),
        ("POST", "/detect?theme=dark&hight=500", "height"),
        ("GET", "/series?limits=1", "limit"),
        ("GET", "/healthcheck?x=1", "there are none"),
    ],
)
def test_an_unknown_query_parameter_is_refused_with_the_nearest(api: Api, method, url, named):
    reply = api.call(method, url, POINT if method == "POST" else None)
    error, *_ = reply.json()["errors"]
    assert (reply.status, error["loc"][0], error["type"]) == (422, "query", "extra_forbidden")
    assert named in error["msg"]


@pytest.mark.parametrize(
    "body",
    [b'{"timestamp": "soon", "value": 1}', b'{"timestamp": "1", "timestamp": "2", "value": 1}', b"[]"],
    ids=["invalid", "repeated field", "no object"],
)
def test_an_unknown_query_parameter_is_told_with_the_problems_of_the_body(api: Api, body):
    reply = api.call("POST", "/predict/s?verison=v1", body)
    assert reply.status == 422
    assert [error["loc"][0] for error in reply.json()["errors"]] == ["query", "body"]
    assert "2 problems" in reply.json()["detail"]


def test_a_gzip_bomb_is_not_unpacked(api: Api, configure):
    configure(MAX_BODY_BYTES=str(2**20))
    pack = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(pack.compress(b" " * 2**20) for _ in range(200)) + pack.flush()
    event, function = api.event("POST", "/predict/s", bomb, headers={"Content-Encoding": "gzip"})
    api.invoke(function, event)
    tracemalloc.start()
    reply = api.invoke(function, event)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (reply.status, reply.problem) == (413, "too-large")
    # A mebibyte of body, the bomb itself a few times over, and not its 200 mebibytes.
    assert peak < 8 * 2**20


def test_get_routes_read_no_body(api: Api):
    """Some clients send one, of any type."""
    event, function = api.event("GET", "/health", b"\xff", headers={"Content-Type": "text/plain"})
    assert base64.b64decode(event["body"]) == b"\xff"
    assert api.invoke(function, event).status == 200
