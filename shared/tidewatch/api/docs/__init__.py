"""GET /docs and GET /openapi.json: the documentation page and the document that it shows.

The page is static: ``page.html`` with ``page.css`` and ``page.js`` put into it, so that it is one request and asks no
other host. It is our own since no viewer on npm is small enough: rapidoc 9.3.8 and openapi-explorer 2.4.820 are both
over 215 kB when compressed, Swagger UI is 400 kB.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple, cast

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from tidewatch.api.answers import takes_gzip
from tidewatch.settings import settings

docs_routes = Router()  # type: ignore[no-untyped-call]

_CACHING: Final = "public, max-age=300"
_BASE_PATHS: Final = 8
"""Base paths for which pages are kept: the stage's own and those of custom domains."""


class _Page(NamedTuple):
    """A page that is ready to be sent.

    Attributes:
        media_type: the value of Content-Type.
        text: the page, not compressed.
        packed: the page, compressed by gzip, in base64.
        headers: those of every answer with this page, or that it has not changed.
    """

    media_type: str
    text: str
    packed: str
    headers: dict[str, str | list[str]]


@docs_routes.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    """The OpenAPI document."""
    event = _event()
    return _answer(event, _document_page(_base_path(event), settings().openapi_path))


@docs_routes.get("/docs", include_in_schema=False)
def docs() -> Response[str]:
    """The page, with the document in it; ``?format=json`` is the document alone."""
    event = _event()
    wants_document = event.query_string_parameters.get("format") == "json"
    build = _document_page if wants_document else _html_page
    return _answer(event, build(_base_path(event), settings().openapi_path))


def _event() -> APIGatewayProxyEvent:
    # A router does not know which kind of resolver it is included in.
    return cast("APIGatewayProxyEvent", docs_routes.current_event)


def _base_path(event: APIGatewayProxyEvent) -> str:
    # The stage, or a custom domain's base path, is in the full path only.
    return (event.request_context.path or event.path).removesuffix(event.path)


def _answer(event: APIGatewayProxyEvent, page: _Page) -> Response[str]:
    """The page, or 304 if the client has it."""
    known = event.headers.get("if-none-match") or ""
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if "*" in tags or str(page.headers["ETag"]).removeprefix("W/") in tags:
        return Response(304, body="", headers=page.headers)
    if not takes_gzip(event.headers.get("accept-encoding") or ""):
        return Response(200, page.media_type, page.text, headers=page.headers)
    response = Response(200, page.media_type, page.packed, headers=page.headers | {"Content-Encoding": "gzip"})
    response.base64_encoded = True
    return response


@lru_cache(_BASE_PATHS)
def _document_page(base_path: str, file: Path) -> _Page:
    return _page("application/json", _document(base_path, file).decode())


@lru_cache(_BASE_PATHS)
def _html_page(base_path: str, file: Path) -> _Page:
    files = resources.files(__name__)
    html, style, script = ((files / f"page.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    # In JSON a "<" is only ever inside a string. Written so, no text of the document can end its script element.
    document = _document(base_path, file).decode().replace("<", "\\u003c")
    parts = {"/* page.css */": style, "/* page.js */": script, "{/* openapi.json */}": document}
    for mark, part in parts.items():
        before, after = html.split(mark)
        html = before + part + after
    policy = {
        "default-src": "'none'",
        "style-src": _source(style),
        "script-src": _source(script),
        "connect-src": "'self'",
        "img-src": "blob: data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return _page(
        "text/html; charset=utf-8",
        html,
        {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _document(base_path: str, file: Path) -> bytes:
    """The committed document, with the address that this deployment is reached under."""
    document = orjson.loads(file.read_bytes())
    return orjson.dumps(document | {"servers": [{"url": base_path or "/"}]})


def _page(media_type: str, text: str, headers: dict[str, str] | None = None) -> _Page:
    content = text.encode()
    caching = {
        # Weak: the same for the page as it is and for the compressed one.
        "ETag": f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": _CACHING,
        "Vary": "Accept-Encoding",
    }
    packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return _Page(media_type, text, packed, {**caching, **(headers or {})})


def _source(text: str) -> str:
    """What a Content-Security-Policy allows: this text within the page, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
