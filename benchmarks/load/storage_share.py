"""Whose processor time a request takes, and what of the local stack's time is the stand-in for storage.

Run as a process of its own, ``python -m benchmarks.load.storage_share``, it prints milliseconds a request by kind.
The same application serves the same requests as under load, but one by one and without sockets, with a clock around
each call of botocore and around the stand-in within it: moto, and the reading of moto's tables that answers GetItem.
The clock is the processor's, of the whole process: a busy machine changes no share.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.load import stages
from benchmarks.load.outcome import Outcome
from benchmarks.load.stages import SERIES, Kind
from benchmarks.load.targets import CACHED, IN_ONE_PROCESS
from local.project import PROJECT
from local.sam.aws import reads
from local.sam.console import Console
from local.sam.server import Gateway
from local.sam.stack import one_process_stack

PARTS: Final = {
    "load generator": "load generator",
    "server": "HTTP server and gateway",
    "functions": "functions",
    "emulator": "AWS's emulator",
    "storage": "storage stand-in",
}
"""What the parts are called."""

Clocked = Mapping[str, Mapping[str, float]]
"""Milliseconds a request, by kind, as ``benchmarks.load.storage_share`` prints them."""


def cpu_by_part(outcome: Outcome, clocked: Clocked | None) -> dict[str, float]:
    """Seconds of processor time for 1,000 requests, by part; a part that has none is not there.

    In the local stack server, functions and storage are one process. What is the stand-in's of it comes from the clock,
    and the rest is told as the functions'.
    """
    spent = {part: outcome.cpu_per_thousand(part) for part in PARTS}
    if outcome.target in {target.name for target in IN_ONE_PROCESS}:
        spent["storage"] = min(stand_in_share(outcome, clocked), spent["server"]) if clocked else 0.0
        spent["functions"], spent["server"] = spent["server"] - spent["storage"], 0.0
    return {part: seconds for part, seconds in spent.items() if seconds > 0}


def stand_in_share(outcome: Outcome, clocked: Clocked) -> float:
    """Seconds that the stand-in takes of 1,000 requests: so many of each kind, each as long as the clock says.

    With ``HEAD_CACHE_SECONDS=1`` there is at most one read a second for each series.
    """
    requests = sum(outcome.answered.values())
    if not requests:
        return 0.0
    reads = float(outcome.answered.get("predict", 0))
    if outcome.target == CACHED.name:
        reads = min(reads, SERIES * outcome.seconds)
    # A millisecond for each is a second for 1,000.
    predict, fit = clocked["predict"]["stand_in"], clocked["fit"]["stand_in"]
    return (reads * predict + outcome.answered.get("fit", 0) * fit) / requests


_REQUESTS: Final[tuple[tuple[Kind, int], ...]] = (("predict", 2_500), ("fit", 300))
_WARM_UP: Final = 200


@dataclass(slots=True)
class Clock:
    """Time spent in some calls."""

    seconds: float = 0.0

    @contextmanager
    def around(self, owner: Any, name: str) -> Iterator[None]:
        """Times each call of a method while it is entered."""
        original: Callable[..., Any] = getattr(owner, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.process_time()
            try:
                return original(*arguments, **named)
            finally:
                self.seconds += time.process_time() - start

        setattr(owner, name, timed)
        try:
            yield
        finally:
            setattr(owner, name, original)


async def measure() -> dict[str, dict[str, float]]:
    """Milliseconds a request by kind: ``all``, of it ``calls`` (botocore with what is below), of that ``stand_in``."""
    terminal = sys.stdout
    found: dict[str, dict[str, float]] = {}
    async with one_process_stack(PROJECT, Console(terminal, requests=False)) as stack:
        for number in range(SERIES):
            await _post(stack.gateway, "fit", number)
        for kind, count in _REQUESTS:
            for number in range(_WARM_UP):
                await _post(stack.gateway, kind, number)
            found[kind] = await _measure(stack.gateway, kind, count)
    sys.stdout = terminal
    return found


async def _measure(gateway: Gateway, kind: Kind, count: int) -> dict[str, float]:
    # moto is in place only once the stack has started.
    from botocore.client import BaseClient
    from moto.core.models import botocore_stubber

    calls, stand_in = Clock(), Clock()
    with (
        calls.around(BaseClient, "_make_api_call"),
        stand_in.around(botocore_stubber, "process_request"),
        # What it answers does not reach moto.
        stand_in.around(reads, "get_item"),
    ):
        start = time.process_time()
        for number in range(count):
            await _post(gateway, kind, number)
        total = time.process_time() - start
    seconds = {"all": total, "calls": calls.seconds, "stand_in": stand_in.seconds}
    return {name: value / count * 1000 for name, value in seconds.items()}


async def _post(gateway: Gateway, kind: Kind, number: int) -> None:
    body, path = stages.body(kind, number), stages.path(kind, number)
    scope = {
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:3000"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await gateway(scope, receive, send)
    if statuses != [200]:
        raise RuntimeError(f"POST {path} answered {statuses}")


def main() -> None:
    """Prints the figures."""
    os.environ |= {"LOCAL_AWS": "memory", "HEAD_CACHE_SECONDS": "0"}
    print(json.dumps(asyncio.run(measure())))


if __name__ == "__main__":
    main()
