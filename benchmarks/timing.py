"""Repeated timing and its statistics."""

from __future__ import annotations

import contextlib
import gc
import io
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


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
