"""Answers that are written by hand: documents of large arrays, packed where the client takes that, and pictures."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import orjson
from aws_lambda_powertools.event_handler import Response
from numpy.typing import NDArray

_MEDIA_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml"}

_DIGITS: Final = 6
_POWERS: Final = np.array([float(f"1e{exponent}") for exponent in range(309)])
# Of this many bytes packing saves no packet on the way.
_LEAST_PACKED: Final = 1_400
_GZIP_LEVEL: Final = 1


def json_answer(document: Any, headers: Mapping[str, str]) -> Response[str]:
    """A document as the response to a request with these headers; packed where the client takes that."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    vary: dict[str, str | list[str]] = {"Vary": "Accept-Encoding"}
    if len(body) < _LEAST_PACKED or not takes_gzip(headers.get("accept-encoding", "")):
        return Response(200, "application/json", body.decode(), headers=vary)
    # Powertools would pack at the highest level: a tenth smaller, in ten times the time.
    packed = base64.b64encode(gzip.compress(body, _GZIP_LEVEL, mtime=0)).decode()
    response = Response(200, "application/json", packed, headers=vary | {"Content-Encoding": "gzip"})
    response.base64_encoded = True
    return response


def rounded(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of so few digits that writing them is short, shape (n,); NaN stays NaN.

    A whole number divided by a power of ten that is a double is the double nearest to the decimal, up to 1e22. Beyond,
    numbers may be written with more digits; those beyond 1e-290 and 1e290 stay as they are.
    """
    size = np.abs(numbers)
    ordinary = (size > 1e-290) & (size < 1e290)
    rounded = numbers.copy()
    chosen = numbers[ordinary]
    places = _DIGITS - 1 - np.floor(np.log10(size[ordinary])).astype(np.intp)
    up, down = _POWERS[np.maximum(places, 0)], _POWERS[np.maximum(-places, 0)]
    rounded[ordinary] = np.rint(chosen * up / down) * down / up
    return rounded


def picture_content() -> dict[str, Any]:
    """The documentation of a picture, by media type."""
    return {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _MEDIA_TYPES.values()}


def wanted_format(accept: str) -> Literal["png", "svg"]:
    """The format that an Accept header asks for: SVG where it is named before PNG, else PNG."""
    named = [item.split(";")[0].strip().lower() for item in accept.split(",")]
    order = [name for name in named if name in _MEDIA_TYPES.values()]
    return "svg" if order[:1] == [_MEDIA_TYPES["svg"]] else "png"


def picture_response(picture: bytes, form: Literal["png", "svg"], *, pinned: bool) -> Response[str]:
    """The response; the picture of a pinned version changes only if its series is deleted and trained anew."""
    caching = "private, max-age=300" if pinned else "no-cache"
    response = Response(
        200,
        _MEDIA_TYPES[form],
        # In base64 here already: response validation reads every body as text.
        base64.b64encode(picture).decode(),
        headers={"Cache-Control": caching, "Vary": "Accept"},
    )
    response.base64_encoded = True
    return response


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip (RFC 9110, section 12.5.3)."""
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        if coding in ("gzip", "x-gzip", "*"):
            return not any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return False
