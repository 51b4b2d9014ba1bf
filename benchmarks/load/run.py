"""All stages on all targets, one after the other, with a line for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load import generator, targets, wrk
from benchmarks.load.generator import ROOT
from benchmarks.load.outcome import Outcome
from benchmarks.load.stages import STAGES
from benchmarks.load.targets import Target

Say = Callable[[str], None]
QUIET_CORES: Final = 0.2
"""Other work up to this is not worth a word: the system's own is among it."""
_SHARE_WITHIN_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Where:
    """Where and how a run is made, in words."""

    machine: str
    versions: str
    command: str


@dataclass(slots=True)
class Run:
    """What was measured."""

    seconds: int
    """Of each stage."""
    targets: Sequence[Target]
    outcomes: list[Outcome] = field(default_factory=list)
    storage: dict[str, dict[str, float]] | None = None
    """What ``benchmarks.load.storage_share`` printed; None if the targets are not on this machine."""

    def find(self, stage: str, target: str, *, of: str = "locust") -> Outcome | None:
        """The outcome of a stage on a target by a load generator, if there is one."""
        for each in self.outcomes:
            if (each.stage, each.target, each.generator) == (stage, target, of):
                return each
        return None

    def other_cores(self) -> float:
        """How many cores other work on the machine had, on average."""
        seconds = sum(each.seconds for each in self.outcomes)
        return sum(each.other_cores * each.seconds for each in self.outcomes) / seconds if seconds else 0.0


def run_all(wanted: Sequence[Target], seconds: int, say: Say, *, with_wrk: bool) -> Run:
    """Measures all that is wanted.

    Raises:
        TargetFailed, Refused, GeneratorFailed: if something does not do its work.
    """
    run = Run(seconds, wanted)
    for number, target in enumerate(wanted, 1):
        say(f"[{number}/{len(wanted)}] {target.name}")
        with targets.serving(target) as served:
            say(f"  {targets.seed(served.url)} requests to begin with")
            for outcome in _stages(target, served, seconds, with_wrk=with_wrk):
                run.outcomes.append(outcome)
                say(line(outcome))
    if targets.CONSISTENT in wanted:
        say("The storage stand-in's share ...")
        run.storage = storage_share()
    return run


def _stages(target: Target, served: targets.Served, seconds: int, *, with_wrk: bool) -> Iterator[Outcome]:
    if with_wrk:
        yield wrk.predictions(target.name, served.url, seconds, served.pid)
    for stage in STAGES:
        yield generator.locust(stage, target.name, served.url, seconds, served.pid)


def storage_share() -> dict[str, dict[str, float]]:
    """Milliseconds a request; see ``benchmarks.load.storage_share``."""
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.storage_share"],
        cwd=ROOT,
        env={**os.environ, "RUNTIME": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_SHARE_WITHIN_SECONDS,
    )
    found: dict[str, dict[str, float]] = json.loads(asked.stdout)
    return found


def line(outcome: Outcome) -> str:
    """An outcome for the terminal."""
    text = f"  {f'{outcome.stage}, {outcome.generator}':<18} {outcome.rate:9,.1f} /s"
    if all_times := outcome.times.get("all"):
        times = {"p50": all_times.p50, "p95": all_times.p95, "p99": all_times.p99}
        text += "".join(f"  {name} {value:7,.1f} ms" for name, value in times.items())
    return f"{text}  errors {outcome.failed}{_reasons(outcome)}{_others(outcome)}"


def _others(outcome: Outcome) -> str:
    return f"  (other work took {outcome.other_cores:.1f} cores)" if outcome.other_cores > QUIET_CORES else ""


def _reasons(outcome: Outcome) -> str:
    reasons = "; ".join(f"{count:,} x {reason}" for reason, count in outcome.errors.items())
    return f" ({reasons})" if reasons else ""
