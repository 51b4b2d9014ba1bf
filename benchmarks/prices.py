"""What AWS charges, and what the service uses of it: the arithmetic behind ``make cost``.

Nothing is measured here: durations come from whoever asks. Volume discounts and the free tier are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, Final

from tidewatch.telemetry import DIMENSION_SETS

from local.sam.template import Template, load_template

PRICES_OF: Final = "US East (N. Virginia), list prices of November 2026"
REST_REQUEST: Final = 3.50e-6
HTTP_REQUEST: Final = 1.00e-6
LAMBDA_REQUEST: Final = 0.20e-6
LAMBDA_GB_SECOND_ARM: Final = 13.3334e-6
SNAPSHOT_GB_SECOND: Final = 1.5046e-6
DYNAMODB_READ: Final = 0.125e-6
DYNAMODB_WRITE: Final = 0.625e-6
S3_PUT: Final = 5.0e-6
S3_GB_MONTH: Final = 0.023
LOGS_GB: Final = 0.50
TRACE: Final = 5.0e-6
DATA_OUT_GB: Final = 0.09
METRIC_MONTH: Final = 0.30
ALARM_METRIC_MONTH: Final = 0.10
DASHBOARD_MONTH: Final = 3.0
KEY_MONTH: Final = 1.0
SQS_FIFO_REQUEST: Final = 0.50e-6

ROOT: Final = Path(__file__).resolve().parent.parent
REGION: Final = "us-east-1"
MONTH_SECONDS: Final = 30 * 86_400
# Lambda gives a whole core at 1,769 MB, and no more than that to one thread.
MEMORY_OF_A_CORE: Final = 1769
# Assumed answers, in milliseconds; measured figures of one's own account belong here.
DYNAMODB_READ_MS: Final = 4.0
DYNAMODB_TRANSACTION_MS: Final = 12.0
S3_PUT_MS: Final = 30.0
# Our line of metrics, the API's access log, and Lambda's START, END and REPORT, of the authorizer too.
LOG_BYTES: Final = 1_650
# A warm authorizer knows the key: a twentieth of a millisecond of a core, and Lambda charges no less than one.
AUTHORIZER_MS: Final = 1.0
TRACED: Final = 0.05
# Status line and headers of an answer, TLS included.
HEADER_BYTES: Final = 600
# What `make deploy` keeps beside the live version.
VERSIONS_KEPT: Final = 2
_POLLERS: Final = 5
_LONG_POLL_SECONDS: Final = 20


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


@dataclass(frozen=True, slots=True)
class Call:
    """One request: our own work in milliseconds of a whole core, and the bytes of its answer's body."""

    own_ms: float
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class User:
    """Somebody's habits over a month."""

    name: str
    series: int
    seconds_between_points: int
    detectors: int
    """Different detectors in use."""
    points_in_batch: int
    """Points of one request, where the user predicts in batches."""
    fits_of_a_series: int = 4
    points_of_a_fit: int = 10_000

    @property
    def points(self) -> int:
        """Points that are judged in a month."""
        return self.series * MONTH_SECONDS // self.seconds_between_points


USERS: Final = (
    User("small", series=20, seconds_between_points=300, detectors=2, points_in_batch=12),
    User("middle", series=1_000, seconds_between_points=300, detectors=5, points_in_batch=12),
    User("large", series=20_000, seconds_between_points=60, detectors=15, points_in_batch=60),
)
"""Three to think of. A batch is the points of an hour."""


def of_prediction(call: Call) -> Cost:
    """One request to predict, with a consistent read of its series' head, an item under 4 KB."""
    return _request("PredictFunction", call, DYNAMODB_READ_MS) + Cost({"DynamoDB": DYNAMODB_READ})


def of_fit(call: Call, stored_bytes: float) -> Cost:
    """One fit: data to S3, a read of the head, a transaction of two items under 1 KB, one of them also in the index."""
    waiting = S3_PUT_MS + DYNAMODB_READ_MS + DYNAMODB_TRANSACTION_MS
    # A transaction writes each item twice.
    writes = 2 * 2 + 1
    storage = {"DynamoDB": DYNAMODB_READ + writes * DYNAMODB_WRITE, "S3": S3_PUT + stored_bytes / 1e9 * S3_GB_MONTH}
    return _request("FitFunction", call, waiting) + Cost(storage)


def of_idling(*, versions: int = VERSIONS_KEPT, dashboard: bool = True, training_snapshots: bool = False) -> Cost:
    """A month in which nobody calls.

    Custom metrics cost nothing then: CloudWatch charges one for the hours in which a value of it was sent.

    Args:
        versions: of each function that are kept; each has its own snapshot.
        dashboard: whether there is one, and the account has three others.
        training_snapshots: whether fit and detect have snapshots too.
    """
    parameters = {"TrainingSnapshots": "PublishedVersions"} if training_snapshots else {}
    parts = {
        "Lambda, snapshots": versions * snapshot_mb(**parameters) / 1024 * SNAPSHOT_GB_SECOND * MONTH_SECONDS,
        "CloudWatch, alarms": alarm_metrics() * ALARM_METRIC_MONTH,
        "CloudWatch, dashboard": DASHBOARD_MONTH if dashboard else 0.0,
        "KMS, key of the alarms": KEY_MONTH,
        "SQS, polling of the jobs": polling_requests() * SQS_FIFO_REQUEST,
    }
    return Cost(parts)


