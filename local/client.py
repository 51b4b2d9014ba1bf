"""A small HTTP client that keeps its connection, and a server process for it to talk to."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from local.project import ROOT
from local.sam.processes import free_port

_GZIP_FROM_BYTES: Final = 2**20
_MOST_OUTPUT_BYTES: Final = 2**20


class ServerFailed(RuntimeError):
    """The server did not start; ``output()`` has what it printed."""


class Client:
    """Requests to one server over one connection."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self.url = url
        self._pool = urllib3.connection_from_url(url, timeout=timeout, retries=False)

    def get(self, target: str) -> BaseHTTPResponse:
        """Sends a GET request; ``target`` is path and query."""
        return self._pool.request("GET", target)

    def post(self, target: str, body: bytes) -> BaseHTTPResponse:
        """Sends JSON; large bodies go gzip-compressed."""
        headers = {"Content-Type": "application/json"}
        if len(body) >= _GZIP_FROM_BYTES:
            body = gzip.compress(body, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        return self._pool.request("POST", target, body=body, headers=headers)

    def request(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> BaseHTTPResponse:
        """Makes a request with headers of one's own."""
        return self._pool.request(method, target, body=body, headers=dict(headers or {}))

    def close(self) -> None:
        """Closes the connection, for good."""
        self._pool.close()


class Server:
    """``local.run`` in a process of its own, on a free port, with data that is gone afterwards."""

    def __init__(
        self, *, root: Path = ROOT, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the server stops
        self._printed = ""
        environment = (
            os.environ | {"LOCAL_AWS": "memory", "LOCAL_LOG": "quiet", "LOCAL_STATE": "none"} | dict(settings or {})
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=root,
            env=environment | {"PORT": str(self.port)},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def output(self) -> str:
        """What the server printed so far."""
        if not self._output.closed:
            # By its own file descriptor: the server's place in the file must not move.
            self._printed = os.pread(self._output.fileno(), _MOST_OUTPUT_BYTES, 0).decode(errors="replace")
        return self._printed

    def stop(self) -> int:
        """Stops the server as Ctrl-C does; returns its exit code."""
        if self._output.closed:
            return self._process.wait()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.output()
        self._output.close()
        return code

    def kill(self) -> None:
        """Ends the server on the spot, as a power cut does."""
        self._process.kill()
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            # A port that nothing listens on refuses at once; a first answer may take long on a busy machine.
            with closing(Client(self.url, timeout=30)) as client:
                try:
                    answer = client.get("/health")
                except HTTPError:
                    time.sleep(0.05)
                    continue
            if answer.status == 200:
                return
            raise ServerFailed(f"GET /health answered {answer.status}: {answer.data.decode()}")
        raise ServerFailed("the server ended" if self._process.poll() is not None else "the server does not answer")
