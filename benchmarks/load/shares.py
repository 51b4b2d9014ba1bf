"""Whose processor time a request takes: load generator, server, emulator, functions, storage stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.load.outcome import Outcome
from benchmarks.load.stages import SERIES
from benchmarks.load.targets import CACHED, IN_ONE_PROCESS

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

    In the local stack server, functions and storage are one process. What is moto's of it comes from the clock, and the
    rest is told as the functions'.
    """
    spent = {part: outcome.cpu_per_thousand(part) for part in PARTS}
    if outcome.target in {target.name for target in IN_ONE_PROCESS}:
        spent["storage"] = min(moto_share(outcome, clocked), spent["server"]) if clocked else 0.0
        spent["functions"], spent["server"] = spent["server"] - spent["storage"], 0.0
    return {part: seconds for part, seconds in spent.items() if seconds > 0}


def moto_share(outcome: Outcome, clocked: Clocked) -> float:
    """Seconds that moto takes of 1,000 requests: so many of each kind, each as long as the clock says.

    With ``HEAD_CACHE_SECONDS=1`` there is at most one read a second for each series.
    """
    requests = sum(outcome.answered.values())
    if not requests:
        return 0.0
    reads = float(outcome.answered.get("predict", 0))
    if outcome.target == CACHED.name:
        reads = min(reads, SERIES * outcome.seconds)
    # A millisecond for each is a second for 1,000.
    predict, fit = clocked["predict"]["moto"], clocked["fit"]["moto"]
    return (reads * predict + outcome.answered.get("fit", 0) * fit) / requests
