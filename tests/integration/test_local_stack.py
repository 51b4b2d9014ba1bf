"""The stack on one machine as its users have it: a process of its own, over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import IO, Any

import pytest
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from local.client import Client, Server, ServerFailed
from tests.support.environment import ROOT

CLIENTS = 100
FIT = (ROOT / "events" / "requests" / "fit.json").read_bytes()
PROBLEM = "application/problem+json"
PARTS = ("local", "functions", "shared", "events", "template.yaml", "openapi.json")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with closing(Client(server.url)) as client:
        yield client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that a test may edit."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    return tmp_path


def at_once(server: Server, act: Callable[[Client], Any]) -> list[Any]:
    """What each of many clients, all at once, got done."""

    def with_client(_: int) -> Any:
        with closing(Client(server.url)) as client:
            return act(client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(with_client, range(CLIENTS)))


def fit(client: Client, series_id: str) -> Any:
    answer = client.post(f"/fit/{series_id}", FIT)
    assert answer.status == 200, answer.data
    return answer.json()


def predict(client: Client, series_id: str, value: float) -> BaseHTTPResponse:
    return client.post(f"/predict/{series_id}", json.dumps({"timestamp": "1768212000", "value": value}).encode())


def test_parallel_fits_of_one_series_get_every_number_once(server: Server) -> None:
    versions = at_once(server, lambda client: fit(client, "contended")["version"])
    assert sorted(versions, key=lambda version: int(version[1:])) == [f"v{n}" for n in range(1, CLIENTS + 1)]


def test_many_clients_keep_their_connections_get_their_own_answers_and_are_counted(
    server: Server, client: Client
) -> None:
    fit(client, "busy")
    values = iter(range(CLIENTS))

    def ask(client: Client) -> bool:
        value = float(next(values))
        answers = [predict(client, "busy", value) for _ in range(10)]
        return all(answer.status == 200 and answer.json()["value"] == value for answer in answers)

    assert all(at_once(server, ask))
    # Asked once: the answer stays the same for a minute.
    health = client.get("/healthcheck").json()
    assert health["series_trained"] >= 1
    assert health["training_latency_ms"]["avg"] > 0
    assert health["inference_latency_ms"]["count"] >= 10 * CLIENTS
    assert health["inference_latency_ms"]["p95"] >= health["inference_latency_ms"]["avg"] * 0.5 > 0


def test_pictures_arrive_as_bytes(client: Client) -> None:
    fit(client, "drawn")
    answer = client.get("/plot?series_id=drawn")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.data.startswith(b"\x89PNG\r\n\x1a\n")
    assert answer.data.endswith(b"IEND\xaeB`\x82")


def test_percent_encoding_reaches_the_function(client: Client) -> None:
    fit(client, "a%3Ab")
    assert predict(client, "a:b", 1.0).status == 200
    assert client.post("/fit/a%2Fb", FIT).status == 422


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("get", "/", 404), ("get", "/nowhere", 404), ("get", "/fit/x", 404), ("post", "/health", 404)],
)
def test_what_is_no_route(client: Client, method: str, target: str, status: int) -> None:
    answer = client.get(target) if method == "get" else client.post(target, b"{}")
    assert (answer.status, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert answer.json()["status"] == status


# The client compresses large bodies, so these are ones that do not get smaller.
@pytest.mark.parametrize("size", [5_000_000, 11 * 2**20])
def test_bodies_beyond_the_limits_of_lambda_and_of_api_gateway(client: Client, size: int) -> None:
    for _ in range(2):  # and the connection lives on
        answer = client.post("/fit/large", os.urandom(size))
        assert (answer.status, answer.headers["Content-Type"]) == (413, PROBLEM)


def test_a_body_within_the_limits(client: Client) -> None:
    timestamps = list(range(1_700_000_000, 1_700_000_000 + 100_000))
    body = json.dumps({"timestamps": timestamps, "values": [float(t % 97) for t in timestamps]}).encode()
    assert client.post("/fit/large", body).json()["points_used"] == 100_000


def wait_for(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_a_job_is_done_by_itself_while_others_are_served(client: Client) -> None:
    fit(client, "again")
    started = client.post("/series/again/versions/1/reproduce", b"")
    assert started.status == 202, started.data
    address = started.headers["location"]
    wait_for(lambda: client.get(address).json()["ended_at"] is not None, "the job ends")
    job = client.get(address).json()
    assert (job["state"], job["result"]["outcome"]) == ("succeeded", "equal")
    assert address.endswith(client.get("/jobs?kind=reproduce").json()["jobs"][0]["job_id"])


def test_reload_keeps_the_data_and_survives_an_import_error(project: Path) -> None:
    handler = project / "functions" / "healthcheck" / "handler.py"
    original = handler.read_text()
    with Server(root=project, settings={"LOCAL_LOG": "info"}) as server, closing(Client(server.url)) as client:
        fit(client, "kept")

        handler.write_text(original + "\nimport nothing_of_this_name\n")
        wait_for(lambda: client.get("/health").status == 503, "the broken code was not noticed")
        answer = predict(client, "kept", 1.0)
        assert (answer.status, answer.headers["Content-Type"]) == (503, PROBLEM)
        assert "No module named 'nothing_of_this_name'" in answer.json()["detail"]
        assert "ModuleNotFoundError" in server.output()

        handler.write_text(original + "\n# mended\n")
        wait_for(lambda: client.get("/health").status == 200, "the mended code was not noticed")
        assert predict(client, "kept", 1.0).json()["model_version"] == "v1"
        assert fit(client, "kept")["version"] == "v2"
    assert "POST /predict/kept" in server.output()


def test_ctrl_c_ends_it_quickly_and_quietly() -> None:
    with Server(settings={"LOCAL_LOG": "info"}) as other, closing(Client(other.url)) as client:
        client.get("/health")  # and leaves its connection open
        started = time.monotonic()
        assert other.stop() == 0
        assert time.monotonic() - started < 3
    assert "Traceback" not in other.output()
    assert f"{other.url}/docs" in other.output()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"PORT": "http"}, "PORT=http is not a port number"),
        ({"PORT": "70000"}, "PORT=70000 is not a port number"),
        ({"PORT": "0", "LOCAL_AWS": "moon"}, "LOCAL_AWS=moon is unknown"),
        ({"PORT": "0", "LOCAL_AWS": "", "AWS_ENDPOINT_URL": "https://s3.amazonaws.com"}, "an address of AWS itself"),
    ],
)
def test_settings_that_it_cannot_start_with(settings: dict[str, str], message: str) -> None:
    done = run("local.run", **settings)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("local.run", PORT=str(port))
        assert done.returncode == 2
        assert f"Port {port} is in use" in done.stderr


def test_a_server_that_does_not_start() -> None:
    server = Server(settings={"LOCAL_AWS": "moon"})
    with pytest.raises(ServerFailed, match="the server ended"), server:
        pass
    assert "LOCAL_AWS=moon is unknown" in server.output()


def run(module: str, root: Path = ROOT, /, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=root,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_demo(project: Path) -> None:
    done = run("local.demo", project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "v1 says 2,456.5 is an ANOMALY" in done.stdout
    assert "v2 says 2,456.5 is normal" in done.stdout
    assert "-d @events/requests/fit.json" in done.stdout
    pictures = sorted(path.name for path in (project / "demo-output").glob("*.png"))
    assert pictures == ["cold-room-v1.png", "machine-v2.png", "web-requests-v1.png", "web-requests-v2.png"]
    for told in ("v1 judged 288 rows: no anomalies.", "v2 judged 288 rows: 9 anomalies.", "Verdict: promote."):
        assert told in done.stdout
    assert done.stdout.index("v1 judges again.") < done.stdout.index("All 5 entries are as they were written.")


def test_the_demo_on_a_file_and_on_a_folder(project: Path) -> None:
    folder = project / "mine"
    folder.mkdir()
    (folder / "load.csv").write_text("time,load\n" + "".join(f"{60 * n},{n % 7}\n" for n in range(60)) + "3600,99\n")
    (folder / "flat.csv").write_text("".join(f"{60 * n},5\n" for n in range(60)))
    (folder / "text.csv").write_text("a,b\nc,d\n")

    done = run("local.demo", project, CSV=str(folder / "load.csv"), TRAIN="0.5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 31 are anomalies (3.2%)" in done.stdout
    assert "1970-01-01 01:00:00  99  +" in done.stdout
    posted = json.loads((project / "demo-output" / "load-predict.json").read_bytes())
    assert len(posted["points"]) == 31
    assert (project / "demo-output" / "load.png").read_bytes().startswith(b"\x89PNG")

    done = run("local.demo", project, CSV=str(folder / "flat.csv"))
    assert done.returncode == 1
    assert "The service cannot use this series: all values equal 5" in done.stdout

    done = run("local.demo", project, CSV=str(folder))
    assert done.returncode == 0
    assert "1 of 3 files trained" in done.stdout
    assert "flat" in done.stdout
    assert "not trained: no column of times" in done.stdout


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"CSV": "/nowhere.csv"}, "there is no /nowhere.csv"), ({"TRAIN": "2"}, "TRAIN=2 is not a share")],
)
def test_the_demo_says_what_it_cannot_use(settings: dict[str, str], message: str) -> None:
    done = run("local.demo", **settings)
    assert done.returncode == 1
    assert message in done.stdout


def line_with(text: str, output: IO[str] | None) -> str:
    """The next line of an output that has the text; those before it are passed over."""
    assert output is not None
    passed = []
    for line in output:
        if text in line:
            return line
        passed.append(line)
    pytest.fail(f"the output ended without {text!r}: {''.join(passed)}")


@pytest.mark.usefixtures("interruptible")
def test_the_demo_ends_its_server_when_it_is_interrupted(project: Path) -> None:
    (project / "long.csv").write_text("".join(f"{60 * n},{n % 7}\n" for n in range(200_000)))
    with subprocess.Popen(
        [sys.executable, "-m", "local.demo"],
        cwd=project,
        env=os.environ | {"CSV": "long.csv", "TRAIN": "0.01"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        # A line that never comes must not keep this waiting: the output then ends.
        too_long = Timer(60, process.send_signal, [signal.SIGINT])
        too_long.start()
        try:
            url = line_with("It is ready on", process.stdout).split()[4]
            line_with("Judge the other 198,000 points", process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=15) == 130
        finally:
            too_long.cancel()
            process.kill()
    with closing(Client(url, timeout=2)) as client, pytest.raises(HTTPError):
        client.get("/health")


def test_what_is_trained_outlives_the_stack(tmp_path: Path) -> None:
    storage = tmp_path / "state" / "storage.sqlite3"
    settings = {"LOCAL_STATE": str(storage.parent), "LOCAL_LOG": "info"}

    def during_a_run(act: Callable[[Client], Any], *, killed: bool = False) -> str:
        with Server(settings=settings) as server, closing(Client(server.url)) as client:
            act(client)
            server.kill() if killed else server.stop()
            return server.output()

    def train(client: Client) -> None:
        assert fit(client, "kept")["version"] == "v1"
        wait_for(lambda: storage.stat().st_size > 20_000, "the file grows")

    def go_on(client: Client) -> None:
        assert predict(client, "kept", 100).status == 200
        assert fit(client, "kept")["version"] == "v2"

    def look(client: Client) -> None:
        assert [each["version"] for each in client.get("/series/kept/versions").json()["versions"]] == ["v2", "v1"]
        assert client.get("/plot?series_id=kept&version=1").status == 200
        assert client.get("/healthcheck").json()["inference_latency_ms"]["avg"] > 0

    # Killed, it writes nothing at the end: what was trained is there since some seconds after.
    during_a_run(train, killed=True)
    assert "kept in " in during_a_run(go_on)
    assert "Traceback" not in during_a_run(look)
