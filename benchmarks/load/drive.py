"""One stage, driven by locust as a library, in locust's own environment.

Run as a process of its own::

    python -m benchmarks.load.drive <stage> <base URL> <seconds> <file for the outcome> [<process id of the server>]

Locust's own figures are in steps of 1, 10 and 100 ms and count from the first client on; here every time is kept, and
counting starts when all clients are on their way.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from array import array
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

from benchmarks.load.users import BY_STAGE  # first: locust puts gevent in the place of Python's sockets

# isort: split
import gevent
from locust.env import Environment

from benchmarks.load.processes import Meter
from benchmarks.load.progress import Progress
from benchmarks.load.stages import CLIENTS, RAMP_SECONDS

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
