"""What is put under load: how it is started, and how its series get their first versions."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final
from urllib.parse import urlsplit

from benchmarks.load import stages
from benchmarks.load.generator import ROOT
from benchmarks.load.stages import SERIES, Kind
from local.sam import processes
from local.sam.processes import free_port

_READY_WITHIN_SECONDS: Final = 90
_MOST_OUTPUT_BYTES: Final = 4096


class TargetFailed(RuntimeError):
    """A target did not start; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The service, somewhere."""

    name: str
    settings: Mapping[str, str]
    """Of ``local.run``, where it is started here."""
    url: str | None = None
    """Where it runs already, if it does."""

    @property
    def needs_runtime(self) -> bool:
        """Whether it is made of built functions."""
        return self.settings.get("RUNTIME") == "lambda"


# moto for all of them, so that they differ in nothing else; and nothing of the caller's settings leads to an account.
_SAME: Final = {"LOCAL_AWS": "memory", "LOCAL_LOG": "quiet", "LOCAL_STATE": "none", "HEAD_CACHE_SECONDS": "0"}

CONSISTENT: Final = Target("local stack", _SAME)
CACHED: Final = Target("local stack, HEAD_CACHE_SECONDS=1", _SAME | {"HEAD_CACHE_SECONDS": "1"})
IN_ONE_PROCESS: Final = (CONSISTENT, CACHED)
RUNTIMES: Final = tuple(
    Target(f"real runtime, PROCESSES={count}", _SAME | {"RUNTIME": "lambda", "PROCESSES": str(count)})
    for count in (1, 2, 4)
)
LOCAL: Final = (*IN_ONE_PROCESS, *RUNTIMES)


def deployed(url: str) -> Target:
    """Somebody's deployed stage."""
    return Target("deployed stage", {}, url.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Served:
    """A target that answers."""

    url: str
    pid: int | None
    """Its first process, if that is on this machine."""


@contextmanager
def serving(target: Target) -> Iterator[Served]:
    """Starts what is not there yet, on a free port of 127.0.0.1, and ends it afterwards, however this ends.

    Raises:
        TargetFailed: if it does not start.
    """
    if target.url is not None:
        yield Served(target.url, None)
        return
    port = free_port()
    # RUNTIME is set in any case: make hands on its own.
    environment = {**os.environ, "RUNTIME": "", **target.settings, "PORT": str(port)}
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "local.run"]
        process = processes.start(command, environment=environment, folder=ROOT, output=output)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, output)
            yield Served(url, process.pid)
        finally:
            processes.stop([process])


def _wait_for(url: str, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    # By its descriptor: the server's own place in the file must not move.
    said = os.pread(output.fileno(), _MOST_OUTPUT_BYTES, 0).decode(errors="replace").strip()
    raise TargetFailed(said or "the server does not answer GET /health")


_CLIENTS: Final = 16
# Enough for all of four processes to be started and to have had some.
_ROUNDS: Final[tuple[tuple[Kind, int], ...]] = (("fit", SERIES), ("predict", 400), ("fit", SERIES))


class Refused(RuntimeError):
    """The service does not do what it is asked for; the message has its answer."""


def seed(url: str) -> int:
    """Fits all series and asks for some predictions; returns how many requests that were.

    Raises:
        Refused: if one of them is not answered with 200.
    """
    done = 0
    for kind, count in _ROUNDS:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            done += sum(
                pool.map(lambda client, kind=kind, count=count: _share(url, kind, count, client), range(_CLIENTS))
            )
    return done


def _share(url: str, kind: Kind, count: int, client: int) -> int:
    parts = urlsplit(url)
    kinds = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
    connection = kinds[parts.scheme](parts.netloc, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"x-api-key": key} if (key := os.environ.get("KEY")) else {})
    numbers = range(client, count, _CLIENTS)
    try:
        for number in numbers:
            target = stages.path(kind, number)
            try:
                connection.request("POST", parts.path + target, stages.body(kind, number), headers)
                answer = connection.getresponse()
                said = answer.read()
            except OSError as error:
                raise Refused(f"POST {target}: {error}") from error
            if answer.status != 200:
                raise Refused(f"POST {target} answered {answer.status}: {said[:500].decode(errors='replace')}")
    finally:
        connection.close()
    return len(numbers)
