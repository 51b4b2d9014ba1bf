"""The border to AWS: every request that botocore sends passes here and can be watched, held up or made to fail."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

_READS = frozenset(
    {
        "BatchGetItem",
        "GetItem",
        "GetMetricData",
        "GetObject",
        "HeadObject",
        "ListObjectVersions",
        "ListObjectsV2",
        "Query",
        "Scan",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to AWS, as botocore is about to send it; each retry is a call of its own."""

    service: str
    operation: str
    request: AWSPreparedRequest

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What DynamoDB is asked."""
        found: dict[str, Any] = json.loads(self.request.body)
        return found


Send = Callable[[], AWSResponse]
Fault = Callable[[Call, Send], AWSResponse]
"""Stands between a call and AWS: answers, raises, or sends it on."""


@dataclass
class _Rule:
    operation: str
    fault: Fault
    first: int
    times: float
    seen: int = 0


@dataclass
class Boundary:
    """Watches the calls of a test, and does to them what it is told.

    One call is served at a time: moto is not safe for threads. As DynamoDB does, it answers a transaction whose token
    it has seen with the first answer; moto forgets the token and would run the transaction again.
    """

    calls: list[Call] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _answered: dict[str, tuple[bytes, AWSResponse]] = field(default_factory=dict)
    _turn: threading.RLock = field(default_factory=threading.RLock)
    waits: list[float] = field(default_factory=list)
    """The seconds that botocore wanted to wait before each retry; none is waited."""
    wrote: bool = False
    """Whether there may be anything in AWS now."""

    def install(self, monkeypatch: pytest.MonkeyPatch, send: Callable[[AWSPreparedRequest], AWSResponse] | None = None):
        """Takes the place between botocore and AWS, until the test ends.

        Args:
            monkeypatch: what undoes it.
            send: takes a request to AWS; by default moto in this process is AWS.
        """
        to_moto = BotocoreStubber.__call__

        def pass_through(stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
            _, service, operation = event_name.split(".")
            call = Call(service, operation, request)

            def deliver() -> AWSResponse:
                return send(request) if send else _present(to_moto(stubber, event_name, request, **rest))

            with self._turn:
                self.calls.append(call)
                self.wrote |= operation not in _READS
                return self._serve(call, deliver)

        monkeypatch.setattr(BotocoreStubber, "__call__", pass_through)
        monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=self.waits.append))

    def on(self, operation: str, fault: Fault, *, first: int = 1, times: float = float("inf")) -> None:
        """From the ``first`` call of an operation on, such as ``dynamodb.GetItem``, lets so many of them go wrong."""
        self._rules.append(_Rule(operation, fault, first, times))

    def heal(self) -> None:
        """Lets everything through again."""
        self._rules.clear()

    def forget(self) -> None:
        """Starts writing down anew."""
        self.calls.clear()
        self.waits.clear()

    @property
    def names(self) -> list[str]:
        """The calls so far, such as ``dynamodb.GetItem``."""
        return [call.name for call in self.calls]

    def _serve(self, call: Call, send: Send) -> AWSResponse:
        for rule in self._rules:
            if rule.operation == call.name:
                rule.seen += 1
                if rule.first <= rule.seen < rule.first + rule.times:
                    return rule.fault(call, lambda: self._once_per_token(call, send))
        return self._once_per_token(call, send)

    def _once_per_token(self, call: Call, send: Send) -> AWSResponse:
        if call.operation != "TransactWriteItems":
            return send()
        token = call.parameters["ClientRequestToken"]
        if token not in self._answered:
            answer = send()
            if answer.status_code != 200:
                return answer
            self._answered[token] = (call.request.body, answer)
        body, answer = self._answered[token]
        assert body == call.request.body, "one token for two transactions"
        return answer_of(answer.status_code, answer.content.decode(), answer.headers)


def answer_of(status: int, body: str, headers: Any = None) -> AWSResponse:
    """A response of AWS."""
    raw: Any = MockRawResponse(body)
    return AWSResponse("https://aws.test", status, headers or {}, raw)


def throttled(call: Call, send: Send) -> AWSResponse:
    """AWS says: too many requests."""
    if call.service == "s3":
        return answer_of(503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
    return _dynamodb_error(400, "ProvisionedThroughputExceededException")


def server_error(call: Call, send: Send) -> AWSResponse:
    """AWS answers 500, with a page that is not of its own protocol."""
    return answer_of(500, "<html><body>Internal Server Error</body></html>")


def read_timeout(call: Call, send: Send) -> AWSResponse:
    """AWS takes the request and says nothing."""
    raise ReadTimeoutError(endpoint_url=call.request.url)


def connect_timeout(call: Call, send: Send) -> AWSResponse:
    """AWS cannot be reached."""
    raise ConnectTimeoutError(endpoint_url=call.request.url)


def refused(call: Call, send: Send) -> AWSResponse:
    """Nobody listens."""
    raise EndpointConnectionError(endpoint_url=call.request.url, error="Connection refused")


def answer_lost(call: Call, send: Send) -> AWSResponse:
    """AWS does what it is asked, but its answer does not arrive."""
    send()
    raise ReadTimeoutError(endpoint_url=call.request.url)


def killed_before(call: Call, send: Send) -> AWSResponse:
    """The process ends, as by a crash or the end of its memory, before the call is sent."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("lived on")


def killed_after(call: Call, send: Send) -> AWSResponse:
    """The process ends when AWS has done what it was asked, before the answer is looked at."""
    send()
    return killed_before(call, send)


def cancelled(reason: str) -> Fault:
    """DynamoDB cancels a transaction for a reason of its own."""

    def cancel(call: Call, send: Send) -> AWSResponse:
        return _dynamodb_error(
            400,
            "TransactionCanceledException",
            CancellationReasons=[{"Code": reason, "Message": "…"}, {"Code": "None"}],
        )

    return cancel


def dynamodb_error(code: str, status: int = 400) -> Fault:
    """DynamoDB refuses with an error code."""
    return lambda call, send: _dynamodb_error(status, code)


def forbidden(call: Call, send: Send) -> AWSResponse:
    """The test wants no such call."""
    raise AssertionError(f"{call.name} was called")


def _dynamodb_error(status: int, code: str, **more: Any) -> AWSResponse:
    error = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "Not now."} | more
    return answer_of(status, json.dumps(error), {"content-type": "application/x-amz-json-1.0"})


def _present(answer: AWSResponse | None) -> AWSResponse:
    assert answer is not None, "moto is off"
    return answer
