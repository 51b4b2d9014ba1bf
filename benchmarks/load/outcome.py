"""What came of a stage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.meter import OTHERS


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Times of requests, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One stage on one target, as one load generator saw it. Failed requests are neither in rates nor in times."""

    target: str
    stage: str
    generator: str
    seconds: float
    answered: Mapping[str, int]
    """Requests that succeeded, by kind."""
    times: Mapping[str, Quantiles]
    """Of them: by kind, and of all together under ``all``. A kind without a request is not there."""
    errors: Mapping[str, int]
    """Failed requests, by what came instead."""
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    """Processor time by part, and of all others on the machine; empty where it cannot be known."""

    @property
    def rate(self) -> float:
        """Requests that succeeded, a second."""
        return sum(self.answered.values()) / self.seconds

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(self.errors.values())

    @property
    def other_cores(self) -> float:
        """How many cores work had that is neither the service's nor the load generator's; 0 where it is not known."""
        return self.cpu_seconds.get(OTHERS, 0.0) / self.seconds

    def cpu_per_thousand(self, part: str) -> float:
        """Seconds of processor time that a part spent on 1,000 requests, failed ones among them."""
        requests = sum(self.answered.values()) + self.failed
        return self.cpu_seconds.get(part, 0.0) / requests * 1000 if requests else 0.0


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of all is not above.

    Args:
        ordered: values, ascending.
        share: above 0, at most 1.

    Raises:
        ValueError: if there is no value.
    """
    if not ordered:
        raise ValueError("no value has no quantile")
    # 0.95 * 20 is a little above 19 in binary: the rank must not become 20 for that.
    return ordered[max(math.ceil(round(share * len(ordered), 6)), 1) - 1]


def quantiles(times: Iterable[float]) -> Quantiles:
    """The three of them; the times are in milliseconds, in any order."""
    ordered = sorted(times)
    return Quantiles(quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 0.99))


def merged(milliseconds: Mapping[str, Sequence[float]]) -> dict[str, Quantiles]:
    """The quantiles of each kind, and of all of them together, which cannot be had from those of the kinds."""
    found = {kind: quantiles(times) for kind, times in milliseconds.items() if times}
    every = [time for times in milliseconds.values() for time in times]
    return found | ({"all": quantiles(every)} if every else {})


def read(document: Mapping[str, Any], target: str, stage: str) -> Outcome:
    """What ``benchmarks.load.locustfile`` wrote."""
    milliseconds: Mapping[str, Sequence[float]] = document["milliseconds"]
    return Outcome(
        target=target,
        stage=stage,
        generator="locust",
        seconds=document["seconds"],
        answered={kind: len(times) for kind, times in milliseconds.items()},
        times=merged(milliseconds),
        errors=document["errors"],
        cpu_seconds=document["cpu_seconds"],
    )
