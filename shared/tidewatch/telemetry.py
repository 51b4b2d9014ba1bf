"""What the service tells of itself: one logger, one set of metrics, and the names they use.

Traces are Lambda's and API Gateway's own (active tracing in template.yaml). The X-Ray SDK behind Powertools' tracer has
been in maintenance since February 2026, and importing it would lengthen every cold start by half of what boto3 takes.

A name used here is part of the contract with dashboards, alarms and saved log queries: add, do not rename.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.types import CloudWatchEMFOutput

from tidewatch.settings import Settings

NAMESPACE: Final = "Tidewatch"
SERVICE: Final = "tidewatch"


class Metric(StrEnum):
    """Every CloudWatch metric that the functions emit, in the namespace ``Tidewatch``."""

    INFERENCE_LATENCY = "InferenceLatency"
    PREDICTIONS = "Predictions"
    ANOMALIES = "Anomalies"
    TRAINING_LATENCY = "TrainingLatency"
    TRAININGS = "Trainings"
    POINTS_TRAINED = "PointsTrained"
    DETECTION_LATENCY = "DetectionLatency"
    DETECTIONS = "Detections"
    POINTS_JUDGED = "PointsJudged"
    ANOMALOUS_POINTS = "AnomalousPoints"
    ERRORS = "Errors"
    REJECTIONS = "Rejections"
    STORAGE_FAILURES = "StorageFailures"
    UNHANDLED_ERRORS = "UnhandledErrors"
    DATA_CORRUPTED = "DataCorrupted"
    JOBS_SUCCEEDED = "JobsSucceeded"
    JOBS_FAILED = "JobsFailed"
    DRIFTING_SERIES = "DriftingSeries"
    COLD_START = "ColdStart"


class LogEvent(StrEnum):
    """The stable ``event`` field of log lines, for queries in CloudWatch Logs Insights."""

    REJECTED = "rejected"
    UNHANDLED_ERROR = "unhandled_error"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    DATA_CORRUPTED = "data_corrupted"
    HEALTH_DEGRADED = "health_degraded"
    ANSWER_NOT_REMEMBERED = "answer_not_remembered"
    GARBAGE_COLLECTED = "garbage_collected"
    JUDGEMENT_NOT_KEPT = "judgement_not_kept"
    DRIFT_FOUND = "drift_found"
    DRIFT_WATCHED = "drift_watched"
    POINTS_REFUSED = "points_refused"
    JOB_ENDED = "job_ended"
    JOB_DELAYED = "job_delayed"


_DEFAULT_STAGE: Final = str(Settings.model_fields["stage"].default)
_BASE: Final = frozenset({"service", "stage"})
_DETECTOR: Final = "detector"
_BY_DETECTOR: Final = _BASE | {_DETECTOR}

DIMENSION_SETS: Final[Mapping[Metric, tuple[frozenset[str], ...]]] = MappingProxyType(
    dict.fromkeys(Metric, (_BASE,))
    | {
        # Each detector that is used is another metric to pay for, so only one is told by it.
        Metric.PREDICTIONS: (_BASE, _BY_DETECTOR),
        Metric.COLD_START: (frozenset({"function_name", "service"}),),
    }
)
"""The sets of dimensions under which each metric is found."""

# Powertools warns at each request that measured nothing; a liveness probe is one.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger: Final = Logger(service=SERVICE)


class _Metrics(AmazonCloudWatchEMFProvider):
    """Metrics of one request. Those told by detector get a directive of their own in the same line."""

    def serialize_metric_set(
        self, metrics: Any = None, dimensions: Any = None, metadata: Any = None
    ) -> CloudWatchEMFOutput:
        """The line of a request in the Embedded Metric Format."""
        line = super().serialize_metric_set(metrics, dimensions, metadata)
        if _DETECTOR in self.metadata_set:
            # Powertools types its own one directive only.
            by_detector: Any = {
                "Namespace": NAMESPACE,
                "Dimensions": [sorted(_BY_DETECTOR)],
                "Metrics": [{"Name": Metric.PREDICTIONS.value, "Unit": MetricUnit.Count.value}],
            }
            line["_aws"]["CloudWatchMetrics"].append(by_detector)
        return line


metrics: Final = _Metrics(namespace=NAMESPACE, service=SERVICE)


def base_dimensions() -> dict[str, str]:
    """The dimensions of every metric of this deployment."""
    # Not settings().stage: a broken configuration must still be counted as an error.
    return {"service": SERVICE, "stage": os.environ.get("STAGE") or _DEFAULT_STAGE}


def detector_dimensions(detector: str) -> dict[str, str]:
    """The dimensions of a metric that is also told by detector."""
    return base_dimensions() | {_DETECTOR: detector}


def count(metric: Metric, value: float = 1) -> None:
    """Adds to a metric that is counted."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)


def count_alone(metric: Metric, value: float = 1) -> None:
    """Counts what is told under the base dimensions only, whatever else the request measured."""
    with single_metric(
        name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE, default_dimensions=base_dimensions()
    ):
        pass


def record_prediction(detector: str, *, points: int, anomalies: int, elapsed_ms: float) -> None:
    """Counts points that a stored model judged, all of them and by detector, and how long the request took."""
    metrics.add_metadata(_DETECTOR, detector)
    count(Metric.PREDICTIONS, points)
    count(Metric.ANOMALIES, anomalies)
    _time(Metric.INFERENCE_LATENCY, elapsed_ms)


def record_stream(detector: str | None, *, points: int, anomalies: int) -> None:
    """Counts points of streams that a stored model judged; None where several detectors did."""
    if detector is not None:
        metrics.add_metadata(_DETECTOR, detector)
    count(Metric.PREDICTIONS, points)
    count(Metric.ANOMALIES, anomalies)


def record_unkept(operation: str) -> None:
    """Tells operators that a judgement was given and not kept; the client has its answer."""
    count_alone(Metric.STORAGE_FAILURES)
    logger.warning("judgement not kept", event=LogEvent.JUDGEMENT_NOT_KEPT, operation=operation)


def record_training(*, points: int, elapsed_ms: float) -> None:
    """Counts a training, its points, and how long the request took, storage included."""
    count(Metric.TRAININGS)
    count(Metric.POINTS_TRAINED, points)
    _time(Metric.TRAINING_LATENCY, elapsed_ms)


def record_detection(*, points: int, anomalies: int, elapsed_ms: float) -> None:
    """Counts a detection over a whole series, the points that it judged, and how long the request took."""
    count(Metric.DETECTIONS)
    count(Metric.POINTS_JUDGED, points)
    count(Metric.ANOMALOUS_POINTS, anomalies)
    _time(Metric.DETECTION_LATENCY, elapsed_ms)


def _time(metric: Metric, elapsed_ms: float) -> None:
    metrics.add_metric(name=metric, unit=MetricUnit.Milliseconds, value=elapsed_ms)


class Stopwatch:
    """Measures wall time from its making, in milliseconds."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the making."""
        return (time.perf_counter() - self._start) * 1000
