"""The API as a client sees it: true REST proxy events into the real handlers, and all that these print."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from aws_lambda_powertools.logging.filters import SuppressFilter

from local.sam.functions import LambdaContext
from local.sam.gateway import HttpRequest, from_proxy_response, to_event
from local.sam.routes import Function, RouteTable, read_api, read_routes
from tests.support.environment import REGION, ROOT
from tests.support.isolation import request_of
from tests.support.tables import template

PROBLEM = "application/problem+json"

# What a response must never tell: where the code lies, what it is made of, what it is written in.
INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages| at 0x[0-9a-f]+|\b[A-Za-z]+(?:Error|Exception)\b|pydantic|botocore|boto3"
    r"|[Pp]owertools|NoneType|\btidewatch\.|\bdict(?:ionary)?\b|instance of|<class|\b[Ll]ambda\b|\barn:"
)


# Conflicts that to try again would not mend.
LASTING = frozenset(
    {"version-in-use", "version-is-champion", "cannot-challenge", "tenant-exists", "not-allowed-now", "job-not-done"}
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one request, under one set of dimensions."""

    metric: str
    value: float
    unit: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP, and what was printed meanwhile."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    printed: tuple[str, ...]

    def json(self) -> Any:
        """The body as JSON; NaN and Infinity are none."""
        return json.loads(self.body, parse_constant=_refuse)

    @property
    def problem(self) -> str:
        """The kind of the problem: the end of its type."""
        return str(self.json()["type"]).removeprefix("urn:tidewatch:problem:")

    @property
    def errors(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Where and what kind each error of a problem is, in its order."""
        return [(tuple(error["loc"]), error["type"]) for error in self.json()["errors"]]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """All lines that were printed; each must be one JSON document, or CloudWatch cannot read it."""
        return [json.loads(line) for line in self.printed]

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log lines."""
        return [document for document in self.documents if "_aws" not in document]

    @property
    def events(self) -> list[str]:
        """The ``event`` field of each log line."""
        return [line.get("event", line["message"]) for line in self.logs]

    @property
    def measured(self) -> list[Measured]:
        """The metrics, once for each set of dimensions; each must be in the namespace of the service."""
        found = []
        for document in self.documents:
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert directive["Namespace"] == "Tidewatch"
                for names in directive["Dimensions"]:
                    dimensions = {name: document[name] for name in names}
                    for metric in directive["Metrics"]:
                        for value in _as_list(document[metric["Name"]]):
                            found.append(Measured(metric["Name"], value, metric["Unit"], dimensions))
        return found

    def counted(self, metric: str) -> float:
        """The sum of a metric over the dimensions that all metrics have."""
        return sum(m.value for m in self.measured if m.metric == metric and set(m.dimensions) == {"service", "stage"})


def authorized(tenant: str = "default", scopes: str = "read write admin", **more: str) -> dict[str, str]:
    """What the authorizer hands to a function of a key of a tenant."""
    return {"principalId": tenant, "tenant": tenant, "keyId": "key-of-the-test", "scopes": scopes} | more


AUTHORIZED: Final = authorized()
"""A key of the only tenant of a single team's stack."""


class Api:
    """Calls routes by method and URL, as a client would."""

    def call(
        self,
        method: str,
        url: str,
        body: bytes | str | None = None,
        *,
        json_body: Any = None,
        headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]] = (),
        binary: bool = True,
        change_event: Mapping[str, Any] | None = None,
        milliseconds_left: int = 20_000,
        authorizer: Mapping[str, Any] | None = AUTHORIZED,
    ) -> Reply:
        """Makes one request.

        Args:
            method: such as ``POST``.
            url: path and query, percent-encoded as a client sends it.
            body: the body as it goes over the wire.
            json_body: or else what to send as JSON, with the media type of it.
            headers: in pairs where a name comes twice. ``Content-Type`` is JSON unless named here; None leaves it out.
            binary: whether API Gateway hands the body on in base64, as with binary media types.
            change_event: what to replace in the event.
            milliseconds_left: what the invocation says is left of its time.
            authorizer: what the authorizer found; None if it was never asked.
        """
        event, function = self.event(
            method, url, body, json_body=json_body, headers=headers, binary=binary, authorizer=authorizer
        )
        return self.invoke(function, event | (change_event or {}), milliseconds_left)

    def event(
        self,
        method: str,
        url: str,
        body: bytes | str | None = None,
        *,
        json_body: Any = None,
        headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]] = (),
        binary: bool = True,
        authorizer: Mapping[str, Any] | None = AUTHORIZED,
    ) -> tuple[dict[str, Any], Function]:
        """The event of a request, and the function that the template sends it to."""
        parts = urlsplit(url)
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        content = json.dumps(json_body) if json_body is not None else body
        if content is not None and "content-type" not in {name.lower() for name, _ in pairs}:
            pairs.append(("Content-Type", "application/json"))
        pairs.append(("Host", f"abc123.execute-api.{REGION}.amazonaws.com"))
        found = _routes().match(method, parts.path)
        if found is None:
            raise LookupError(f"API Gateway has no route for {method} {parts.path}")
        route, parameters = found
        request = HttpRequest(
            method=method,
            path=parts.path,
            query=parts.query,
            headers=[(name.lower().encode(), value.encode("latin-1")) for name, value in pairs if value is not None],
            body=content.encode() if isinstance(content, str) else content or b"",
        )
        found_by_authorizer = authorizer if route.api_key_required else None
        event = to_event(request, route, parameters, "test", binary=binary)
        if found_by_authorizer is not None:
            event["requestContext"]["authorizer"] = dict(found_by_authorizer)
        return event, route.function

    def invoke(self, function: Function, event: dict[str, Any], milliseconds_left: int = 20_000) -> Reply:
        """Hands an event to a function, through JSON both ways as Lambda does."""
        context = LambdaContext(
            function_name=function.logical_id,
            memory_limit_in_mb=function.memory_mb,
            invoked_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:{function.logical_id}",
            timeout_seconds=milliseconds_left / 1000,
        )
        handler = handler_module(function).lambda_handler
        with _printed() as lines, request_of(event):
            answer = json.loads(json.dumps(handler(json.loads(json.dumps(event)), context), allow_nan=False))
        response = from_proxy_response(answer, str(uuid.uuid4()))
        names = [name.decode() for name, _ in response.headers]
        assert len(names) == len(set(names)), f"a header comes twice: {names}"
        headers = {name.decode(): value.decode() for name, value in response.headers}
        reply = Reply(response.status, headers, response.body, tuple(lines))
        if reply.status >= 400:
            _check_problem(reply)
        return reply

    def fit(self, series_id: str, values: Iterable[Any], *, start: int = 1_700_000_000, **call: Any) -> Reply:
        """Fits values, a minute apart."""
        kept = list(values)
        body = {"timestamps": [start + 60 * index for index in range(len(kept))], "values": kept}
        return self.call("POST", f"/fit/{series_id}", json_body=body | call.pop("more", {}), **call)

    def predict(
        self, series_id: str, value: Any, *, timestamp: Any = "1700003600", query: str = "", **call: Any
    ) -> Reply:
        """Predicts one point."""
        body = {"timestamp": timestamp, "value": value} | call.pop("more", {})
        return self.call("POST", f"/predict/{series_id}{query}", json_body=body, **call)


