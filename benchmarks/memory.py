"""How much memory a function's process takes at its peak, in processes of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle  # nosec B403
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from benchmarks.figures import Rows
from benchmarks.handlers import PREDICTION, SIZES, answer, daily_series, event, stubbed
from benchmarks.stubs import StubVersionStore

ROOT: Final = Path(__file__).resolve().parent.parent


def peaks() -> Rows:
    """Rows: after the import, after one prediction, and after one fit of each size."""
    for function in ("predict", "fit", "plot"):
        yield f"{function}, imported", _in_words(_peak(function))
    versions = StubVersionStore()
    with stubbed(["fit"], versions) as functions, contextlib.redirect_stdout(io.StringIO()):
        answer(functions["fit"].lambda_handler, _fit_of(1000))
    yield "predict, after a prediction", _in_words(_peak("predict", PREDICTION, versions))
    for points in SIZES:
        yield f"fit, after {points:,} points", _in_words(_peak("fit", _fit_of(points)))


def _fit_of(points: int) -> dict[str, Any]:
    return event("/fit/bench", "/fit/{series_id}", body=daily_series(points))


def _in_words(mebibytes: float) -> str:
    return f"{mebibytes:8.0f} MiB"


def _peak(function: str, request: dict[str, Any] | None = None, versions: StubVersionStore | None = None) -> float:
    """The peak of a fresh process, in MiB."""
    told = pickle.dumps((function, json.dumps(request), versions))
    command = [sys.executable, "-m", "benchmarks.memory"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), input=told, capture_output=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """The fresh process: imports a function, invokes it once if it is told to, and prints its peak, in MiB."""
    function, request, versions = pickle.load(sys.stdin.buffer)  # noqa: S301 - by our own parent # nosec B301
    with stubbed([function], versions) as functions:
        if request != "null":
            # The event comes as JSON, as in Lambda.
            answer(functions[function].lambda_handler, json.loads(request))
    print(_peak_of_this_process())


def _peak_of_this_process() -> float:
    # Linux hands the figure of getrusage on from the process that started this one, if that was larger.
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    main()
