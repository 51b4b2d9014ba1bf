"""Pictures as responses."""

from __future__ import annotations

import base64
from typing import Any, Final, Literal

from aws_lambda_powertools.event_handler import Response

_MEDIA_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml"}


def pictures() -> dict[int, Any]:
    """The documentation of a picture as the response."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _MEDIA_TYPES.values()}
    return {200: {"description": "The picture.", "content": content}}


def wanted_format(accept: str) -> Literal["png", "svg"]:
    """The format that an Accept header asks for: SVG where it is named before PNG, else PNG."""
    named = [item.split(";")[0].strip().lower() for item in accept.split(",")]
    order = [name for name in named if name in _MEDIA_TYPES.values()]
    return "svg" if order[:1] == [_MEDIA_TYPES["svg"]] else "png"


def picture_response(picture: bytes, form: Literal["png", "svg"], *, pinned: bool) -> Response[str]:
    """The response; a pinned version's picture never changes, so a browser may keep it."""
    caching = "private, max-age=86400, immutable" if pinned else "no-cache"
    response = Response(
        200,
        _MEDIA_TYPES[form],
        # In base64 here already: response validation reads every body as text.
        base64.b64encode(picture).decode(),
        headers={"Cache-Control": caching, "Vary": "Accept"},
    )
    response.base64_encoded = True
    return response
