"""Load generators are processes of their own, which do not outlive this one and stop by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from benchmarks.load import outcome
from benchmarks.load.meter import Meter
from benchmarks.load.outcome import Outcome
from benchmarks.load.stages import Stage
from local.sam import processes

ROOT: Final = Path(__file__).resolve().parents[2]
_STARTS_WITHIN_SECONDS: Final = 20
_ENDS_WITHIN_SECONDS: Final = 60


class GeneratorFailed(RuntimeError):
    """A load generator did not do its work; the message says why."""


def locust_python(environment: dict[str, str] | None = None) -> Path:
    """The Python of locust's environment: ``LOCUST_PYTHON``, or the one that ``make bench-load`` makes.

    Raises:
        GeneratorFailed: if it is not there.
    """
    named = (os.environ if environment is None else environment).get("LOCUST_PYTHON")
    # Not resolved: a virtual environment is known by the path of its python, which is a link.
    python = Path(named) if named else ROOT / ".venv" / "load" / "bin" / "python"
    if not python.exists():
        raise GeneratorFailed(f"there is no {python}, the environment of locust: `make bench-load` makes it")
    return python.absolute()


def locust(stage: Stage, target: str, base: str, seconds: int, server: int | None) -> Outcome:
    """One stage by locust, which shows its progress on this process's stdout.

    Args:
        stage: what is sent.
        target: the name of what it is sent to.
        base: its base URL.
        seconds: how long.
        server: the process whose time is counted, if it is on this machine.

    Raises:
        GeneratorFailed: if it ends before it is done, or does not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcome.json"
        arguments = [stage.name, base, str(seconds), str(file), *([str(server)] if server else [])]
        command: list[str | Path] = [locust_python(), "-m", "benchmarks.load.locustfile", *arguments]
        sys.stdout.flush()
        process = processes.start(command, environment=os.environ, folder=ROOT)
        _wait(process, "locust", _STARTS_WITHIN_SECONDS + seconds + _ENDS_WITHIN_SECONDS)
        return outcome.read(json.loads(file.read_text(encoding="utf-8")), target, stage.name)


def run(command: Sequence[str | Path], most_seconds: float, server: int | None) -> tuple[str, dict[str, float]]:
    """Runs another generator; returns what it printed, and the processor time by part while it ran.

    Raises:
        GeneratorFailed: if it fails or does not end in time.
    """
    with tempfile.TemporaryFile() as output:
        meter, own = Meter(server), _children_seconds()
        process = processes.start(command, environment=os.environ, folder=ROOT, output=output)
        try:
            _wait(process, Path(command[0]).name, most_seconds)
        except GeneratorFailed as error:
            raise GeneratorFailed(f"{error}\n{_printed(output)}") from None
        said = _printed(output)
        return said, meter.spent(_children_seconds() - own)


def _wait(process: subprocess.Popen[bytes], name: str, most_seconds: float) -> None:
    try:
        code = process.wait(most_seconds)
    except subprocess.TimeoutExpired:
        raise GeneratorFailed(f"{name} did not end within {most_seconds:.0f} s") from None
    finally:
        processes.stop([process])
    if code != 0:
        raise GeneratorFailed(f"{name} ended with {code}")


def _printed(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")


def _children_seconds() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system
