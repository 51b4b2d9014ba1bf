"""GET /docs and GET /openapi.json: the documentation page and its document."""

from __future__ import annotations

from importlib import resources
from typing import Any, cast

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi import swagger_ui
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from tidewatch.settings import settings

docs_routes = Router()  # type: ignore[no-untyped-call]


@docs_routes.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    """The document."""
    return openapi_document(_event())


@docs_routes.get("/docs", include_in_schema=False)
def docs() -> Response[str]:
    """Swagger UI with the document in the page; ``?format=json`` is the document alone, as the page's own link asks."""
    event = _event()
    wants_document = event.query_string_parameters.get("format") == "json"
    return openapi_document(event) if wants_document else docs_page(event)


def openapi_document(event: APIGatewayProxyEvent) -> Response[str]:
    """The committed OpenAPI document, with the address that this deployment is reached under."""
    return Response(200, "application/json", orjson.dumps(_document(event)).decode())


def docs_page(event: APIGatewayProxyEvent) -> Response[str]:
    """Swagger UI with the document in the page: one request, no other host."""
    assets = resources.files(swagger_ui)
    page = swagger_ui.generate_swagger_html(
        # A script ends at the first "</", wherever it stands.
        spec=orjson.dumps(_document(event)).decode().replace("</", "<\\/"),
        swagger_js=(assets / "swagger-ui-bundle.min.js").read_text("utf-8"),
        swagger_css=(assets / "swagger-ui.min.css").read_text("utf-8"),
        swagger_base_url="",
        oauth2_config=None,
        persist_authorization=True,
    )
    titled = page.replace("<title>Swagger UI</title>", "<title>Tidewatch API</title>")
    return Response(200, "text/html; charset=utf-8", titled)


def _event() -> APIGatewayProxyEvent:
    # A router does not know which kind of resolver it is included in.
    return cast("APIGatewayProxyEvent", docs_routes.current_event)


def _document(event: APIGatewayProxyEvent) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(settings().openapi_path.read_bytes())
    # The stage, or a custom domain's base path, is in the full path only.
    base_path = (event.request_context.path or event.path).removesuffix(event.path)
    return document | {"servers": [{"url": base_path or "/"}]}
