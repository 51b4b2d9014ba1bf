"""From the event that API Gateway sends to one that the resolver can read: path, media type, encoding, size, JSON.

A body is bounded before anything is built from it: a few kilobytes of gzip can hold gigabytes, and a few megabytes of
JSON can become gigabytes of objects.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

import numpy as np
from pydantic_core import from_json

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
# Characters of identifiers that need no encoding in a path; all others stay encoded, so that the route still matches
# and the rule of the parameter can refuse them by name.
_PLAIN: Final = ":"
# Of a header that is quoted back: it may have thousands of characters.
_MOST_QUOTED: Final = 100
_EMPTY: Final = "The body is empty; send a JSON object."
_MOST_MEMBERS: Final = 64
"""Of a gzip: each costs a new start, however little it holds."""
_DEEPEST: Final = 200
_LARGE: Final = 64 * 1024
"""Bytes from which on numpy counts faster."""
_PART: Final = 256 * 1024
"""Bytes of a body that are unpacked, or looked through, at a time."""


class MalformedBody(ValueError):
    """The body is no JSON, or not in the encoding that its headers say."""


class PayloadTooLarge(ValueError):
    """The body is larger than the service reads."""


class UnsupportedMediaType(ValueError):
    """The body is of a type that the service does not read."""


class InvalidBody(ValueError):
    """The body is JSON, but none that any route takes.

    Attributes:
        loc: where in the body; empty for all of it.
        kind: what is wrong, for a program.
    """

    def __init__(self, message: str, kind: str, loc: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.loc = loc
        self.kind = kind


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large the body of a route may be.

    Attributes:
        most_bytes: after gzip is undone.
        containers: how many arrays and objects it may have.
        items: how many items and fields they may have together.
        optional: whether there may be none at all, which is then an object without fields.
    """

    most_bytes: int
    containers: int
    items: int
    optional: bool = False


def normalise(event: Mapping[str, Any], limits: Callable[[], BodyLimits]) -> dict[str, Any]:
    """The event with a decoded path, headers by their names in lower case, and a plain-text body.

    REST APIs leave percent-encoding in the path; it is undone here, once. With binary media types every body comes in
    base64; a client may also gzip it.

    Args:
        event: a proxy event of a REST API.
        limits: of the route, asked for only where there is a body: a liveness probe needs no settings.

    Raises:
        InvalidBody: if it has more arrays, objects or items than the route takes.
        MalformedBody: if the body is not in the encoding that it claims.
        PayloadTooLarge: if it is larger than allowed when unpacked.
        UnsupportedMediaType: if it is not JSON.
    """
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    plain = {**event, "path": _decoded_path(event), "headers": headers}
    if event.get("httpMethod") in ("POST", "PUT", "PATCH"):
        plain["body"] = _body(event, headers, limits)
        plain["isBase64Encoded"] = False
        # In the one spelling that the resolver knows; that it is JSON was checked.
        headers["content-type"] = "application/json"
    return plain


