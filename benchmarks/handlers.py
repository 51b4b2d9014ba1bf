"""One invocation's own work, in process, storage left out."""

from __future__ import annotations

import base64
import importlib.util
import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from benchmarks.stubs import StubDataStore, StubVersionStore
from benchmarks.timing import measure
from local.functions import LambdaContext

ROOT: Final = Path(__file__).resolve().parent.parent
SIZES: Final = (1_000, 10_000, 100_000, 250_000)


def context() -> LambdaContext:
    """A Lambda context."""
    return LambdaContext("bench", 512, "arn:aws:lambda:eu-central-1:123456789012:function:bench", 28)


def event(path: str, resource_path: str, *, body: object = None, query: dict[str, str] | None = None) -> dict[str, Any]:
    """A REST proxy event, with its body in base64 as API Gateway sends it."""
    parts = path.strip("/").split("/")
    text = json.dumps(body).encode() if body is not None else None
    return {
        "resource": resource_path,
        "path": path,
        "httpMethod": "GET" if body is None else "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
        "pathParameters": {"series_id": parts[1]} if "{" in resource_path else None,
        "requestContext": {"stage": "dev", "path": f"/dev{path}", "requestId": "bench"},
        "body": base64.b64encode(text).decode() if text else None,
        "isBase64Encoded": bool(text),
    }


def daily_series(points: int) -> dict[str, list[float]]:
    """A minute-by-minute series with a daily wave; the digits are as long as those of a real metric."""
    values = [round(100 + 20 * math.sin(i * math.tau / 1440) + (i * 7919 % 997) / 100, 3) for i in range(points)]
    return {"timestamps": [1_700_000_000 + 60 * i for i in range(points)], "values": values}


@contextmanager
def stubbed() -> Iterator[dict[str, ModuleType]]:
    """The handlers' modules, over storage that costs nothing."""
    os.environ.update(TABLE_NAME="stub", IDEMPOTENCY_TABLE_NAME="stub", DATA_BUCKET="stub")
    # After the environment.
    from tidewatch import api
    from tidewatch.api.once_only import OnceOnly, get_once_only
    from tidewatch.models import Publisher, Registry, TrainingData

    versions, data = StubVersionStore(), StubDataStore()
    publisher = Publisher(versions, data, deadline_seconds=1, now=lambda: datetime.now(UTC), libraries={})
    modules = {name: _load(name) for name in ("fit", "predict", "plot")}
    for module in modules.values():
        module.app.dependency_overrides |= {
            api.get_publisher: lambda: publisher,
            api.get_registry: lambda: Registry(versions),
            api.get_training_data: lambda: TrainingData(data),
            get_once_only: lambda: OnceOnly(None, 60),  # type: ignore[arg-type]  # no key is sent
        }
    yield modules


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "functions" / name / "handler.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def invocations() -> Iterator[tuple[str, str]]:
    """Rows: predict, then fit and plot at growing sizes."""
    with stubbed() as functions:
        fit, predict, plot = (functions[name].lambda_handler for name in ("fit", "predict", "plot"))
        for points in SIZES:
            request = event("/fit/bench", "/fit/{series_id}", body=daily_series(points))
            timing = measure(_call(fit, request), times=max(5, 200_000 // points))
            yield f"fit, {points:,} points", f"median {timing.median_ms:8.2f} ms   p95 {timing.p95_ms:8.2f} ms"
            request = event("/plot", "/plot", query={"series_id": "bench"})
            timing = measure(_call(plot, request), times=5, warm_up=1)
            yield f"plot, {points:,} points", f"median {timing.median_ms:8.2f} ms   p95 {timing.p95_ms:8.2f} ms"
        request = event("/predict/bench", "/predict/{series_id}", body={"timestamp": "1700600000", "value": 12.5})
        timing = measure(_call(predict, request), times=20_000, warm_up=500)
        yield "predict", f"median {timing.median_ms:8.3f} ms   p95 {timing.p95_ms:8.3f} ms"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield "memory of this process, at its peak", f"{peak:.0f} MiB"


def _call(handler: Callable[..., dict[str, Any]], request: dict[str, Any]) -> Callable[[], None]:
    def call() -> None:
        answer = handler(request, context())
        if answer["statusCode"] != 200:
            raise RuntimeError(answer["body"])

    return call


_IMPORT_OF_PREDICT: Final = """
import sys, time
sys.path[:0] = ["shared", "functions/predict"]
start = time.perf_counter()
import boto3
boto3.client("dynamodb", region_name="eu-central-1")
boto = time.perf_counter()
import handler
print((boto - start) * 1000, (time.perf_counter() - boto) * 1000, *sorted({name.split(".")[0] for name in sys.modules}))
"""


def cold_imports(times: int = 5) -> Iterator[tuple[str, str]]:
    """Rows: what a fresh interpreter spends on the predict function, beside boto3 and one client, which any would."""
    runs = []
    for _ in range(times):
        out = subprocess.run(
            [sys.executable, "-c", _IMPORT_OF_PREDICT], cwd=ROOT, capture_output=True, text=True, check=True
        )
        first, rest, *names = out.stdout.split()
        runs.append((float(first), float(rest), names))
    boto, ours, modules = sorted(runs, key=lambda run: run[0] + run[1])[times // 2]
    yield "cold import: boto3 and a DynamoDB client", f"{boto:8.0f} ms"
    yield "cold import: the rest of predict", f"{ours:8.0f} ms   ({(boto + ours) / boto:.2f} times boto3 alone in all)"
    heavy = sorted({"matplotlib", "scipy", "sklearn", "pandas"} & set(modules))
    yield "heavy modules that predict imports", ", ".join(heavy) or "none of matplotlib, scipy, sklearn, pandas"
