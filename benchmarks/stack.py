"""The local stack under load, over HTTP, with the load generator on the same machine: ``make bench-load`` in short."""

from __future__ import annotations

from typing import Final

from benchmarks.figures import Rows
from benchmarks.load import generator, targets, wrk
from benchmarks.load.stages import PREDICT

SECONDS: Final = 10


def throughput() -> Rows:
    """Rows: predictions with a consistent read each, then with a head that is cached for a second."""
    with_wrk = wrk.installed() is not None
    yield "load generator", "wrk" if with_wrk else "locust, in Python; install wrk for a lighter one"
    for name, target in (
        ("predict, a consistent read each", targets.CONSISTENT),
        ("predict, HEAD_CACHE_SECONDS=1", targets.CACHED),
    ):
        with targets.serving(target) as served:
            targets.seed(served.url)
            if with_wrk:
                seen = wrk.predictions(target.name, served.url, SECONDS, served.pid)
            else:
                try:
                    seen = generator.locust(PREDICT, target.name, served.url, SECONDS, served.pid)
                except generator.GeneratorFailed as error:
                    yield name, str(error)
                    continue
        times = seen.times["all"]
        speed = f"{seen.rate:8.0f} /s   p50 {times.p50:6.1f} ms   p99 {times.p99:6.1f} ms"
        yield name, f"{speed}   errors {seen.failed}   server CPU {seen.cpu_per_thousand('server'):.2f} s per 1,000"