def read_json(text: str) -> dict[str, Any]:
    """Reads a JSON object; also NaN and Infinity, which are no JSON, so that the rules of a field can refuse them.

    Raises:
        InvalidBody: if it is JSON but no object, or an object has a field twice.
        MalformedBody: if it is no JSON.
    """
    try:
        document = from_json(text, allow_inf_nan=True)
    except ValueError as error:
        raise MalformedBody(f"The body is no valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise InvalidBody("must be a JSON object, in braces", "wrong_type")
    # Each field has a colon. Where there are as many of both, no field came twice; else text may have colons, too.
    if text.count(":") != _count_fields(document, text.count("{")):
        _refuse_repeated_fields(text)
    return document


def _count_fields(document: dict[str, Any], objects: int) -> int:
    """How many fields the objects of a document have, of which there are at most so many."""
    fields, seen = 0, 0
    left: list[Any] = [document]
    while left and seen < objects:
        node = left.pop()
        parts = node
        if type(node) is dict:
            fields += len(node)
            seen += 1
            parts = node.values()
        # Objects last, so that they come next: long arrays of numbers are not looked through for none.
        left += [part for part in parts if type(part) is list]
        left += [part for part in parts if type(part) is dict]
    return fields


def _refuse_repeated_fields(text: str) -> None:
    def check(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            seen: set[str] = set()
            repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise InvalidBody("given more than once", "repeated_field", (repeated,))

    # Numbers are not read: they were, and may have thousands of digits.
    json.loads(text, object_pairs_hook=check, parse_int=len, parse_float=len, parse_constant=len)


def _decoded_path(event: Mapping[str, Any]) -> str:
    parameters = event.get("pathParameters") or {}
    resource = event.get("resource") or event.get("path") or "/"
    if any(name not in parameters for name in _PARAMETER.findall(resource)):
        return str(event.get("path") or "/")
    # Half a character, as JSON can hold it, becomes a question mark, which no identifier has.
    return _PARAMETER.sub(lambda match: quote(unquote(parameters[match[1]]), safe=_PLAIN, errors="replace"), resource)


def _body(event: Mapping[str, Any], headers: Mapping[str, str], limits: Callable[[], BodyLimits]) -> str:
    raw = event.get("body") or ""
    if not raw:
        if limits().optional:
            return "{}"
        raise MalformedBody(_EMPTY)
    _check_media_type(headers.get("content-type", ""))
    bounds = limits()
    most = bounds.most_bytes
    data = _bytes(raw, in_base64=bool(event.get("isBase64Encoded")))
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding == "gzip":
        data = _gunzip(data, most)
    elif coding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {_quoted(coding)} is not supported; send gzip or none.")
    if len(data) > most:
        raise PayloadTooLarge(f"The body has {len(data):,} bytes; at most {most:,} are read.")
    if not data:
        raise MalformedBody(_EMPTY)
    _check_structure(data, bounds)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None


def _check_structure(data: bytes, limits: BodyLimits) -> None:
    """Bounds what parsing will build. Brackets and commas within text count too, of which no good body has many."""
    containers = _count(data, b"[") + _count(data, b"{")
    if containers > _DEEPEST and _depth(data) > _DEEPEST:
        raise MalformedBody(f"The body is nested more than {_DEEPEST} levels deep.")
    if containers > limits.containers:
        raise InvalidBody(
            f"has {containers:,} arrays and objects; at most {limits.containers:,} are taken here", "too_complex"
        )
    items = _count(data, b",")
    if items > limits.items:
        raise InvalidBody(f"has more than {limits.items:,} items; no more are taken here", "too_complex")


def _depth(data: bytes) -> int:
    """How deep the brackets are nested; where that is deeper than any body may be, so deep at the least."""
    level = deepest = 0
    # Part by part: the levels of a whole body would take eight times its memory.
    for start in range(0, len(data), _PART):
        # The two opening brackets differ in one bit, and so do the closing ones.
        part = np.frombuffer(data, dtype=np.uint8, count=min(_PART, len(data) - start), offset=start) | 0x20
        levels = np.cumsum((part == ord("{")).view(np.int8) - (part == ord("}")).view(np.int8), dtype=np.int32)
        deepest = max(deepest, level + int(levels.max()))
        level += int(levels[-1])
        if deepest > _DEEPEST:
            break
    return deepest


def _count(data: bytes, character: bytes) -> int:
    if len(data) < _LARGE:
        return data.count(character)
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == character[0]))


def _bytes(raw: str, *, in_base64: bool) -> bytes:
    try:
        return base64.b64decode(raw, validate=True) if in_base64 else raw.encode()
    except ValueError:
        # Also of characters that are neither base64 nor UTF-8.
        raise MalformedBody(f"The body is not valid {'base64' if in_base64 else 'UTF-8'}.") from None


def _check_media_type(content_type: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")}
    if media_type != "application/json" or not charsets <= {"utf-8", "utf8", "us-ascii"}:
        got = f"got {_quoted(content_type)}" if content_type else "got none"
        raise UnsupportedMediaType(f"Send the body with the header 'Content-Type: application/json'; {got}.")


def _quoted(header: str) -> str:
    return repr(header if len(header) <= _MOST_QUOTED else f"{header[:_MOST_QUOTED]}…")


def _gunzip(data: bytes, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = most_bytes
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof:
            try:
                # Bounded while it unpacks, and in parts: what is refused for its size was never there as a whole.
                part = member.decompress(data, _PART)
            except zlib.error:
                raise MalformedBody("The body is not valid gzip.") from None
            data = member.unconsumed_tail
            if not (part or data or member.eof):
                raise MalformedBody("The body is not valid gzip, or ends too early.")
            left -= len(part)
            if left < 0:
                raise PayloadTooLarge(f"The body unpacks to more than {most_bytes:,} bytes.")
            parts.append(part)
        # A member may be followed by zeros (RFC 1952, as gzip itself reads it).
        data = member.unused_data.lstrip(b"\0")
        if not data:
            return b"".join(parts)
    raise MalformedBody(f"The body is a gzip of more than {_MOST_MEMBERS} members.")
