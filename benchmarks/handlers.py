"""One invocation's own work, in process, storage left out."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from benchmarks.figures import Rows, Timing, measure
from benchmarks.stubs import StubDataStore, StubVersionStore
from local.sam.functions import LambdaContext

if TYPE_CHECKING:
    from tidewatch.tenancy import Tenant

ROOT: Final = Path(__file__).resolve().parent.parent
SIZES: Final = (1_000, 10_000, 100_000, 250_000)
AUTHORIZED: Final = {"tenant": "default", "keyId": "bench", "scopes": "read write", "status": "active"}
FUNCTIONS: Final = ("fit", "predict", "plot")


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
        "requestContext": {"stage": "dev", "path": f"/dev{path}", "requestId": "bench", "authorizer": AUTHORIZED},
        "body": base64.b64encode(text).decode() if text else None,
        "isBase64Encoded": bool(text),
    }


PREDICTION: Final = event("/predict/bench", "/predict/{series_id}", body={"timestamp": "1700600000", "value": 12.5})
BATCH_POINTS: Final = 1_000
BATCH: Final = event(
    "/predict/bench",
    "/predict/{series_id}",
    body={"points": [{"timestamp": str(1_700_600_000 + 60 * i), "value": 100 + i % 7} for i in range(BATCH_POINTS)]},
)
ROW: Final = event(
    "/predict/rows",
    "/predict/{series_id}",
    body={"rows": [{"timestamp": "2025-01-01T00:00:00", "x1": 0.1, "x2": 0.2, "x3": 0.3}]},
)
OF_ROWS: Final = ("isolation_forest", "mahalanobis", "pca", "knn", "forecast_residual")
PLOT: Final = event("/plot", "/plot", query={"series_id": "bench"})


def daily_series(points: int) -> dict[str, list[float]]:
    """A minute-by-minute series with a daily wave; the digits are as long as those of a real metric."""
    values = [round(100 + 20 * math.sin(i * math.tau / 1440) + (i * 7919 % 997) / 100, 3) for i in range(points)]
    return {"timestamps": [1_700_000_000 + 60 * i for i in range(points)], "values": values}


def machine_rows(count: int) -> list[dict[str, float]]:
    """Rows of three variables a minute, of which the second and the third follow the first."""
    found = []
    for i in range(count):
        x1 = round(math.sin(i * math.tau / 144) + (i * 7919 % 997) / 1000, 3)
        x2, x3 = round(2 * x1 + (i * 104729 % 991) / 1000, 3), round((i * 1299709 % 983) / 500 - x1, 3)
        found.append({"timestamp": 1_700_000_000 + 60 * i, "x1": x1, "x2": x2, "x3": x3})
    return found


@contextlib.contextmanager
def stubbed(
    names: Sequence[str] = FUNCTIONS, versions: StubVersionStore | None = None
) -> Iterator[dict[str, ModuleType]]:
    """The handlers' modules, over storage that costs nothing.

    Args:
        names: those to import.
        versions: where versions are, and go to; nowhere but in memory unless given.
    """
    from tidewatch.settings import Settings

    stores = tuple(name for name in Settings.env_names() if name.endswith(("_NAME", "_BUCKET", "_URL")))
    # Only meanwhile: the names must not reach the stand-ins that other benchmarks start.
    with patch.dict(os.environ, dict.fromkeys(stores, "stub")):
        from tidewatch import composition
        from tidewatch.registry import Publisher, Registry, TrainingData

        versions, data, arrays = versions or StubVersionStore(), StubDataStore(), StubDataStore()
        publisher = Publisher(versions, data, arrays, deadline_seconds=1, now=lambda: datetime.now(UTC), libraries={})
        # One for all requests, as in a warm function, where it keeps the models that it restored.
        registry = Registry(versions, lambda: arrays)
        no_key_is_sent: Any = object()
        instead: dict[str, Any] = {
            "publisher": lambda: publisher,
            "registry": lambda: registry,
            "training_data": lambda: TrainingData(data),
            "idempotency_client": lambda: no_key_is_sent,
        }
        with patch.multiple(composition, **instead):
            yield {name: _load(name) for name in names}


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "functions" / name / "handler.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def invocations() -> Rows:
    """Rows: predict, then fit and plot at growing sizes."""
    yield "authorizer, a key that it has seen", _in_words(measure(_known_key(), times=20_000, warm_up=500))
    with stubbed() as functions:
        fit, predict, plot = (functions[name].lambda_handler for name in FUNCTIONS)
        with contextlib.redirect_stdout(io.StringIO()):
            answer(fit, event("/fit/bench", "/fit/{series_id}", body=daily_series(1000)))
        yield "predict", _in_words(measure(lambda: answer(predict, PREDICTION), times=20_000, warm_up=500))
        timing = measure(lambda: answer(predict, BATCH), times=200, warm_up=10)
        yield f"predict, a batch of {BATCH_POINTS:,} points", _in_words(timing)
        for detector in OF_ROWS:
            fitted = event("/fit/rows", "/fit/{series_id}", body={"rows": machine_rows(500), "detector": detector})
            with contextlib.redirect_stdout(io.StringIO()):
                answer(fit, fitted)
            timing = measure(lambda: answer(predict, ROW), times=5_000, warm_up=100)
            yield f"predict, a row of 3 variables, {detector}", _in_words(timing)
        for points in SIZES:
            request = event("/fit/bench", "/fit/{series_id}", body=daily_series(points))
            timing = measure(_call(fit, request), times=max(5, 200_000 // points))
            yield f"fit, {points:,} points", _in_words(timing)
            timing = measure(lambda: answer(plot, PLOT), times=5, warm_up=1)
            yield f"plot, {points:,} points", _in_words(timing)


def _known_key() -> Callable[[], object]:
    """An invocation of the authorizer about a key that it keeps."""
    from tidewatch import composition
    from tidewatch.services.authorize import Authorizer
    from tidewatch.tenancy import ALL_SCOPES, DEFAULT_TENANT, KeyRecord, TenantRecord

    class OneKey:
        def find_key(self, sha256: str) -> KeyRecord:
            return KeyRecord(DEFAULT_TENANT, "bench", sha256, "bench", ALL_SCOPES, datetime.now(UTC))

        def find_tenant(self, tenant: Tenant) -> TenantRecord:
            return TenantRecord(tenant, metering_key="counts")

    authorizer = Authorizer(OneKey())
    with stubbed(["authorizer"]) as functions:
        handler = functions["authorizer"].lambda_handler
    asked = {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abc/dev/POST/predict/bench",
        "headers": {f"X-Header-{number}": "value" for number in range(12)} | {"x-api-key": "k" * 43},
    }

    setattr(composition, "authorizer", lambda: authorizer)  # noqa: B010 - mypy takes no assignment to a function
    return lambda: handler(asked, None)


def answer(handler: Callable[..., dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """Invokes a handler; anything but a 200 is an error here."""
    got = handler(request, context())
    if got["statusCode"] != 200:
        raise RuntimeError(got["body"])
    return got


def _call(handler: Callable[..., dict[str, Any]], request: dict[str, Any]) -> Callable[[], object]:
    return lambda: answer(handler, request)


def _in_words(timing: Timing) -> str:
    return f"median {timing.median_ms:9.3f} ms   p95 {timing.p95_ms:9.3f} ms"
