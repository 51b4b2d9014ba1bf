"""The application behind the HTTP server, without a socket."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from local.sam.console import Console
from local.sam.routes import Api, Function, RouteTable
from local.sam.server import Gateway


def send(function: Function, method: str, path: str, body: bytes, answer: Any) -> tuple[int, dict[str, str], Any, str]:
    """What comes back, and what the terminal shows, where the function answers so, or raises it."""

    async def invoke(_: Function, event: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return [answer, event]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    out = io.StringIO()
    scope = {"method": method, "raw_path": path.encode(), "query_string": b"", "headers": [], "client": None}
    gateway = Gateway(Api("dev", frozenset(), {}), RouteTable([]), invoke, Console(out), {"CollectFunction": function})
    asyncio.run(gateway(scope | {"http_version": "1.1"}, receive, keep))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"]), out.getvalue()


INVOCATIONS = "/2015-03-31/functions/CollectFunction/invocations"


def test_a_function_without_a_route_is_invoked_as_lambda_does(function: Function) -> None:
    status, headers, answer, _ = send(function, "POST", INVOCATIONS, b'{"time": "now"}', "done")
    assert (status, answer) == (200, ["done", {"time": "now"}])
    assert "x-amz-function-error" not in headers
    assert send(function, "POST", INVOCATIONS, b"", "done")[2] == ["done", {}]


def test_its_failure_is_told_as_lambda_tells_it(function: Function) -> None:
    status, headers, answer, terminal = send(function, "POST", INVOCATIONS, b"{}", KeyError("lost"))
    assert (status, headers["x-amz-function-error"]) == (200, "Unhandled")
    assert answer == {"errorType": "KeyError", "errorMessage": "'lost'"}
    assert "CollectFunction failed:\nTraceback" in terminal


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", INVOCATIONS, b"", 404),
        ("POST", INVOCATIONS.replace("Collect", "Other"), b"{}", 404),
        ("POST", INVOCATIONS, b"{", 400),
    ],
)
def test_what_is_no_invocation(function: Function, method: str, path: str, body: bytes, status: int) -> None:
    found, headers, answer, _ = send(function, method, path, body, "done")
    assert (found, answer["status"], headers["content-type"]) == (status, status, "application/problem+json")
