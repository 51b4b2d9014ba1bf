"""Events of API Gateway with what clients, tools and accidents can put into them."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.documents import MARK, documents
from tests.fuzz.targets import Target
from tests.fuzz.words import (
    codings,
    content_types,
    header_names,
    header_values,
    identifiers,
    query_names,
    query_values,
)
from tests.support.api import Api

Event = dict[str, Any]


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


headers = _both_ways(header_names, header_values, "headers", "multiValueHeaders")
queries = _both_ways(query_names, query_values, "queryStringParameters", "multiValueQueryStringParameters")


def paths(target: Target) -> st.SearchStrategy[Event]:
    """Other identifiers in the path, percent-encoded or as they are; with or without ``pathParameters``."""
    path = target.route.split()[1]
    names = re.findall(r"{(\w+)}", path)
    if not names:
        return st.just({})

    def named(parameters: dict[str, str]) -> st.SearchStrategy[Event]:
        changed = {"path": path.format(**parameters)}
        return st.sampled_from(
            [{**changed, "pathParameters": given} for given in (parameters, parameters, parameters, None, {})]
        )

    encoded = identifiers.map(lambda identifier: quote(identifier, safe="", errors="replace"))
    either = st.dictionaries(st.sampled_from(names), encoded | encoded | identifiers, min_size=len(names))
    return st.just({}) | either.flatmap(named)


def _in_base64(data: bytes) -> Event:
    return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}


def _with_headers(event: Event, more: Mapping[str, str]) -> Event:
    return {**event, "headers": dict(more), "multiValueHeaders": {name: [value] for name, value in more.items()}}


@st.composite
def carried(draw: st.DrawFn, data: bytes) -> Event:
    """Bytes on their way: in base64, in gzip, as text, or broken on it."""
    way = draw(
        st.sampled_from(["base64", "base64", "text", "gzip", "gzip", "gzip broken", "base64 broken", "declared"])
    )
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
            {
                "body": text[:at] + draw(st.sampled_from(["", "=", "!", "é", "\n", "\ud800", MARK])),
                "isBase64Encoded": True,
            },
            plain,
        )
    if way == "declared":
        declared = {"Content-Type": draw(content_types), "content-encoding": draw(codings)}
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