def of_month(user: User, prediction: Call, batch: Call | None, fit: Call) -> Cost:
    """A user's month, idling included.

    Args:
        user: the habits.
        prediction: a request of one point.
        batch: a request of ``user.points_in_batch`` points; ``None`` for a user who sends each point by itself.
        fit: a fit of ``user.points_of_a_fit`` points.
    """
    requests = user.points if batch is None else user.points // user.points_in_batch
    fits = user.series * user.fits_of_a_series
    predicting = of_prediction(batch or prediction) * requests
    # A stored point has 13 bytes; what was stored in a month stays.
    fitting = of_fit(fit, stored_bytes=13.0 * user.points_of_a_fit) * fits
    metrics = Cost({"CloudWatch, metrics": custom_metrics(user.detectors) * METRIC_MONTH})
    return of_idling() + metrics + predicting + fitting


def custom_metrics(detectors: int) -> int:
    """How many custom metrics a stage has in which every route is called.

    Each combination of a metric's dimensions is one that CloudWatch charges.

    Args:
        detectors: how many different ones are in use.
    """
    # The functions behind routes count their cold starts; others have no metrics.
    called = sum(
        any(event["Type"] == "Api" for event in each.get("Events", {}).values()) for each in _functions().values()
    )
    values = {"service": 1, "stage": 1, "detector": detectors, "function_name": called}
    ours = sum(prod(values[name] for name in names) for sets in DIMENSION_SETS.values() for names in sets)
    from_logs = sum(
        len(each["MetricTransformations"]) for each in template().resources("AWS::Logs::MetricFilter").values()
    )
    return ours + from_logs


def polling_requests() -> float:
    """How often Lambda asks the queues in a month that have nothing to give.

    Each event source mapping has five pollers, which ask for as long as a request may wait. With a maximum concurrency,
    as ours has, there are never fewer.
    """
    mappings = [
        event
        for function in template().resources("AWS::Serverless::Function").values()
        for event in (function.get("Events") or {}).values()
        if event["Type"] == "SQS"
    ]
    return len(mappings) * _POLLERS * MONTH_SECONDS / _LONG_POLL_SECONDS


def alarm_metrics() -> int:
    """How many metrics the alarms watch: CloudWatch charges each, not each alarm."""
    alarms = template().resources("AWS::CloudWatch::Alarm").values()
    return sum(len([each for each in alarm.get("Metrics", []) if "MetricStat" in each]) or 1 for alarm in alarms)


def snapshot_mb(**parameters: str) -> int:
    """The memory of all functions that have a snapshot, in MB."""
    return sum(
        _memory_mb(function)
        for function in template(**parameters).resources("AWS::Serverless::Function").values()
        if function.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions"
    )


@lru_cache(maxsize=4)
def template(**parameters: str) -> Template:
    """template.yaml, with other values of parameters than their defaults."""
    document = load_template(ROOT / "template.yaml")
    for name, value in parameters.items():
        document["Parameters"][name]["Default"] = value
    return Template(document, REGION)


def memory_mb(function: str) -> int:
    """The memory of a function, by its name in template.yaml."""
    return _memory_mb(_functions()[function])


def _functions() -> dict[str, dict[str, Any]]:
    return template().resources("AWS::Serverless::Function")


def _memory_mb(function: Mapping[str, Any]) -> int:
    shared = template().global_properties("Function")
    return int(function.get("MemorySize", shared["MemorySize"]))


def _request(function: str, call: Call, waiting_ms: float) -> Cost:
    memory = memory_mb(function)
    milliseconds = call.own_ms * max(MEMORY_OF_A_CORE / memory, 1.0) + waiting_ms
    return Cost(
        {
            "API Gateway": REST_REQUEST,
            "Lambda": LAMBDA_REQUEST + milliseconds / 1000 * memory / 1024 * LAMBDA_GB_SECOND_ARM,
            "Lambda, authorizer": LAMBDA_REQUEST
            + AUTHORIZER_MS / 1000 * memory_mb("AuthorizerFunction") / 1024 * LAMBDA_GB_SECOND_ARM,
            "CloudWatch, logs": LOG_BYTES / 1e9 * LOGS_GB,
            "X-Ray": TRACED * TRACE,
            "Data out": (call.answer_bytes + HEADER_BYTES) / 1e9 * DATA_OUT_GB,
        }
    )
