"""The clients, for locust, and one stage of them. Runs in locust's own environment.

``make bench-load`` runs it as a process of its own::

    python -m benchmarks.load.locustfile <stage> <base URL> <seconds> <file for the outcome> [<server's process id>]

By itself, in the root of the repository, with locust's own pages or without, against any base URL; KEY is an API key,
sent as ``x-api-key``::

    KEY=... locust -f benchmarks/load/locustfile.py --host https://... Mix

Locust's own statistics round times to steps of 1, 10 and 100 ms and count from the first client on. Here every time is
kept, and counting starts when all clients are running; so its CSV files and HTML report are not used.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from locust import FastHttpUser  # first: locust puts gevent in the place of Python's sockets

# isort: split
import gevent
from locust.env import Environment

from benchmarks.load import stages
from benchmarks.load.meter import Meter, Progress
from benchmarks.load.stages import CLIENTS, RAMP_SECONDS, Kind


def headers() -> dict[str, str]:
    """What each request carries; the key comes from the environment, since others can read a command line."""
    key = os.environ.get("KEY")
    return {"Content-Type": "application/json"} | ({"x-api-key": key} if key else {})


class Client(FastHttpUser):  # type: ignore[misc]  # locust is in an environment of its own
    """Sends the next request of its stage as soon as the last one is answered, over one connection."""

    abstract = True
    insecure = False  # whoever gets the key must show a certificate
    connection_timeout = 30.0
    network_timeout = 30.0
    default_headers = headers()
    turns: ClassVar[Iterator[tuple[Kind, int]]]
    """Shared by all clients of the stage."""

    def send(self) -> None:
        """One request."""
        kind, number = next(self.turns)
        self.client.post(stages.path(kind, number), data=stages.body(kind, number), name=kind)

    tasks: ClassVar = [send]


class Predict(Client):
    """Predictions alone."""

    turns = stages.turns(stages.PREDICT)


class Mix(Client):
    """Predictions, and a fit in twenty requests."""

    turns = stages.turns(stages.MIX)


class Fit(Client):
    """Fits alone. Give all series a first version with it before the other two."""

    turns = stages.turns(stages.FIT)


BY_STAGE: Final[dict[str, type[Client]]] = {
    stage.name: user for stage, user in ((stages.PREDICT, Predict), (stages.MIX, Mix), (stages.FIT, Fit))
}


_CALM_WITHIN_SECONDS: Final = 40


class Recorder:
    """What came of each request: times while it is switched on, errors in any case."""

    def __init__(self) -> None:
        self.on = False
        self.milliseconds: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self.errors: Counter[str] = Counter()

    def __call__(self, *, name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
        """Called by locust with each answer, or with what came instead."""
        if exception is not None:
            # At any time: what hangs is known to have failed only after the stage.
            self.errors[f"{name}: {_in_words(exception)}"] += 1
        elif self.on:
            self.milliseconds[name].append(response_time)

    @property
    def answered(self) -> int:
        """How many requests succeeded."""
        return sum(map(len, self.milliseconds.values()))


def _in_words(error: BaseException) -> str:
    code = getattr(getattr(error, "response", None), "status_code", 0)
    return f"status {code}" if code else type(error).__name__


def drive(stage: str, base: str, seconds: int, server: int | None) -> dict[str, Any]:
    """Runs one stage; returns what ``benchmarks.load.outcome.read`` reads."""
    recorder = Recorder()
    environment = Environment(user_classes=[BY_STAGE[stage]], host=base, stop_timeout=_CALM_WITHIN_SECONDS)
    environment.events.request.add_listener(recorder)
    runner = environment.create_local_runner()
    runner.start(CLIENTS, spawn_rate=CLIENTS)
    gevent.sleep(RAMP_SECONDS)
    progress = Progress(f"{stage}, locust", seconds)
    meter = Meter(server)
    own, started = time.process_time(), time.perf_counter()
    recorder.on = True
    while (passed := time.perf_counter() - started) < seconds:
        gevent.sleep(min(1.0, seconds - passed))
        progress.show(time.perf_counter() - started, recorder.answered, sum(recorder.errors.values()))
    recorder.on = False
    window, own = time.perf_counter() - started, time.process_time() - own
    cpu = meter.spent(own)
    progress.clear()
    # Each client gets the answer that it waits for: the next stage finds a server with nothing to do.
    runner.quit()
    if runner.exceptions:
        raise RuntimeError(next(iter(runner.exceptions.values()))["traceback"])
    return {
        "seconds": window,
        "milliseconds": {kind: list(times) for kind, times in recorder.milliseconds.items()},
        "errors": dict(recorder.errors),
        "cpu_seconds": cpu,
    }


def main() -> None:
    """See the head of this file."""
    logging.disable(logging.WARNING)  # that the generator is busy is in its figures
    stage, base, seconds, file, *server = sys.argv[1:]
    outcome = drive(stage, base, int(seconds), int(server[0]) if server else None)
    Path(file).write_text(json.dumps(outcome), encoding="utf-8")
    # Nothing is left to do; gevent would look after its threads first.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
