"""API Gateway's part: a request becomes a proxy event, a function's answer becomes HTTP, and what it answers by itself.

The shape of the first two: "Input format" and "Output format of a Lambda function for proxy integration" in the API
Gateway Developer Guide. What API Gateway answers by itself has the words of the template.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from local.sam.routes import Api, Route

MAX_REQUEST_BYTES: Final = 10 * 2**20
"""What API Gateway takes in."""
MAX_PAYLOAD_BYTES: Final = 6_291_556
"""What a Lambda function takes and gives in one synchronous invocation, as JSON."""

_ACCOUNT_ID: Final = "123456789012"
_API_ID: Final = "local"
_RESPONSE_KEYS: Final = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
# What is left of a body once everything else in the event has its share, with ample room.
_SURELY_FITS: Final = MAX_PAYLOAD_BYTES - 2**20

# Status and message that API Gateway has for each type unless the template says otherwise.
_OWN_ANSWERS: Final = {
    "ACCESS_DENIED": (403, "Forbidden", "User is not authorized to access this resource"),
    "UNAUTHORIZED": (401, "Unauthorized", "Unauthorized"),
    "AUTHORIZER_FAILURE": (500, "Internal Server Error", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal Server Error", "Internal server error"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "Not Found", "There is no such route."),
    "REQUEST_TOO_LARGE": (413, "Content Too Large", "Request Too Long"),
    "DEFAULT_5XX": (502, "Bad Gateway", "Internal server error"),
}
_VARIABLE: Final = re.compile(r"\$context\.[A-Za-z.]*[A-Za-z]")


class Refused(Exception):
    """API Gateway answers by itself; ``kind`` is the type of its answer, such as ``ACCESS_DENIED``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class PayloadTooLarge(Refused):
    """The event would not fit into a synchronous invocation."""

    def __init__(self) -> None:
        super().__init__("REQUEST_TOO_LARGE")


class MalformedResponse(Exception):
    """What a function returned is not a proxy response; the message says why."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came over the wire. Path and query keep their percent-encoding."""

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response as it goes over the wire, without ``Content-Length``."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def to_event(
    request: HttpRequest,
    route: Route,
    path_parameters: dict[str, str] | None,
    stage: str,
    *,
    binary: bool,
) -> dict[str, Any]:
    """The proxy event of a request.

    Args:
        request: the request.
        route: the route that it matched.
        path_parameters: the parameters in its path, still percent-encoded.
        stage: the stage of the API.
        binary: whether the API treats the body as binary, which makes it base64.

    Raises:
        PayloadTooLarge: if it is more than Lambda takes.
    """
    multi_headers: dict[str, list[str]] = {}
    for raw_name, value in request.headers:
        multi_headers.setdefault(_header_name(raw_name), []).append(value.decode("latin-1"))
    host = multi_headers.get("Host", ["localhost"])[-1]
    multi_headers.setdefault("X-Forwarded-For", [request.source_ip])
    multi_headers.setdefault("X-Forwarded-Port", [host.rpartition(":")[2]])
    multi_headers.setdefault("X-Forwarded-Proto", ["http"])
    multi_query: dict[str, list[str]] = {}
    if request.query:
        for name, text in parse_qsl(request.query, keep_blank_values=True):
            multi_query.setdefault(name, []).append(text)
    headers = {name: values[-1] for name, values in multi_headers.items()}
    event: dict[str, Any] = {
        "resource": route.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "queryStringParameters": {name: values[-1] for name, values in multi_query.items()} or None,
        "multiValueQueryStringParameters": multi_query or None,
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": _request_context(request, route, stage, host, headers),
        "body": _event_body(request.body, binary=binary),
        "isBase64Encoded": binary and bool(request.body),
    }
    body = event["body"]
    if body is not None and len(body) > _SURELY_FITS and _size_as_json(event) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLarge
    return event


@lru_cache(maxsize=1024)
def _header_name(raw: bytes) -> str:
    # HTTP servers of Python hand names on in lower case; API Gateway hands them on as sent, mostly capitalised.
    return raw.decode("latin-1").title()


