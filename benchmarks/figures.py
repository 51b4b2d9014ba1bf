"""Figures: timed again and again, and printed as rows of a section.

pyperf and pytest-benchmark run what they time in processes of their own or within a test; a warm function with a model
in it is one process, whose figures are printed by section.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Rows = Iterator[tuple[str, str]]
"""What was measured, and the figure in words; each as soon as it is known."""


def print_machine() -> None:
    """Prints what the figures were taken on."""
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores\n")


def print_section(title: str, rows: Rows) -> None:
    """Prints rows below a title while they come."""
    print(title)
    for name, figure in rows:
        print(f"  {name:<44} {figure}", flush=True)
    print()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of repeated runs, sorted."""

    seconds: Sequence[float]

    @property
    def median_ms(self) -> float:
        """The median, in milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p95_ms(self) -> float:
        """The 95th percentile, in milliseconds."""
        return self.seconds[min(int(len(self.seconds) * 0.95), len(self.seconds) - 1)] * 1000


def measure(run: Callable[[], object], *, times: int, warm_up: int = 3) -> Timing:
    """Times a call; what it prints, as functions print their metrics, is thrown away."""
    seconds = []
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(warm_up):
            run()
        gc.collect()
        for _ in range(times):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return Timing(sorted(seconds))
