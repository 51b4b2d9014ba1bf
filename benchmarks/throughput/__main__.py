"""``make bench-throughput``: points a second of every detector, in batch and one at a time, beside other libraries."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "shared"))

from benchmarks.throughput import jobs, peers
from benchmarks.throughput.jobs import Job

_ROUNDS = 5
_SINGLES = 200
_LONG_SECONDS = 2.0


def main() -> None:
    """Runs every job and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    points = parser.parse_args().points
    print(f"{points:,} points, a season of 288; medians of {_ROUNDS} rounds, of fewer where one takes long\n")
    print(f"{'':32}{'fit':>12}{'batch':>16}{'one point, warm':>18}")
    print(f"{'':32}{'ms':>12}{'points/s':>16}{'ms':>18}")
    for job in jobs.catalogue_jobs(points):
        _print(job)
    print("\nothers")
    for job in peers.jobs(points):
        _print(job)


def _print(job: Job) -> None:
    print(f"\r{job.name} ...", end="", file=sys.stderr, flush=True)
    learn, batch = _median(job.learn), _median(job.batch)
    random = np.random.default_rng(0).normal(100.0, 5.0, _SINGLES).tolist()
    singles = []
    for value in random:
        begin = time.perf_counter()
        job.single(value)
        singles.append(time.perf_counter() - begin)
    print(end="\r" + " " * 40 + "\r", file=sys.stderr, flush=True)
    rate = job.batch_points / batch
    print(f"{job.name:32}{1000 * learn:12,.1f}{rate:16,.0f}{1000 * statistics.median(singles):18.3f}   {job.note}")


def _median(work: Callable[[], object]) -> float:
    """Seconds; the first round warms up, unless it takes long."""
    seconds: list[float] = []
    for round_ in range(_ROUNDS + 1):
        begin = time.perf_counter()
        work()
        took = time.perf_counter() - begin
        if round_ or took > _LONG_SECONDS:
            seconds.append(took)
        if took > _LONG_SECONDS:
            break
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