def _event_body(body: bytes, *, binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode("ascii") if binary else body.decode("utf-8", errors="replace")


def _size_as_json(payload: Mapping[str, Any]) -> int:
    return len(json.dumps(payload, ensure_ascii=False).encode("utf-8", errors="surrogatepass"))


def _request_context(
    request: HttpRequest, route: Route, stage: str, host: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    now = datetime.now(UTC)
    request_id = str(uuid.uuid4())
    return {
        "accountId": _ACCOUNT_ID,
        "apiId": _API_ID,
        "deploymentId": _API_ID,
        "domainName": host,
        "domainPrefix": _API_ID,
        "extendedRequestId": request_id[:15] + "=",
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "apiKey": headers.get("X-Api-Key"),
            "apiKeyId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": request.source_ip,
            "user": None,
            "userAgent": headers.get("User-Agent"),
            "userArn": None,
        },
        # As behind a domain of one's own, where the stage is not in the path either.
        "path": request.path,
        "protocol": request.protocol,
        "requestId": request_id,
        "requestTime": _request_time(int(now.timestamp())),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourceId": f"{route.function.logical_id[:6].lower()}{len(route.path)}",
        "resourcePath": route.path,
        "stage": stage,
    }


@lru_cache(maxsize=4)
def _request_time(epoch_second: int) -> str:
    return datetime.fromtimestamp(epoch_second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def from_proxy_response(response: object, request_id: str) -> HttpResponse:
    """The HTTP response that a function's return value stands for.

    Raises:
        MalformedResponse: if API Gateway would answer 502 to it.
    """
    if not isinstance(response, dict):
        raise MalformedResponse(f"the function returned {type(response).__name__}, not an object")
    if unknown := response.keys() - _RESPONSE_KEYS:
        raise MalformedResponse(f"the response has unknown keys: {', '.join(sorted(unknown))}")
    headers = _response_headers(response)
    headers.append((b"x-amzn-requestid", request_id.encode("ascii")))
    return HttpResponse(_status(response), headers, _response_body(response))


def _status(response: Mapping[str, Any]) -> int:
    status = response.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int | str) or not str(status).isdigit():
        raise MalformedResponse(f"statusCode is {status!r}, not a number")
    if not 100 <= int(status) <= 599:
        raise MalformedResponse(f"statusCode is {status}, not between 100 and 599")
    return int(status)


def _response_headers(response: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    single, multi = response.get("headers") or {}, response.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise MalformedResponse("headers and multiValueHeaders must be objects")
    # A name in both counts once, with the values of multiValueHeaders.
    pairs = [(name, value) for name, value in single.items() if name not in multi]
    for name, values in multi.items():
        if not isinstance(values, list):
            raise MalformedResponse(f"multiValueHeaders.{name} is not an array")
        pairs += [(name, value) for value in values]
    encoded = []
    for name, value in pairs:
        if not isinstance(value, str | int | float):
            raise MalformedResponse(f"header {name} is not a text")
        # The length is counted on the way out, once base64 is undone.
        if name.lower() != "content-length":
            encoded.append((name.lower().encode("latin-1"), str(value).encode("latin-1")))
    return encoded


def _response_body(response: Mapping[str, Any]) -> bytes:
    body = response.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse(f"body is {type(body).__name__}, not a text")
    # A character takes four bytes at the most.
    if len(body) > _SURELY_FITS // 4 and _size_as_json(response) > MAX_PAYLOAD_BYTES:
        raise MalformedResponse(f"the response is larger than {MAX_PAYLOAD_BYTES:,} bytes")
    if not response.get("isBase64Encoded"):
        return body.encode("utf-8")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedResponse("isBase64Encoded is true but the body is not base64") from error


def gateway_response(api: Api, kind: str, path: str) -> HttpResponse:
    """API Gateway's own answer of a response type such as ``REQUEST_TOO_LARGE``, by the template's wording if any."""
    status, title, message = _OWN_ANSWERS[kind]
    general = api.gateway_responses.get("DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX")
    chosen = api.gateway_responses.get(kind) or general
    request_id = str(uuid.uuid4())
    headers = {"content-type": "application/problem+json", "x-amzn-errortype": kind, "x-amzn-requestid": request_id}
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": message})
    if chosen is not None:
        status = chosen.status or status
        headers |= {name.lower(): value for name, value in chosen.headers.items()}
        if chosen.templates:
            values = {
                "$context.error.message": message,
                "$context.error.messageString": json.dumps(message),
                "$context.error.responseType": kind,
                "$context.path": json.dumps(path)[1:-1],
                "$context.requestId": request_id,
            }
            wording = next(iter(chosen.templates.values()))
            body = _VARIABLE.sub(lambda match: values.get(match[0], ""), wording)
    return HttpResponse(status, [(k.encode(), v.encode()) for k, v in headers.items()], body.encode())


def local_problem(status: int, title: str, detail: str) -> HttpResponse:
    """A problem of the stack on this machine itself, which has no counterpart in an account."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return HttpResponse(status, [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")], body.encode())
