"""``make run RUNTIME=lambda`` as its users have it: a process of its own, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from urllib3 import BaseHTTPResponse

from local.client import Client, Server
from tests.support.environment import ROOT

CLIENTS = 12
FIT = (ROOT / "events" / "requests" / "fit.json").read_bytes()
SETTINGS = {"RUNTIME": "lambda", "PROCESSES": "2", "LOCAL_LOG": "info"}


@pytest.fixture(scope="module")
def server(build: Path) -> Iterator[Server]:
    with Server(settings=SETTINGS) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with closing(Client(server.url)) as client:
        yield client


def fit(client: Client, series_id: str) -> Any:
    answer = client.post(f"/fit/{series_id}", FIT)
    assert answer.status == 200, answer.data
    return answer.json()


def predict(client: Client, series_id: str, value: float) -> BaseHTTPResponse:
    return client.post(f"/predict/{series_id}", json.dumps({"timestamp": "1768212000", "value": value}).encode())


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += [int(child), *descendants(int(child))]
    return found


def running(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and _state(pid) != "Z"]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def test_the_service_answers_and_health_tells_the_truth(server: Server, client: Client) -> None:
    assert fit(client, "told")["version"] == "v1"
    for value in (800.0, 1e6):
        answer = predict(client, "told", value)
        assert (answer.status, answer.json()["anomaly"]) == (200, value > 1e5)
    # Asked once: the answer stays the same for a minute.
    health = client.get("/healthcheck").json()
    assert health["degraded"] == []
    assert health["series_trained"] >= 1
    assert health["training_latency_ms"]["avg"] > 0
    assert health["inference_latency_ms"]["count"] >= 2
    picture = client.get("/plot?series_id=told")
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.data.startswith(b"\x89PNG")


def test_parallel_clients_get_their_own_answers_and_every_version_once(server: Server, client: Client) -> None:
    def act(number: int) -> str:
        with closing(Client(server.url)) as own:
            version = str(fit(own, "contended")["version"])
            for step in range(5):
                value = float(number * 100 + step)
                answer = predict(own, "contended", value)
                assert (answer.status, answer.json()["value"]) == (200, value)
            return version

    with ThreadPoolExecutor(CLIENTS) as pool:
        versions = list(pool.map(act, range(CLIENTS)))
    assert sorted(versions, key=lambda version: int(version[1:])) == [f"v{n}" for n in range(1, CLIENTS + 1)]


def test_cold_starts_are_visible(server: Server, client: Client) -> None:
    fit(client, "cold")
    predict(client, "cold", 1.0)
    lines = server.output().splitlines()
    starts = [line for line in lines if "PredictFunction starts process 1 of 2" in line]
    reports = [line for line in lines if "PredictFunction  REPORT RequestId: " in line and "Init Duration: " in line]
    assert len(starts) == 1
    # As many as were needed at once by the tests before this one.
    assert 1 <= len(reports) <= 2
    assert "Max Memory Used: " in reports[0]


def test_what_it_refuses(client: Client) -> None:
    assert client.post("/fit/large", os.urandom(5_000_000)).status == 413
    assert client.post("/fit/a%2Fb", FIT).status == 422
    assert client.get("/nowhere").status == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_it(build: Path, number: signal.Signals) -> None:
    server = Server(settings=SETTINGS | {"PROCESSES": "1"})
    with server, closing(Client(server.url)) as client:
        fit(client, "short")
        process = server._process
        below = descendants(process.pid)
        # What stands in for AWS; the emulator and the function of the authorizer, of health and of fit.
        assert len(below) == 7
        process.send_signal(number)
        process.wait(timeout=15)
        deadline = time.monotonic() + 5
        while running(below) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running(below) == []
    assert "Traceback" not in server.output()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"RUNTIME": "docker"}, "RUNTIME=docker is unknown"),
        ({"PROCESSES": "0"}, "PROCESSES=0 is not a number from 1 to 64"),
        ({"PROCESSES": "many"}, "PROCESSES=many is not a number"),
        ({"RUNTIME_PYTHON": "/nowhere/python"}, "there is no /nowhere/python, the environment of awslambdaric"),
        ({"SAM": "/nowhere/sam"}, "the AWS SAM command line is not installed"),
        ({"DYNAMODB_LOCAL": "/nowhere"}, "DYNAMODB_LOCAL=/nowhere: no DynamoDBLocal.jar in /nowhere"),
        ({"LOCAL_AWS": "account"}, "LOCAL_AWS=account needs credentials"),
    ],
)
def test_settings_that_it_cannot_start_with(build: Path, settings: dict[str, str], message: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ACCESS")}
    done = subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=environment | {"RUNTIME": "lambda", "PORT": "0"} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
