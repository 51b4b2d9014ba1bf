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
from typing import Final

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

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
    COLD_START = "ColdStart"


class LogEvent(StrEnum):
    """The stable ``event`` field of log lines, for queries in CloudWatch Logs Insights."""

    REJECTED = "rejected"
    UNHANDLED_ERROR = "unhandled_error"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    DATA_CORRUPTED = "data_corrupted"
    HEALTH_DEGRADED = "health_degraded"
    ANSWER_NOT_REMEMBERED = "answer_not_remembered"


_BASE: Final = frozenset({"service", "stage"})
_BY_DETECTOR: Final = _BASE | {"detector"}

DIMENSION_SETS: Final[Mapping[Metric, tuple[frozenset[str], ...]]] = MappingProxyType(
    {
        Metric.INFERENCE_LATENCY: (_BASE, _BY_DETECTOR),
        Metric.PREDICTIONS: (_BASE, _BY_DETECTOR),
        Metric.ANOMALIES: (_BASE, _BY_DETECTOR),
        Metric.TRAINING_LATENCY: (_BASE, _BY_DETECTOR),
        Metric.TRAININGS: (_BASE, _BY_DETECTOR),
        Metric.POINTS_TRAINED: (_BASE, _BY_DETECTOR),
        Metric.DETECTION_LATENCY: (_BASE, _BY_DETECTOR),
        Metric.DETECTIONS: (_BASE, _BY_DETECTOR),
        Metric.POINTS_JUDGED: (_BASE, _BY_DETECTOR),
        Metric.ANOMALOUS_POINTS: (_BASE, _BY_DETECTOR),
        Metric.ERRORS: (_BASE,),
        Metric.REJECTIONS: (_BASE,),
        Metric.STORAGE_FAILURES: (_BASE,),
        Metric.UNHANDLED_ERRORS: (_BASE,),
        Metric.DATA_CORRUPTED: (_BASE,),
        Metric.COLD_START: (frozenset({"function_name", "service"}),),
    }
)
"""The sets of dimensions under which each metric is found."""

# Powertools warns at each request that measured nothing; a liveness probe is one.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger: Final = Logger(service=SERVICE)
metrics: Final = Metrics(namespace=NAMESPACE, service=SERVICE)


def base_dimensions() -> dict[str, str]:
    """The dimensions of every metric of this deployment."""
    # Not settings().stage: a broken configuration must still be counted as an error.
    return {"service": SERVICE, "stage": os.environ.get("STAGE") or Settings.model_fields["stage"].default}


def detector_dimensions(detector: str) -> dict[str, str]:
    """The dimensions of a metric that is also told by detector."""
    return base_dimensions() | {"detector": detector}


def count(metric: Metric, value: float = 1) -> None:
    """Adds to a metric that is counted."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)


def count_alone(metric: Metric) -> None:
    """Counts one of what is told under the base dimensions only, whatever else the request measured."""
    with single_metric(
        name=metric, unit=MetricUnit.Count, value=1, namespace=NAMESPACE, default_dimensions=base_dimensions()
    ):
        pass


def record_prediction(detector: str, *, anomaly: bool) -> None:
    """Counts one prediction, and tells this request's metrics by detector too."""
    metrics.add_dimensions(**detector_dimensions(detector))
    count(Metric.PREDICTIONS)
    count(Metric.ANOMALIES, int(anomaly))


def record_training(detector: str, *, points: int) -> None:
    """Counts one training, and tells this request's metrics by detector too."""
    metrics.add_dimensions(**detector_dimensions(detector))
    count(Metric.TRAININGS)
    count(Metric.POINTS_TRAINED, points)


def record_detection(detector: str, *, judged: int, anomalous: int) -> None:
    """Counts one detection over a whole series, and tells this request's metrics by detector too."""
    metrics.add_dimensions(**detector_dimensions(detector))
    count(Metric.DETECTIONS)
    count(Metric.POINTS_JUDGED, judged)
    count(Metric.ANOMALOUS_POINTS, anomalous)


class Stopwatch:
    """Measures wall time from its making, in milliseconds."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the making."""
        return (time.perf_counter() - self._start) * 1000


_LATENCY_OF: Final = MappingProxyType(
    {
        Metric.PREDICTIONS: Metric.INFERENCE_LATENCY,
        Metric.TRAININGS: Metric.TRAINING_LATENCY,
        Metric.DETECTIONS: Metric.DETECTION_LATENCY,
    }
)


def record_latency(elapsed_ms: float) -> None:
    """Adds how long the request took, storage included, if it judged or trained: a replayed answer did neither."""
    for counted, latency in _LATENCY_OF.items():
        if counted in metrics.metric_set:
            metrics.add_metric(name=latency, unit=MetricUnit.Milliseconds, value=elapsed_ms)
