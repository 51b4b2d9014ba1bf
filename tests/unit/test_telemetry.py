"""Names and dimensions of metrics: what dashboards and alarms were built upon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from tidewatch import telemetry
from tidewatch.telemetry import DIMENSION_SETS, LogEvent, Metric, Stopwatch


@pytest.fixture
def emitted(capsys) -> Callable[[Callable[[], None]], list[dict[str, Any]]]:
    """What a handler that does so prints as metrics."""

    def run(measure: Callable[[], None]) -> list[dict[str, Any]]:
        @telemetry.metrics.log_metrics
        def handler(event: object, context: object) -> None:
            for name, value in telemetry.base_dimensions().items():
                telemetry.metrics.add_dimension(name, value)
            measure()

        handler({}, None)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line for line in lines if "_aws" in line]

    return run


def test_the_names_are_a_contract():
    """Saved queries, alarms and dashboards know these: a name may be added, none may change."""
    assert {str(metric) for metric in Metric} >= {
        "InferenceLatency", "Predictions", "Anomalies", "TrainingLatency", "Trainings", "PointsTrained",
        "Errors", "Rejections", "StorageFailures", "ColdStart",
    }  # fmt: skip
    assert {str(event) for event in LogEvent} >= {
        "rejected", "unhandled_error", "storage_unavailable", "data_corrupted", "health_degraded",
    }  # fmt: skip
    assert (telemetry.NAMESPACE, telemetry.SERVICE) == ("Tidewatch", "tidewatch")


def test_every_metric_says_under_which_dimensions_it_is_found():
    assert DIMENSION_SETS.keys() == set(Metric)


def test_base_dimensions_tell_the_stage(monkeypatch):
    monkeypatch.setenv("STAGE", "prod")
    assert telemetry.base_dimensions() == {"service": "tidewatch", "stage": "prod"}


@pytest.mark.parametrize("stage", [None, ""])
def test_without_a_stage_the_default_of_the_settings_holds(stage, monkeypatch):
    monkeypatch.delenv("STAGE") if stage is None else monkeypatch.setenv("STAGE", stage)
    assert telemetry.base_dimensions()["stage"] == "dev"


def test_a_broken_environment_can_still_be_counted(monkeypatch):
    monkeypatch.delenv("TABLE_NAME")
    assert telemetry.base_dimensions()["stage"] == "test"


def test_detector_dimensions_add_the_detector():
    expected = {"service": "tidewatch", "stage": "test", "detector": "three_sigma"}
    assert telemetry.detector_dimensions("three_sigma") == expected


PREDICTION = {Metric.PREDICTIONS: 1, Metric.ANOMALIES: 1, Metric.INFERENCE_LATENCY: 1.5}
TRAINING = {Metric.TRAININGS: 1, Metric.POINTS_TRAINED: 250, Metric.TRAINING_LATENCY: 1.5}


def predict() -> None:
    telemetry.record_prediction("three_sigma", points=1, anomalies=1, elapsed_ms=1.5)


def train() -> None:
    telemetry.record_training(points=250, elapsed_ms=1.5)


@pytest.mark.parametrize(("measure", "values"), [(predict, PREDICTION), (train, TRAINING)])
def test_each_metric_is_told_under_its_dimension_sets_and_no_others(measure, values, emitted):
    (document,) = emitted(measure)
    found: dict[str, set[frozenset[str]]] = {}
    for directive in document["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Tidewatch"
        for metric in directive["Metrics"]:
            found.setdefault(metric["Name"], set()).update(frozenset(names) for names in directive["Dimensions"])
    assert found == {metric: set(DIMENSION_SETS[metric]) for metric in values}
    assert {metric: document[metric] for metric in values} == {metric: [value] for metric, value in values.items()}
    assert (document["service"], document["stage"]) == ("tidewatch", "test")
    assert document.get("detector") == ("three_sigma" if measure is predict else None)


@pytest.mark.parametrize("metric", [Metric.ERRORS, Metric.REJECTIONS, Metric.STORAGE_FAILURES])
def test_what_is_counted_without_a_detector_has_the_base_dimensions(metric, emitted):
    (document,) = emitted(lambda: telemetry.count(metric))
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": metric, "Unit": "Count"}]
    assert {frozenset(names) for names in directive["Dimensions"]} == set(DIMENSION_SETS[metric])
    assert document[metric] == [1]


def test_what_is_counted_alone_keeps_the_base_dimensions_beside_a_detector(emitted):
    """An error of a request that had named its detector is found where all errors are."""

    def fail_after_a_prediction() -> None:
        telemetry.record_prediction("three_sigma", points=1, anomalies=0, elapsed_ms=1.5)
        telemetry.count_alone(Metric.ERRORS)

    documents = emitted(fail_after_a_prediction)
    (alone,) = [document for document in documents if Metric.ERRORS in document]
    (directive,) = alone["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Metrics"]) == ("Tidewatch", [{"Name": "Errors", "Unit": "Count"}])
    assert {frozenset(names) for names in directive["Dimensions"]} == set(DIMENSION_SETS[Metric.ERRORS])
    assert (alone["service"], alone["stage"], alone[Metric.ERRORS]) == ("tidewatch", "test", [1])
    assert "detector" not in alone


@pytest.mark.parametrize(("measure", "unit"), [(predict, "InferenceLatency"), (train, "TrainingLatency")])
def test_latencies_are_milliseconds_and_all_else_is_counted(measure, unit, emitted):
    (document,) = emitted(measure)
    units = {metric["Name"]: metric["Unit"] for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units.pop(unit) == MetricUnit.Milliseconds.value
    assert set(units.values()) == {MetricUnit.Count.value}


def test_a_normal_point_counts_as_no_anomaly(emitted):
    (document,) = emitted(lambda: telemetry.record_prediction("three_sigma", points=1, anomalies=0, elapsed_ms=1.5))
    assert (document[Metric.PREDICTIONS], document[Metric.ANOMALIES]) == ([1], [0])


def test_the_detector_of_one_request_is_not_told_of_the_next(emitted):
    emitted(predict)
    (document,) = emitted(lambda: telemetry.count(Metric.ERRORS))
    assert "detector" not in document
    assert [sorted(names) for names in document["_aws"]["CloudWatchMetrics"][0]["Dimensions"]] == [["service", "stage"]]


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_request_that_measured_nothing_prints_nothing(emitted):
    assert emitted(lambda: None) == []


def test_a_stopwatch_tells_milliseconds(monkeypatch):
    now = iter([10.0, 10.25, 10.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(now))
    stopwatch = Stopwatch()
    assert (stopwatch.elapsed_ms, stopwatch.elapsed_ms) == (250.0, 500.0)
