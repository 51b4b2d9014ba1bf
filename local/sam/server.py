"""Serves the API over HTTP: uvicorn in front, the functions behind.

Functions in this process are called on the event loop itself, one after the other, in the order in which requests
became readable.
Powertools keeps the current event and metrics in class attributes, so two invocations must not overlap in one process.
Measured with 100 clients: handing them to a worker thread takes 4 to 17 % more processor time, since it and the loop
fight for the interpreter's lock. uvloop in place of asyncio's own loop gains nothing, since nearly all time is the
functions', and in some runs it let half of the clients wait for seconds; asyncio's served all alike.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import uvicorn
from watchfiles import awatch

from local.sam.authorizer import MalformedPolicy, allowed_context, authorizer_event
from local.sam.console import Console
from local.sam.functions import FunctionFailed, NotLoaded
from local.sam.gateway import (
    MAX_REQUEST_BYTES,
    HttpRequest,
    HttpResponse,
    MalformedResponse,
    Refused,
    from_proxy_response,
    gateway_response,
    local_problem,
    to_event,
)
from local.sam.routes import Api, Authorizer, Function, RouteTable

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

Invoke = Callable[[Function, dict[str, Any]], Awaitable[Any]]
"""Gives an event to a function and returns its answer."""

# As of the AWS SDKs and of `sam local start-lambda`.
_INVOCATION: Final = re.compile(r"/2015-03-31/functions/(?P<name>[A-Za-z0-9]+)/invocations")
_WATCHED: Final = (".py", ".json", ".yaml")


class Gateway:
    """The ASGI application."""

    def __init__(
        self,
        api: Api,
        routes: RouteTable,
        invoke: Invoke,
        console: Console,
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        """Takes what is served.

        Args:
            api: the API of the template.
            routes: its routes.
            invoke: calls a function.
            console: where requests and failures are written.
            functions: by logical id, those that Lambda's own address for invocations reaches.
        """
        self._functions = functions or {}
        self._api = api
        self._routes = routes
        self._invoke = invoke
        self._console = console
        self._binary = "*/*" in api.binary_media_types

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serves one request."""
        started = time.perf_counter()
        try:
            body = await _read_body(receive)
        except _ClientGone:
            return
        request = HttpRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            body=body or b"",
            source_ip=scope["client"][0] if scope["client"] else "127.0.0.1",
            protocol=f"HTTP/{scope['http_version']}",
        )
        if body is None:
            response = gateway_response(self._api, "REQUEST_TOO_LARGE", request.path)
        else:
            response = await self._answer(request)
        length = (b"content-length", str(len(response.body)).encode())
        await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
        await send({"type": "http.response.body", "body": response.body})
        target = f"{request.path}?{request.query}" if request.query else request.path
        seconds = time.perf_counter() - started
        self._console.request(request.method, target, response.status, seconds, len(response.body))

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if invoked := _INVOCATION.fullmatch(request.path):
            return await self._invoke_directly(invoked["name"], request)
        found = self._routes.match(request.method, request.path)
        if found is None:
            return gateway_response(self._api, "MISSING_AUTHENTICATION_TOKEN", request.path)
        route, parameters = found
        try:
            event = to_event(request, route, parameters, self._api.stage, binary=self._binary)
            if route.authorizer is not None:
                event["requestContext"]["authorizer"] = await self._ask(route.authorizer, event)
            answer = await self._invoke(route.function, event)
            return from_proxy_response(answer, event["requestContext"]["requestId"])
        except Refused as refusal:
            return gateway_response(self._api, refusal.kind, request.path)
        except NotLoaded as error:
            return local_problem(503, "Service Unavailable", f"The code cannot be imported: {error}")
        except (MalformedResponse, FunctionFailed) as error:
            self._console.failure(f"{route.function.logical_id}: {error}")
        except Exception:  # noqa: BLE001 - whatever a function raises is its failure, not the server's
            self._console.failure(f"{route.function.logical_id} failed:\n{traceback.format_exc()}")
        return gateway_response(self._api, "DEFAULT_5XX", request.path)

    async def _ask(self, authorizer: Authorizer, event: dict[str, Any]) -> dict[str, Any]:
        """What an authorizer that lets a request pass tells the function behind.

        Raises:
            Refused: if it does not let it pass, or fails.
        """
        if not authorizer.identity.are_in(event):
            raise Refused("UNAUTHORIZED")
        name = authorizer.function.logical_id
        asked = authorizer_event(event)
        try:
            context = allowed_context(await self._invoke(authorizer.function, asked), asked["methodArn"])
        except NotLoaded:
            raise
        except MalformedPolicy as error:
            self._console.failure(f"{name}: {error}")
            raise Refused("AUTHORIZER_CONFIGURATION_ERROR") from error
        except Exception as error:
            # The one word by which an authorizer says so.
            if str(error).removeprefix("Exception: ") == "Unauthorized":
                raise Refused("UNAUTHORIZED") from error
            self._console.failure(f"{name} failed:\n{traceback.format_exc()}")
            raise Refused("AUTHORIZER_FAILURE") from error
        if context is None:
            raise Refused("ACCESS_DENIED")
        return context

    async def _invoke_directly(self, name: str, request: HttpRequest) -> HttpResponse:
        """Lambda's own Invoke, also for a function that has no route, such as one on a schedule."""
        function = self._functions.get(name)
        if function is None or request.method != "POST":
            return local_problem(404, "Not Found", f"There is no function {name} to POST an event to.")
        try:
            event = json.loads(request.body or b"{}")
        except ValueError:
            return local_problem(400, "Bad Request", "The event is not JSON.")
        headers = [(b"content-type", b"application/json")]
        try:
            answer = await self._invoke(function, event)
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its failure, not the server's
            self._console.failure(f"{name} failed:\n{traceback.format_exc()}")
            headers.append((b"x-amz-function-error", b"Unhandled"))
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        return HttpResponse(200, headers, json.dumps(answer).encode())


class _ClientGone(Exception):
    """The connection closed before the request was whole."""


async def _read_body(receive: _Receive) -> bytes | None:
    """The whole body; None if it is larger than API Gateway takes.

    A body that is too large is still read to its end: a client that is cut off while it sends sees a broken connection
    instead of the answer.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        size += len(message["body"])
        if size > MAX_REQUEST_BYTES:
            chunks.clear()
        else:
            chunks.append(message["body"])
        more = message["more_body"]
    return b"".join(chunks) if size <= MAX_REQUEST_BYTES else None


async def serve(listener: socket.socket, app: Gateway, on_ready: Callable[[], None]) -> None:
    """Serves until Ctrl-C. ``on_ready`` is called once connections are taken."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Longer than a busy machine may take between two requests of one client; uvicorn's 5 s cut such clients off.
        timeout_keep_alive=75,
        # Idle keep-alive connections must not hold up Ctrl-C.
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    on_ready()
    await serving


async def watch(paths: Iterable[Path], changed: Callable[[list[Path]], None]) -> None:
    """Calls ``changed`` with the files that were edited, until cancelled."""
    async for changes in awatch(*paths, watch_filter=lambda _, path: path.endswith(_WATCHED), debounce=200):
        changed(sorted({Path(path) for _, path in changes}))
