"""What API Gateway answers by itself: its gateway responses, as the template words them."""

from __future__ import annotations

import json
import re
from typing import Final
from uuid import uuid4

from local.gateway import HttpResponse
from local.routes import Api

# Status and message that API Gateway has for each type unless the template says otherwise.
_DEFAULTS: Final = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "Not Found", "There is no such route."),
    "REQUEST_TOO_LARGE": (413, "Content Too Large", "Request Too Long"),
    "DEFAULT_5XX": (502, "Bad Gateway", "Internal server error"),
}
_VARIABLE: Final = re.compile(r"\$context\.[A-Za-z.]*[A-Za-z]")


def gateway_response(api: Api, kind: str, path: str) -> HttpResponse:
    """API Gateway's own answer of a response type such as ``REQUEST_TOO_LARGE``, by the template's wording if any."""
    status, title, message = _DEFAULTS[kind]
    general = api.gateway_responses.get("DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX")
    chosen = api.gateway_responses.get(kind) or general
    request_id = str(uuid4())
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
