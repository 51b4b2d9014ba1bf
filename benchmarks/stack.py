"""The local stack under load, over HTTP, load generator on the same machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from benchmarks.handlers import daily_series

ROOT: Final = Path(__file__).resolve().parent.parent
CONNECTIONS: Final = 100
SERIES: Final = 50
SECONDS: Final = 10
_BODY: Final = b'{"timestamp": "1700600000", "value": 12.5}'


def throughput() -> Iterator[tuple[str, str]]:
    """Rows: predictions with a consistent read each, then with a head that is cached for a second."""
    generator = "wrk" if shutil.which("wrk") else "asyncio"
    yield "load generator", generator if generator == "wrk" else "asyncio, in Python; install wrk for a lighter one"
    for name, cached in (("predict, a consistent read each", "0"), ("predict, HEAD_CACHE_SECONDS=1", "1")):
        with running_stack(HEAD_CACHE_SECONDS=cached) as (base, server):
            for index in range(SERIES):
                _post(f"{base}/fit/bench-{index}", json.dumps(daily_series(500)).encode())
            before = _cpu_seconds(server.pid)
            result = _wrk(base) if generator == "wrk" else asyncio.run(_asyncio_load(base))
            cpu = (_cpu_seconds(server.pid) - before) / result.requests * 1000
        speed = f"{result.rate:8.0f} /s   p50 {result.p50_ms:6.1f} ms   p99 {result.p99_ms:6.1f} ms"
        yield name, f"{speed}   errors {result.errors}   server CPU {cpu:.2f} s per 1,000"


class Result:
    """What a load run saw."""

    def __init__(self, requests: int, seconds: float, p50_ms: float, p99_ms: float, errors: int) -> None:
        self.requests = requests
        self.rate = requests / seconds
        self.p50_ms = p50_ms
        self.p99_ms = p99_ms
        self.errors = errors


@contextmanager
def running_stack(**settings: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A local stack of its own, on a free port, stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=os.environ | settings | {"PORT": str(port), "LOCAL_LOG": "quiet", "LOCAL_STATE": "none"},
        stdout=subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/health")
        yield base, server
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(url: str) -> None:
    for _ in range(150):
        with suppress(OSError), urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own server # nosec B310
            return
        time.sleep(0.1)
    raise TimeoutError(url)


def _post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server # nosec B310
        answer.read()


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wrk(base: str) -> Result:
    script = str(Path(__file__).with_name("predict.lua"))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script, base]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()  # type: ignore[union-attr]
    non_2xx = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    errors = int(non_2xx[1]) if non_2xx else 0
    errors += sum(map(int, socket_errors.groups())) if socket_errors else 0
    return Result(int(requests), float(seconds), _percentile(out, "50"), _percentile(out, "99"), errors)


def _percentile(out: str, percent: str) -> float:
    value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", out).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


async def _asyncio_load(base: str) -> Result:
    host, port = base.removeprefix("http://").split(":")
    end = time.perf_counter() + SECONDS
    latencies: list[float] = []
    errors = 0

    async def client(number: int) -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(host, int(port))
        while (start := time.perf_counter()) < end:
            number = (number + 1) % SERIES
            writer.write(
                b"POST /predict/bench-%d HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (number, len(_BODY), _BODY)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            errors += b" 200 " not in head[:16]
            latencies.append(time.perf_counter() - start)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    return Result(len(latencies), time.perf_counter() - started, p50, p99, errors)