def route_exists(method: str, path: str) -> bool:
    """Whether API Gateway has a route for a raw path; without one no function hears of the request."""
    return _routes().match(method, path) is not None


def handler_module(function: Function) -> ModuleType:
    """The module of a function, imported once under a name of its own: all of them are called ``handler``."""
    name = f"_tested_{function.logical_id}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, function.module)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        # As a snapshot has it. On a busy machine this import takes longer than a request may.
        getattr(module, "load_learners", lambda: None)()
    return sys.modules[name]


@lru_cache(maxsize=1)
def _routes() -> RouteTable:
    assert "*/*" in read_api(template()).binary_media_types
    return read_routes(template(), ROOT)


@contextmanager
def _printed() -> Iterator[list[str]]:
    """The lines that reach CloudWatch: standard output and error, and what Lambda's own root handler would print."""
    from tidewatch.telemetry import logger

    lines: list[str] = []
    stream = io.StringIO()
    handler = logger.registered_handler
    root = logging.StreamHandler(stream)
    root.setLevel(logging.WARNING)
    root.setFormatter(logging.Formatter('{"message": "%(name)s %(message)s"}'))
    root.addFilter(SuppressFilter("tidewatch"))
    before = handler.setStream(stream)
    logging.root.addHandler(root)
    try:
        with redirect_stdout(stream), redirect_stderr(stream), warnings.catch_warnings():
            # The service silences it when imported, but pytest undoes that after each test.
            warnings.filterwarnings("ignore", message="No application metrics to publish")
            yield lines
    finally:
        logging.root.removeHandler(root)
        handler.setStream(before or sys.stdout)
        lines += stream.getvalue().splitlines()


def _check_problem(reply: Reply) -> None:
    """Every error is a problem as of RFC 9457, and none tells what is inside."""
    assert reply.headers["content-type"] == PROBLEM
    problem = reply.json()
    assert problem["type"].startswith("urn:tidewatch:problem:")
    assert problem["status"] == reply.status
    assert isinstance(problem["title"], str)
    assert problem["title"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"].endswith(".")
    # The last two are for clients of Azure, on their routes.
    assert set(problem) <= {"type", "title", "status", "detail", "errors", "code", "message"}
    for error in problem.get("errors", ()):
        assert set(error) == {"loc", "msg", "type"}
        assert error["loc"][0] in ("path", "query", "body", "header")
        assert all(isinstance(part, str | int) for part in error["loc"])
        assert error["msg"]
        assert error["type"]
    if reply.status in (409, 429, 503) and reply.problem not in LASTING:
        assert int(reply.headers["retry-after"]) >= 1
    leaked = INTERNALS.search(reply.body.decode())
    assert not leaked, f"{leaked[0]!r} in {reply.body[:2000]!r}"


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
