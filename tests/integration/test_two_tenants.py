"""Two tenants in one stack, over HTTP, with keys: neither sees the other by any means."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from urllib3 import BaseHTTPResponse

from local.client import Client, Server
from tests.support.environment import ROOT

FIT = (ROOT / "events" / "requests" / "fit.json").read_bytes()
POINT = (ROOT / "events" / "requests" / "predict_anomaly.json").read_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(settings={"AUTH": "on"}) as server:
        yield server


class Caller:
    """A client with a key, or without one."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> BaseHTTPResponse:
        sent = self._headers | ({"Content-Type": "application/json"} if body else {}) | headers
        return self._client.request(method, path, body, sent)


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with closing(Client(server.url)) as client:
        yield client


@pytest.fixture(scope="module")
def operator(server: Server, client: Client) -> Caller:
    """With the key that the stack printed."""
    deadline = time.monotonic() + 30
    while (found := re.search(r"tw_[\w-]{43}", server.output())) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found is not None, server.output()
    return Caller(client, {"x-api-key": found[0]})


@pytest.fixture(scope="module")
def teams(client: Client, operator: Caller) -> dict[str, Caller]:
    made = {}
    for name, header in (("team-a", "Ocp-Apim-Subscription-Key"), ("team-b", "Authorization")):
        assert operator.ask("POST", "/tenants", json.dumps({"tenant_id": name}).encode()).status == 201
        answer = operator.ask("POST", f"/tenants/{name}/keys", b'{"name": "test"}')
        assert answer.status == 201
        key = answer.json()["key"]
        made[name] = Caller(client, {header: f"Bearer {key}" if header == "Authorization" else key})
    return made


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "made-up"}, {"Authorization": "Basic eDp5"}])
def test_without_a_key_that_is_known_there_is_401(client: Client, operator: Caller, headers: dict[str, str]) -> None:
    for method, path, body in (("GET", "/series", None), ("POST", "/fit/cpu", FIT), ("GET", "/tenants", None)):
        answer = Caller(client, headers).ask(method, path, body)
        problem = answer.json()
        assert (answer.status, problem["type"]) == (401, "urn:tidewatch:problem:api-key-required")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert Caller(client, headers).ask("GET", "/health").status == 200
    assert Caller(client, headers).ask("GET", "/docs").status == 200
    assert Caller(client, headers).ask("GET", "/nowhere").status == 404


def test_neither_sees_the_other(teams: dict[str, Caller]) -> None:
    one, other = teams["team-a"], teams["team-b"]
    repeated = {"Idempotency-Key": "the-same"}
    assert one.ask("POST", "/fit/cpu", FIT, **repeated).json()["version"] == "v1"
    assert one.ask("POST", "/fit/cpu", FIT, **repeated).json()["version"] == "v1"
    for method, path, body in [
        ("POST", "/predict/cpu", POINT),
        ("GET", "/plot?series_id=cpu", None),
        ("GET", "/series/cpu", None),
        ("GET", "/series/cpu/versions", None),
        ("GET", "/series/cpu/versions/1", None),
        ("DELETE", "/series/cpu", None),
        ("GET", "/tenants/team-a", None),
    ]:
        answer = other.ask(method, path, body)
        assert answer.status == (403 if "tenants" in path else 404), (method, path)
    assert other.ask("GET", "/series").json()["series"] == []
    health = other.ask("GET", "/healthcheck").json()
    assert (health["series_trained"], health["model_usage"]) == (0, {})
    # The same Idempotency-Key is another request: it does not answer with the first one's model.
    assert (
        other.ask("POST", "/fit/cpu", FIT, **repeated).json()["trained_at"]
        != one.ask("GET", "/series/cpu").json()["trained_at"]
    )
    assert other.ask("DELETE", "/series/cpu").status == 204
    assert one.ask("POST", "/predict/cpu", POINT).status == 200


def test_a_tenant_is_suspended_and_resumed(operator: Caller, client: Client) -> None:
    def make(path: str, body: dict[str, Any]) -> Any:
        return operator.ask("POST", path, json.dumps(body).encode()).json()

    make("/tenants", {"tenant_id": "team-c"})
    # The authorizer keeps what it read for half a minute: nobody has asked with this key yet.
    key = make("/tenants/team-c/keys", {"name": "x", "scopes": ["read"]})["key"]
    operator.ask("PATCH", "/tenants/team-c", b'{"status": "suspended"}')
    answer = Caller(client, {"x-api-key": key}).ask("GET", "/series")
    assert (answer.status, answer.json()["type"]) == (403, "urn:tidewatch:problem:tenant-suspended")
