"""Events of API Gateway with what clients, tools and accidents can put into them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.documents import MARK, documents
from tests.fuzz.targets import KNOWN, Target
from tests.support.api import Api

Event = dict[str, Any]

# API Gateway takes 10,240 bytes of headers, all in all.
_latin = st.text(st.characters(max_codepoint=255), max_size=30)
_words = st.one_of(
    _latin,
    st.text(max_size=12),
    st.sampled_from(["", " ", MARK, f"{MARK}," * 400, "x" * 9000, "\x00", "\r\nSet-Cookie: a=b", "é", "\ud800", "%", "../.."]),
)
_header_names = st.sampled_from(
    ["Idempotency-Key", "idempotency-key", "Accept", "Accept-Encoding", "Authorization", "Cookie", "Origin", "Host"]
    + ["X-Forwarded-For", "X-Amzn-Trace-Id", "X-Api-Key", "Content-Length", "Transfer-Encoding", MARK]
) | st.text("abcdefghijklmnopqrstuvwxyz-_!#$%&'*+.^`|~0123456789", min_size=1, max_size=20)
_header_values = _words | st.sampled_from(["image/svg+xml", "image/png;q=0", "*/*", "k" * 128, "k" * 129, "gzip"])
_content_types = st.sampled_from(
    ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8";charset=x', "text/plain"]
    + ["application/json;charset=utf-16", ";", "application/json,", f"text/{MARK}", "x/" + "y" * 5000]
) | _words
_codings = st.sampled_from(["gzip", "GZIP ", "identity", "br", "gzip, gzip", "", MARK, "z" * 5000]) | _words
_query_names = st.sampled_from(
    ["version", "limit", "cursor", "series_id", "format", "width", "height", "theme", MARK, "", "version[]"]
) | st.text(max_size=8)
_query_values = _words | st.sampled_from(
    ["v1", "1", "latest", "LATEST", "v0", "v01", "-1", "+1", "1.0", "1e2", "99999999", "100000000", "9" * 400]
    + ["9" * 5000, "NaN", "null", "١", "true", "100", "101", "svg", "png", "dark", "2001", KNOWN, "MQ", "Im8i", "===="]
)
_series_ids = _words | st.sampled_from([KNOWN, "fuzzed", "a" * 128, "a" * 129, ".", "..", "%2e%2e", "%00", "%C3%28", "%", "{x}"])


def base_event(target: Target) -> tuple[Event, Any]:
    """A request that is in order, and the function that the template sends it to."""
    return Api().event(target.method, target.url, json_body=target.body)


def _lists(names: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, list[str]]]:
    return st.dictionaries(names, st.lists(values, min_size=1, max_size=3), max_size=4)


def _both_ways(
    names: st.SearchStrategy[str], values: st.SearchStrategy[str], single: str, multiple: str
) -> st.SearchStrategy[Event]:
    """A map of lists, and the map of their last values beside it; or one of them, or none, as tools send it."""

    def beside(lists: dict[str, list[str]]) -> st.SearchStrategy[Event]:
        last = {name: found[-1] for name, found in lists.items()}
        both = {single: last or None, multiple: lists or None}
        return st.sampled_from([both, both, both, {single: last, multiple: None}, {single: None, multiple: lists}])

    return _lists(names, values).flatmap(beside)


headers = _both_ways(_header_names, _header_values, "headers", "multiValueHeaders")
queries = _both_ways(_query_names, _query_values, "queryStringParameters", "multiValueQueryStringParameters")


def paths(target: Target) -> st.SearchStrategy[Event]:
    """Another series in the path, percent-encoded or as it is; with or without ``pathParameters``."""
    path = target.route.split()[1]
    if "{series_id}" not in path:
        return st.just({})

    def with_id(series_id: str) -> st.SearchStrategy[Event]:
        changed = {"path": path.replace("{series_id}", series_id)}
        parameters = {"series_id": series_id}
        return st.sampled_from(
            [{**changed, "pathParameters": given} for given in (parameters, parameters, parameters, None, {})]
        )

    encoded = _series_ids.map(lambda series_id: quote(series_id, safe="", errors="replace"))
    return st.one_of(st.just({}), encoded.flatmap(with_id), encoded.flatmap(with_id), _series_ids.flatmap(with_id))


def _in_base64(data: bytes) -> Event:
    return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}


def _with_headers(event: Event, more: Mapping[str, str]) -> Event:
    return {**event, "headers": dict(more), "multiValueHeaders": {name: [value] for name, value in more.items()}}


@st.composite
def carried(draw: st.DrawFn, data: bytes) -> Event:
    """Bytes on their way: in base64, in gzip, as text, or broken on it."""
    way = draw(st.sampled_from(["base64", "base64", "text", "gzip", "gzip", "gzip broken", "base64 broken", "declared"]))
    plain = {"Content-Type": "application/json"}
    if way == "text":
        return _with_headers({"body": data.decode(errors="replace"), "isBase64Encoded": False}, plain)
    if way in ("gzip", "gzip broken"):
        packed = gzip.compress(data, mtime=0)
        if way == "gzip broken":
            at = draw(st.integers(0, len(packed) - 1))
            tail = draw(st.sampled_from([b"", packed[at + 1 :], b"\x00" + packed[at + 1 :], packed]))
            packed = packed[:at] + tail
        return _with_headers(_in_base64(packed), plain | {"Content-Encoding": "gzip"})
    if way == "base64 broken":
        text = base64.b64encode(data).decode()
        at = draw(st.integers(0, len(text)))
        return _with_headers(
            {"body": text[:at] + draw(st.sampled_from(["", "=", "!", "é", "\n", "\ud800", MARK])), "isBase64Encoded": True},
            plain,
        )
    if way == "declared":
        declared = {"Content-Type": draw(_content_types), "content-encoding": draw(_codings)}
        return _with_headers(_in_base64(data), declared)
    return _with_headers(_in_base64(data), plain)


any_bytes = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")),
    st.sampled_from([b"", b"{}", b"null", b"\xff\xfe{\x00}\x00", b"\x1f\x8b", MARK.encode() * 100, b"[" * 100_000]),
).flatmap(carried)
"""A body of anything."""


def mutated(target: Target) -> st.SearchStrategy[Event]:
    """The route's valid body with mishaps in it; mostly carried well, for what happens to it then."""
    assert target.body is not None
    written = documents(target.body)
    well = [
        written.map(lambda text: {"body": text, "isBase64Encoded": False}),
        written.map(lambda text: _in_base64(text.encode(errors="surrogatepass"))),
    ]
    return st.one_of(*well * 3, written.flatmap(lambda text: carried(text.encode(errors="surrogatepass"))))


def around(target: Target) -> st.SearchStrategy[Event]:
    """Headers, query and path of any kind about the route's own body."""
    parts = st.tuples(paths(target), st.just({}) | headers, st.just({}) | queries)

    def joined(found: tuple[Event, Event, Event]) -> Event:
        changed = {name: value for part in found for name, value in part.items()}
        if target.body is not None and "headers" in changed:
            kind = "application/json"
            changed["headers"] = {"Content-Type": kind, **(changed["headers"] or {})}
            changed["multiValueHeaders"] = {"Content-Type": [kind], **(changed["multiValueHeaders"] or {})}
        return changed

    return parts.map(joined)
