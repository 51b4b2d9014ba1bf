"""From the event that API Gateway sends to one that the resolver can read: path, media type, encoding, size, JSON."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from pydantic_core import from_json

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
# Characters of identifiers that need no encoding in a path; all others stay encoded, so that the route still matches
# and the rule of the parameter can refuse them by name.
_PLAIN: Final = ":"
# Of a header that is quoted back: it may have thousands of characters.
_MOST_QUOTED: Final = 100
_EMPTY: Final = "The body is empty; send a JSON object."


class MalformedBody(ValueError):
    """The body is no JSON, or not in the encoding that its headers say."""


class PayloadTooLarge(ValueError):
    """The body is larger than the service reads."""


class UnsupportedMediaType(ValueError):
    """The body is of a type that the service does not read."""


def normalise(event: Mapping[str, Any], *, most_bytes: Callable[[], int]) -> dict[str, Any]:
    """The event with a decoded path and a plain-text body.

    REST APIs leave percent-encoding in the path; it is undone here, once. With binary media types every body comes in
    base64; a client may also gzip it.

    Args:
        event: a proxy event of a REST API.
        most_bytes: the largest body to read, asked for only where there is one: a liveness probe needs no settings.

    Raises:
        MalformedBody: if the body is not in the encoding that it claims.
        PayloadTooLarge: if it is larger than ``most_bytes`` when unpacked.
        UnsupportedMediaType: if it is not JSON.
    """
    plain = {**event, "path": _decoded_path(event)}
    if event.get("httpMethod") in ("POST", "PUT", "PATCH"):
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        plain["body"] = _body(event, headers, most_bytes)
        plain["isBase64Encoded"] = False
        # In the one spelling that the resolver knows; that it is JSON was checked.
        plain["headers"] = headers | {"content-type": "application/json"}
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
    # Half a character, as JSON can hold it, becomes a question mark, which no identifier has.
    return _PARAMETER.sub(lambda match: quote(unquote(parameters[match[1]]), safe=_PLAIN, errors="replace"), resource)


def _body(event: Mapping[str, Any], headers: Mapping[str, str], most_bytes: Callable[[], int]) -> str:
    raw = event.get("body") or ""
    if not raw:
        raise MalformedBody(_EMPTY)
    _check_media_type(headers.get("content-type", ""))
    limit = most_bytes()
    data = _bytes(raw, in_base64=bool(event.get("isBase64Encoded")))
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding == "gzip":
        data = _gunzip(data, limit)
    elif coding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {_quoted(coding)} is not supported; send gzip or none.")
    if len(data) > limit:
        raise PayloadTooLarge(f"The body has {len(data):,} bytes; at most {limit:,} are read.")
    if not data:
        raise MalformedBody(_EMPTY)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None


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
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as unpacked:
            # Bounded while it unpacks: a few kilobytes of gzip can hold gigabytes.
            plain = unpacked.read(most_bytes + 1)
    except (OSError, EOFError, zlib.error):
        raise MalformedBody("The body is not valid gzip, or ends too early.") from None
    if len(plain) > most_bytes:
        raise PayloadTooLarge(f"The body unpacks to more than {most_bytes:,} bytes.")
    return plain
