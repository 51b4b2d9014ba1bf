"""What a client sees where Lambda has no answer."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from local.project import PROJECT
from local.sam.aws.cloudwatch import MetricStore
from local.sam.console import Console, FunctionOutput
from local.sam.functions import FunctionFailed
from local.sam.routes import Function, read_api, read_routes
from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.emulator import Emulator, Invocation
from local.sam.runtime.functions import RuntimeFunctions
from local.sam.runtime.log_pipe import Printed
from local.sam.runtime.pool import Throttled
from local.sam.runtime.tools import Tools
from local.sam.server import Gateway
from tests.support.environment import REGION, ROOT
from tests.support.tables import template


def get(gateway: Gateway, path: str) -> tuple[int, dict[str, str], Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"method": "GET", "raw_path": path.encode(), "query_string": b"", "headers": [], "client": None}
    asyncio.run(gateway(scope | {"http_version": "1.1"}, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"])


def test_a_function_without_an_answer_is_a_503_and_the_terminal_says_why() -> None:
    async def invoke(function: Function, event: Any) -> Any:
        raise FunctionFailed(f"{event['path']} took too long")

    out = io.StringIO()
    gateway = Gateway(read_api(template()), read_routes(template(), ROOT), invoke, Console(out))
    status, headers, body = get(gateway, "/health")
    assert (status, body["status"], headers["content-type"]) == (503, 503, "application/problem+json")
    assert body["type"] == "urn:tidewatch:problem:unavailable"
    assert int(headers["retry-after"]) > 0
    assert "HealthcheckFunction: /health took too long" in out.getvalue()
    assert "Traceback" not in out.getvalue()


FUNCTION = BuiltFunction("HealthcheckFunction", "health", ROOT, (), "handler.lambda_handler", {}, 3, 128)
DONE = {"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "Done", "Unit": "Count"}]}
EMF = json.dumps({"_aws": {"Timestamp": 1_700_000_000_000, "CloudWatchMetrics": [DONE]}, "Done": [1.0]})


class OnePool:
    """In place of a pool: an invocation, or an error."""

    def __init__(self, result: Invocation | Exception) -> None:
        self._result = result
        self.emulator = Emulator.__new__(Emulator)
        self.emulator.function = FUNCTION
        self.emulator.memory_used_mb = lambda: 42  # type: ignore[method-assign]

    async def invoke(self, payload: bytes) -> tuple[Emulator, Invocation]:
        if isinstance(self._result, Exception):
            raise self._result
        return self.emulator, self._result

    async def stop(self) -> None:
        """Nothing was started."""

    def drain(self) -> None:
        """Nothing is printed."""


def invoke_once(result: Invocation | Exception, *, everything: bool = False) -> tuple[Any, str, MetricStore]:
    out, store = io.StringIO(), MetricStore()
    console = Console(out, everything=everything)
    tools = Tools(PROJECT, "x86_64", ROOT, ROOT, ROOT)
    functions = RuntimeFunctions(
        tools, {FUNCTION.logical_id: FUNCTION}, lambda _: {}, REGION, 1, console, FunctionOutput(console, store)
    )
    functions._pools = {FUNCTION.logical_id: OnePool(result)}  # type: ignore[dict-item]
    route = next(r for r in read_routes(template(), ROOT).routes if r.function.logical_id == FUNCTION.logical_id)

    async def whole() -> Any:
        try:
            return await functions.invoke(route.function, {})
        except FunctionFailed as error:
            return error
        finally:
            await functions.stop()

    return asyncio.run(whole()), out.getvalue(), store


WARM = Printed("id", [EMF, '{"level": "INFO", "message": "quiet"}', '{"level": "ERROR", "message": "loud"}'], None, 1.5)


def test_what_a_function_prints_goes_where_it_belongs() -> None:
    answer, out, store = invoke_once(Invocation(b'{"statusCode": 200}', None, WARM))
    assert answer == {"statusCode": 200}
    assert "loud" in out
    assert "quiet" not in out
    assert "REPORT" not in out
    assert store._metrics


def test_everything_is_shown_where_that_is_wanted() -> None:
    _, out, _ = invoke_once(Invocation(b"{}", None, WARM), everything=True)
    lines = out.splitlines()
    assert lines[0] == "START RequestId: id Version: $LATEST"
    assert lines[1] == EMF
    assert lines[-2] == "END RequestId: id"
    assert "Duration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 42 MB" in lines[-1]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Throttled("429 TooManyRequestsException: all processes are busy"), "429 TooManyRequestsException"),
        (Invocation(b"{}", "Runtime.ExitError: it ended", Printed("id")), "Runtime.ExitError"),
    ],
)
def test_why_there_is_no_answer(result: Invocation | Exception, message: str) -> None:
    error, _, _ = invoke_once(result)
    assert isinstance(error, FunctionFailed)
    assert message in str(error)
