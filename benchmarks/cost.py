"""``make cost``: what the service costs on AWS, from durations measured here and a table of list prices.

What is measured is our own work; how long DynamoDB and S3 take to answer is assumed, and said so. The free tier is left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from benchmarks.handlers import context, daily_series, event, stubbed
from benchmarks.timing import measure
from local.project import PROJECT
from local.sam.routes import read_routes

PRICES_OF: Final = "US East (N. Virginia), list prices of November 2026"
REST_REQUEST: Final = 3.50e-6
HTTP_REQUEST: Final = 1.00e-6
LAMBDA_REQUEST: Final = 0.20e-6
LAMBDA_GB_SECOND_ARM: Final = 13.3334e-6
DYNAMODB_READ: Final = 0.125e-6
DYNAMODB_WRITE: Final = 0.625e-6
DYNAMODB_GB_MONTH: Final = 0.25
S3_PUT: Final = 5.0e-6
S3_GB_MONTH: Final = 0.023
LOGS_GB: Final = 0.50
METRIC_MONTH: Final = 0.30
TRACE: Final = 5.0e-6
SNAPSHOT_GB_SECOND: Final = 1.5046e-6

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
# Lambda gives a whole core at 1,769 MB, and no more than that to one thread.
MEMORY_OF_A_CORE: Final = 1769
# Assumed answers, in milliseconds; measured figures of one's own account belong here.
DYNAMODB_READ_MS: Final = 4.0
DYNAMODB_TRANSACTION_MS: Final = 12.0
S3_PUT_MS: Final = 30.0
# Our line of metrics, the API's access log, and Lambda's START, END and REPORT.
LOG_BYTES: Final = 1_300
TRACED: Final = 0.05
MONTH_SECONDS: Final = 30 * 86_400

PREDICTIONS_A_SERIES: Final = MONTH_SECONDS // 300
FITS_A_SERIES: Final = 4
POINTS_A_FIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars, by service."""

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """Their sum."""
        return sum(self.parts.values())

    def __add__(self, other: Cost) -> Cost:
        names = dict.fromkeys([*self.parts, *other.parts])
        return Cost({name: self.parts.get(name, 0) + other.parts.get(name, 0) for name in names})

    def __mul__(self, times: float) -> Cost:
        return Cost({name: part * times for name, part in self.parts.items()})


def of_prediction(own_ms: float) -> Cost:
    """One prediction with a consistent read of its series' head, an item under 4 KB."""
    return _request("PredictFunction", own_ms, DYNAMODB_READ_MS) + Cost({"DynamoDB": DYNAMODB_READ})


def of_fit(own_ms: float, stored_bytes: float) -> Cost:
    """One fit: data to S3, a read of the head, a transaction of two items under 1 KB, one of them also in the index."""
    waiting = S3_PUT_MS + DYNAMODB_READ_MS + DYNAMODB_TRANSACTION_MS
    # A transaction writes each item twice.
    writes = 2 * 2 + 1
    storage = {"DynamoDB": DYNAMODB_READ + writes * DYNAMODB_WRITE, "S3": S3_PUT + stored_bytes / 1e9 * S3_GB_MONTH}
    return _request("FitFunction", own_ms, waiting) + Cost(storage)


def of_idling() -> Cost:
    """A month in which nobody calls."""
    snapshots = sum(memory_mb().values()) / 1024 * SNAPSHOT_GB_SECOND * MONTH_SECONDS
    # Nine alarms over about thirty metrics; a dashboard beyond the first three of an account; the alarm topic's key.
    return Cost({"Lambda (SnapStart)": snapshots, "CloudWatch": 30 * 0.10 + 3.0 + 12 * METRIC_MONTH, "KMS": 1.0})


@lru_cache(maxsize=1)
def memory_mb() -> Mapping[str, int]:
    """The memory of each function, by its name in template.yaml."""
    template = PROJECT.read_template(REGION)
    return {route.function.logical_id: route.function.memory_mb for route in read_routes(template, ROOT).routes}


def _request(function: str, own_ms: float, waiting_ms: float) -> Cost:
    memory = memory_mb()[function]
    milliseconds = own_ms * max(MEMORY_OF_A_CORE / memory, 1.0) + waiting_ms
    return Cost(
        {
            "API Gateway": REST_REQUEST,
            "Lambda": LAMBDA_REQUEST + milliseconds / 1000 * memory / 1024 * LAMBDA_GB_SECOND_ARM,
            "CloudWatch": LOG_BYTES / 1e9 * LOGS_GB,
            "X-Ray": TRACED * TRACE,
        }
    )


def main() -> None:
    """Measures, then prints the sums."""
    predict_ms, fit_ms = _measured()
    prediction, fit = of_prediction(predict_ms), of_fit(fit_ms, stored_bytes=13.0 * POINTS_A_FIT)
    sizes = ", ".join(f"{name.removesuffix('Function').lower()} {size} MB" for name, size in memory_mb().items())
    print(f"{PRICES_OF}; arm64, {sizes}; own work measured here: predict {predict_ms:.2f} ms, fit {fit_ms:.1f} ms\n")
    _print("A million predictions", prediction * 1e6)
    series = prediction * PREDICTIONS_A_SERIES + fit * FITS_A_SERIES
    habits = f"a prediction every 5 minutes and {FITS_A_SERIES} fits of {POINTS_A_FIT:,} points a month each"
    _print(f"A thousand series for a month, with {habits}", series * 1000)
    _print("A month in which nobody calls", of_idling())
    saved = (REST_REQUEST - HTTP_REQUEST) * 1e6
    print(f"An HTTP API in the place of the REST API would save ${saved:.2f} per million requests; it has no API keys,")
    print("usage plans or request throttling by key, which would then be ours to build.")


def _measured() -> tuple[float, float]:
    with stubbed() as functions:
        fit, predict = functions["fit"].lambda_handler, functions["predict"].lambda_handler
        fitting = event("/fit/cost", "/fit/{series_id}", body=daily_series(POINTS_A_FIT))
        asking = event("/predict/cost", "/predict/{series_id}", body={"timestamp": "1700600000", "value": 12.5})
        fit_ms = measure(lambda: fit(fitting, context()), times=30).median_ms
        predict_ms = measure(lambda: predict(asking, context()), times=5_000, warm_up=200).median_ms
    return predict_ms, fit_ms


def _print(title: str, cost: Cost) -> None:
    print(title)
    for name, dollars in cost.parts.items():
        print(f"  {name:<20} ${dollars:9.2f}")
    print(f"  {'in all':<20} ${cost.total:9.2f}\n")


if __name__ == "__main__":
    main()
