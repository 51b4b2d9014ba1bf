"""How much memory a function's process takes at its peak, in processes of their own."""

from __future__ import annotations

import base64
import contextlib
import gzip
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
from benchmarks.handlers import PREDICTION, SIZES, answer, context, daily_series, event, stubbed
from benchmarks.stubs import StubVersionStore

EXPECTED: Final = (200, 400, 413, 422)
"""Statuses of requests that are served, and of hostile ones that are refused."""

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


def hostile_bodies() -> Rows:
    """Rows: the peak of a function that refuses a body of a few kilobytes to megabytes, which would fill gigabytes."""
    # Not at the top: the processes that are measured import this file, too.
    bodies = {
        "16 MB of nested arrays": b"[" * 2**23 + b"]" * 2**23,
        "8 MB of nested arrays, which it reads": b"[" * 2**22 + b"]" * 2**22,
        "16 MB of zeros": b'{"timestamp": "1", "value": 1, "context": [' + b"0," * 2**23 + b"0]}",
        "1,500,000 unknown keys": b"{" + b",".join(b'"%d":0' % number for number in range(1_500_000)) + b"}",
    }
    for name, body in bodies.items():
        packed = gzip.compress(body, mtime=0)
        request = PREDICTION | {"body": base64.b64encode(packed).decode(), "isBase64Encoded": True}
        request["headers"] = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        request["multiValueHeaders"] = {key: [value] for key, value in request["headers"].items()}
        yield f"predict, {name}: {len(packed) / 1000:,.0f} kB", _in_words(_peak("predict", request))


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
            got = functions[function].lambda_handler(json.loads(request), context())
            if got["statusCode"] not in EXPECTED:
                raise RuntimeError(got["body"])
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
