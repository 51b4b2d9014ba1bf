"""wrk as load generator: it is in C, and leaves to the server most of what a generator in Python takes for itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

from benchmarks.load.generator import GeneratorFailed, run
from benchmarks.load.outcome import Outcome, Quantiles
from benchmarks.load.stages import CLIENTS, PREDICT

_SCRIPT: Final = "benchmarks/load/predict.lua"
_RESULT: Final = re.compile(r"^RESULT (?P<numbers>[\d ]+?) (?P<errors>status=.*)$", re.MULTILINE)
_TIMEOUT_SECONDS: Final = 30


def installed() -> str | None:
    """The version that is installed, such as ``4.1.0``; None if none is."""
    program = shutil.which("wrk")
    if program is None:
        return None
    # It exits with 1 after that.
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+\.\d+\.\d+)", said.stdout + said.stderr)
    return found[1] if found else "of an unknown version"


def command(base: str, seconds: int) -> list[str]:
    """What is run, in the root of the repository."""
    limits = ["-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", f"{_TIMEOUT_SECONDS}s"]
    return ["wrk", *limits, "-s", _SCRIPT, base]


def predictions(target: str, base: str, seconds: int, server: int | None) -> Outcome:
    """Asks for predictions over as many connections as there are clients.

    Raises:
        GeneratorFailed: if wrk ends before it is done.
    """
    program, *arguments = command(base, seconds)
    program = shutil.which(program) or program
    said, cpu = run([program, *arguments], seconds + _TIMEOUT_SECONDS, server)
    return parse(said, target, cpu)


def parse(said: str, target: str, cpu: dict[str, float]) -> Outcome:
    """What ``predict.lua`` printed in the end.

    Raises:
        GeneratorFailed: if it printed nothing.
    """
    found = _RESULT.search(said)
    if found is None:
        raise GeneratorFailed(f"wrk said nothing of what it saw:\n{said}")
    requests, duration, *times = map(int, found["numbers"].split())
    errors = {}
    for name, count in (pair.split("=") for pair in found["errors"].split()):
        if int(count):
            errors["another status than 2xx or 3xx" if name == "status" else f"{name} failed"] = int(count)
    # A request that got another status is among the requests; one that got no answer is not.
    refused = next((int(count) for name, count in errors.items() if name.startswith("another")), 0)
    p50, p95, p99 = (time / 1000 for time in times)
    quantiles = Quantiles(p50, p95, p99)
    return Outcome(
        target=target,
        stage=PREDICT.name,
        generator="wrk",
        seconds=duration / 1e6,
        answered={"predict": requests - refused},
        times={"predict": quantiles, "all": quantiles},
        errors=errors,
        cpu_seconds=cpu,
    )


__all__ = ["GeneratorFailed", "command", "installed", "parse", "predictions"]
