"""From the event that API Gateway sends to one that the resolver can read: path, media type, encoding, size, JSON."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from pydantic_core import from_json

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
# Characters of identifiers that need no encoding in a path; all others stay encoded, so that the route still matches
# and the rule of the parameter can refuse them by name.
_PLAIN: Final = ":"


class MalformedBody(ValueError):
    """The body is no JSON, or not in the encoding that its headers say."""


class PayloadTooLarge(ValueError):
    """The body is larger than the service reads."""


class UnsupportedMediaType(ValueError):
    """The body is of a type that the service does not read."""


def normalise(event: Mapping[str, Any], *, most_bytes: int) -> dict[str, Any]:
    """The event with a decoded path and a plain-text body.

    REST APIs leave percent-encoding in the path; it is undone here, once. With binary media types every body comes in
    base64; a client may also gzip it.

    Raises:
        MalformedBody: if the body is not in the encoding that it claims.
        PayloadTooLarge: if it is larger than ``most_bytes`` when unpacked.
        UnsupportedMediaType: if it is not JSON.
    """
    plain = {**event, "path": _decoded_path(event)}
    if event.get("httpMethod") in ("POST", "PUT", "PATCH"):
        plain["body"] = _body(event, most_bytes)
        plain["isBase64Encoded"] = False
    return plain


def read_json(text: str) -> Any:
    """Reads JSON; also NaN and Infinity, which are none, so that the rules of the field can refuse them by name.

    Raises:
        MalformedBody: if it is no JSON, or no object.
    """
    try:
        document = from_json(text, allow_inf_nan=True)
    except ValueError as error:
        raise MalformedBody(f"The body is no valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise MalformedBody("The body must be a JSON object, in braces.")
    return document


def _decoded_path(event: Mapping[str, Any]) -> str:
    parameters = event.get("pathParameters") or {}
    resource = event.get("resource") or event.get("path") or "/"
    if any(name not in parameters for name in _PARAMETER.findall(resource)):
        return str(event.get("path") or "/")
    return _PARAMETER.sub(lambda match: quote(unquote(parameters[match[1]]), safe=_PLAIN), resource)


def _body(event: Mapping[str, Any], most_bytes: int) -> str:
    raw = event.get("body") or ""
    if not raw:
        raise MalformedBody("The body is empty; send a JSON object.")
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    _check_media_type(headers.get("content-type", ""))
    try:
        data = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
    except binascii.Error:
        raise MalformedBody("The body is not valid base64.") from None
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding == "gzip":
        data = _gunzip(data, most_bytes)
    elif coding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {coding!r} is not supported; send gzip or none.")
    if len(data) > most_bytes:
        raise PayloadTooLarge(f"The body has {len(data):,} bytes; at most {most_bytes:,} are read.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None


def _check_media_type(content_type: str) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")}
    if media_type != "application/json" or not charsets <= {"utf-8", "utf8", "us-ascii"}:
        got = f"got {content_type!r}" if content_type else "got none"
        raise UnsupportedMediaType(f"Send the body with the header 'Content-Type: application/json'; {got}.")


def _gunzip(data: bytes, most_bytes: int) -> bytes:
    # Bounded while it unpacks: a few kilobytes of gzip can hold gigabytes.
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(data, most_bytes + 1)
    except zlib.error:
        raise MalformedBody("The body is not valid gzip.") from None
    if len(plain) > most_bytes:
        raise PayloadTooLarge(f"The body unpacks to more than {most_bytes:,} bytes.")
    if not unpacker.eof:
        raise MalformedBody("The body's gzip ends too early.")
    return plain
