"""What stands in headers, queries and paths: what is wanted there, what is near it, and what is far from it."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from tests.fuzz.documents import MARK, own_words
from tests.fuzz.targets import KNOWN

_NAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
# API Gateway takes 10,240 bytes of headers, all in all.
_LONG: Final = 9000

_ODD: Final = ["", " ", "%", "../..", "é", "\x00", "\ud800", "\r\nSet-Cookie: a=b"]
words = st.one_of(
    own_words(st.text(st.characters(max_codepoint=255), max_size=30)),
    own_words(st.text(max_size=12)),
    st.sampled_from([*_ODD, MARK, f"{MARK}," * 400, "x" * _LONG]),
)


def _or_words(*near: str) -> st.SearchStrategy[str]:
    return st.sampled_from(near) | words


header_names = st.sampled_from(
    [
        *("Accept", "Accept-Encoding", "Authorization", "Content-Length", "Cookie", "Host", "Idempotency-Key"),
        *("Origin", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Api-Key", "X-Forwarded-For", "idempotency-key", MARK),
    ]
) | st.text(_NAME_CHARACTERS, min_size=1, max_size=20)
header_values = _or_words("image/svg+xml", "image/png;q=0", "*/*", "k" * 128, "k" * 129, "gzip")

content_types = _or_words(
    *("application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8";charset=x', ";"),
    *("application/json;charset=utf-16", "application/json,", "text/plain", f"text/{MARK}", "x/" + "y" * _LONG),
)
codings = _or_words("gzip", "GZIP ", "identity", "br", "gzip, gzip", MARK, "z" * _LONG)

query_names = (
    st.sampled_from(["version", "limit", "cursor", "series_id", "format", "width", "height", "theme", "version[]", ""])
    | own_words(st.text(max_size=8))
    | st.just(MARK)
)
query_values = _or_words(
    *("v1", "1", "latest", "LATEST", "v0", "v01", "-1", "+1", "1.0", "1e2", "99999999", "100000000", "9" * 400),
    *("9" * 5000, "NaN", "null", "١", "true", "100", "101", "svg", "png", "dark", "2001", "MQ", "Im8i", "====", KNOWN),
)
identifiers = _or_words(
    *(KNOWN, "fuzzed", "a" * 128, "a" * 129, ".", "..", "%2e%2e", "%00", "%C3%28", "%2F", "{x}"),
    *("v1", "2", "latest", "v0", "99999999", "9" * 5000, "١"),
)
"""Of a series or a version, in a path."""
