"""How the service fares, by what CloudWatch says, and what it says when CloudWatch says nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from moto.cloudwatch.models import CloudWatchBackend
from tidewatch.detectors import DETECTOR_NAMES
from tidewatch.services.healthcheck import HealthReporter
from tidewatch.telemetry import DIMENSION_SETS, Metric

from local.sam.aws import moto_patches
from local.sam.aws.cloudwatch import MetricStore
from tests.support.api import Api, Reply
from tests.support.boundary import (
    Boundary,
    Call,
    Fault,
    answer_of,
    connect_timeout,
    dynamodb_error,
    read_timeout,
    refused,
    server_error,
    throttled,
)

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
FIGURES = "cloudwatch.GetMetricData"
NOTHING = {"avg": 0, "p95": 0, "count": 0}

Figures = Callable[[str, str, Mapping[str, str]], list[float]]


def healthcheck(api: Api) -> Reply:
    return api.call("GET", "/healthcheck")


def saying(figures: Figures, status: str = "Complete") -> Fault:
    """CloudWatch answers with these figures, of a metric, a statistic and dimensions."""

    def answer(call: Call, _: Any) -> Any:
        results = []
        for query in call.parameters["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
            values = figures(metric["MetricName"], query["MetricStat"]["Stat"], dimensions)
            times = [1_700_000_000 - 60 * index for index in range(len(values))]
            results.append({"Id": query["Id"], "Values": values, "Timestamps": times, "StatusCode": status})
        body = json.dumps({"MetricDataResults": results, "Messages": []})
        return answer_of(200, body, {"content-type": "application/x-amz-json-1.0"})

    return answer


def test_before_any_traffic_all_is_zero(api: Api):
    answer = healthcheck(api).json()
    assert answer == {
        "status": "ok",
        "degraded": [],
        "series_trained": 0,
        "window_seconds": 3600,
        "inference_latency_ms": NOTHING,
        "training_latency_ms": NOTHING,
        "load": {
            "predictions_per_second": 0,
            "trainings_per_second": 0,
            "detections_per_second": 0,
            "errors": 0,
            "rejections": 0,
        },
        "model_usage": dict.fromkeys(DETECTOR_NAMES, 0),
    }


def test_the_types_are_those_of_the_contract(api: Api, boundary: Boundary):
    boundary.on(FIGURES, saying(lambda *_: [3.0]))
    api.fit("s", VALUES)
    answer = healthcheck(api).json()
    assert type(answer["series_trained"]) is int
    for latency in (answer["inference_latency_ms"], answer["training_latency_ms"]):
        assert {type(latency["avg"]), type(latency["p95"])} <= {int, float}
        assert type(latency["count"]) is int
    assert type(answer["load"]["errors"]) is int
    assert all(type(count) is int for count in answer["model_usage"].values())


def test_series_are_counted_once_however_often_they_are_trained(api: Api):
    for series_id in ("a", "b", "c", "a", "a"):
        api.fit(series_id, VALUES)
    api.fit("d", [1] * 6)
    assert healthcheck(api).json()["series_trained"] == 3


def test_series_are_counted_over_all_shards(api: Api):
    for index in range(40):
        api.fit(f"series-{index}", VALUES)
    assert healthcheck(api).json()["series_trained"] == 40


def test_the_figures_are_what_cloudwatch_says(api: Api, boundary: Boundary):
    said = {
        (Metric.INFERENCE_LATENCY, "Sum"): 1234.5,
        (Metric.INFERENCE_LATENCY, "SampleCount"): 1000.0,
        (Metric.INFERENCE_LATENCY, "p95"): 4.5678,
        (Metric.TRAINING_LATENCY, "Sum"): 6000.0,
        (Metric.TRAINING_LATENCY, "SampleCount"): 36.0,
        (Metric.TRAINING_LATENCY, "p95"): 300.0,
        (Metric.PREDICTIONS, "Sum"): 7200.0,
        (Metric.DETECTIONS, "Sum"): 1800.0,
        (Metric.ERRORS, "Sum"): 2.0,
        (Metric.REJECTIONS, "Sum"): 5.0,
    }

    def figures(metric: str, statistic: str, dimensions: Mapping[str, str]) -> list[float]:
        if "detector" in dimensions:
            return [900.0 + len(dimensions["detector"])]
        return [said[Metric(metric), statistic]]

    boundary.on(FIGURES, saying(figures))
    answer = healthcheck(api).json()
    assert answer["status"] == "ok"
    assert answer["inference_latency_ms"] == {"avg": 1.234, "p95": 4.568, "count": 1000}
    assert answer["training_latency_ms"] == {"avg": 166.667, "p95": 300, "count": 36}
    assert answer["load"] == {
        "predictions_per_second": 2,
        "trainings_per_second": 0.01,
        "detections_per_second": 0.5,
        "errors": 2,
        "rejections": 5,
    }
    assert answer["model_usage"] == {name: 900 + len(name) for name in DETECTOR_NAMES}


def test_two_periods_are_one_window(api: Api, boundary: Boundary):
    """CloudWatch may lay the border of its periods inside the window."""

    def figures(metric: str, statistic: str, dimensions: Mapping[str, str]) -> list[float]:
        return {"Sum": [30.0, 10.0], "SampleCount": [3.0, 1.0], "p95": [12.0, 10.0]}[statistic]

    boundary.on(FIGURES, saying(figures))
    answer = healthcheck(api).json()
    assert answer["inference_latency_ms"] == {"avg": 10, "p95": 12, "count": 4}
    assert answer["model_usage"]["three_sigma"] == 40


def test_it_asks_for_what_the_functions_emit_in_one_call(api: Api, boundary: Boundary):
    healthcheck(api)
    (call,) = (call for call in boundary.calls if call.name == FIGURES)
    for query in call.parameters["MetricDataQueries"]:
        metric = query["MetricStat"]["Metric"]
        dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        assert metric["Namespace"] == "Tidewatch"
        assert frozenset(dimensions) in DIMENSION_SETS[Metric(metric["MetricName"])]
        assert dimensions.pop("detector", "auto") in DETECTOR_NAMES
        assert dimensions == {"service": "tidewatch", "stage": "test"}
        assert query["MetricStat"]["Period"] == 3600


@pytest.mark.parametrize("window", [60, 3600, 86_400])
def test_it_looks_back_over_the_window_of_the_settings(api: Api, boundary: Boundary, configure, window):
    configure(HEALTH_WINDOW_SECONDS=str(window))
    boundary.on(FIGURES, saying(lambda *_: [float(window)]))
    answer = healthcheck(api).json()
    assert answer["window_seconds"] == window
    assert answer["load"]["predictions_per_second"] == 1
    asked = boundary.calls[-1].parameters
    assert asked["EndTime"] - asked["StartTime"] == window
    # The minute that runs is counted whole.
    assert 0 <= asked["EndTime"] - time.time() <= 60
    assert {query["MetricStat"]["Period"] for query in asked["MetricDataQueries"]} == {window}


@pytest.fixture
def printed_metrics(monkeypatch: pytest.MonkeyPatch) -> Callable[[Reply], Reply]:
    """Hands what the functions print to a CloudWatch with percentiles, as the local stack does."""
    for name in ("get_metric_data", "put_metric_data"):
        # So that they come back after the test.
        monkeypatch.setattr(CloudWatchBackend, name, getattr(CloudWatchBackend, name))
    store = MetricStore()
    moto_patches._keep_metrics_in(store)

    def keep(reply: Reply) -> Reply:
        for document in reply.documents:
            if "_aws" in document:
                store.put_emf(document)
        return reply

    return keep


def test_what_the_functions_print_is_what_it_tells(api: Api, boundary: Boundary, printed_metrics):
    fits = [printed_metrics(api.fit(series_id, VALUES)) for series_id in ("a", "b", "a")]
    predictions = [printed_metrics(api.predict("a", value)) for value in range(8, 28)]
    for body in [{"values": VALUES}] * 4:
        assert printed_metrics(api.call("POST", "/detect", json_body=body)).status == 200
    for bad in (api.predict("a", "x"), api.predict("c", 1), api.fit("a", [])):
        assert printed_metrics(bad).status in (404, 422)
    boundary.on("dynamodb.GetItem", throttled)
    assert printed_metrics(api.predict("a", 1)).status == 503
    boundary.heal()

    answer = printed_metrics(healthcheck(api)).json()
    for name, replies in (("inference_latency_ms", predictions), ("training_latency_ms", fits)):
        latencies = [
            m.value for r in replies for m in r.measured if "Latency" in m.metric and "detector" not in m.dimensions
        ]
        assert answer[name]["count"] == len(replies) == len(latencies)
        assert answer[name]["avg"] == pytest.approx(np.mean(latencies), abs=1e-3)
        assert answer[name]["p95"] == pytest.approx(np.percentile(latencies, 95), abs=1e-3)
    assert answer["series_trained"] == 2
    assert answer["model_usage"] == dict.fromkeys(DETECTOR_NAMES, 0) | {"three_sigma": 20}
    assert answer["load"] == {
        "predictions_per_second": round(20 / 3600, 4),
        "trainings_per_second": round(3 / 3600, 4),
        "detections_per_second": round(4 / 3600, 4),
        "errors": 1,
        "rejections": 3,
    }


@pytest.mark.parametrize(
    "fault",
    [
        throttled,
        server_error,
        read_timeout,
        connect_timeout,
        refused,
        dynamodb_error("AccessDenied", 403),
        saying(lambda *_: [], "InternalError"),
        saying(lambda *_: [], "Forbidden"),
        lambda *_: answer_of(200, '{"MetricDataResults":[]}', {"content-type": "application/x-amz-json-1.0"}),
    ],
    ids=[
        "throttled",
        "500",
        "read timeout",
        "connect timeout",
        "refused",
        "denied",
        "part failed",
        "part denied",
        "empty",
    ],
)
def test_without_cloudwatch_it_tells_what_it_knows_and_what_not(api: Api, boundary: Boundary, fault):
    api.fit("s", VALUES)
    boundary.forget()
    boundary.on(FIGURES, fault)
    reply = healthcheck(api)
    assert reply.status == 200
    answer = reply.json()
    assert (answer["status"], answer["series_trained"]) == ("degraded", 1)
    (reason,) = answer["degraded"]
    assert "CloudWatch" in reason
    assert answer["inference_latency_ms"] == answer["training_latency_ms"] == NOTHING
    assert reply.events == ["health_degraded"]
    assert (reply.counted("Errors"), reply.counted("StorageFailures")) == (0, 0)
    # One attempt, since the answer has a second.
    assert boundary.names == ["dynamodb.Query", FIGURES]
    assert boundary.waits == []


def test_figures_are_read_once_a_minute_and_series_each_time(api: Api, boundary: Boundary):
    boundary.on(FIGURES, saying(lambda *_: [3.0]))
    first = healthcheck(api).json()
    api.fit("s", VALUES)
    second = healthcheck(api).json()
    assert boundary.names.count(FIGURES) == 1
    assert second == first | {"series_trained": 1}


def test_usage_is_read_every_five_minutes_and_the_rest_every_minute(api: Api, boundary: Boundary, monkeypatch):
    """CloudWatch charges for each figure, and each detector has one."""
    now = [0.0]
    monkeypatch.setattr(HealthReporter.__init__, "__kwdefaults__", {"clock": lambda: now[0]})
    boundary.on(FIGURES, saying(lambda *_: [3.0]))
    for minute in range(7):
        now[0] = 60.5 * minute
        assert healthcheck(api).json()["model_usage"] == dict.fromkeys(DETECTOR_NAMES, 3)
    asked = [len(call.parameters["MetricDataQueries"]) for call in boundary.calls if call.name == FIGURES]
    assert asked == [10 + len(DETECTOR_NAMES), 10, 10, 10, 10, 10 + len(DETECTOR_NAMES), 10]


def test_each_tenant_has_figures_of_its_own(api: Api, boundary: Boundary):
    boundary.on(FIGURES, saying(lambda *_: [3.0]))
    event, function = api.event("GET", "/healthcheck")
    for tenant in ("a", "b", "a"):
        event["requestContext"]["authorizer"] = {"tenant": tenant, "scopes": "read"}
        assert api.invoke(function, event).status == 200
    assert boundary.names.count(FIGURES) == 2


def test_it_is_well_again_with_cloudwatch(api: Api, boundary: Boundary):
    boundary.on(FIGURES, read_timeout, times=1)
    assert [healthcheck(api).json()["status"] for _ in range(2)] == ["degraded", "ok"]


def test_a_cloudwatch_that_hangs_is_given_up_within_a_second():
    from tidewatch.adapters import clients

    config = clients.cloudwatch().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout < 1


def test_liveness_asks_nobody_and_needs_no_settings(api: Api, boundary: Boundary, configure):
    from tidewatch.adapters import clients

    configure(
        TABLE_NAME=None, IDEMPOTENCY_TABLE_NAME=None, TENANTS_TABLE_NAME=None, DATA_BUCKET=None, OPENAPI_PATH=None
    )
    reply = api.call("GET", "/health")
    assert (reply.status, reply.json()) == (200, {"status": "ok"})
    assert boundary.names == []
    assert all(c.cache_info().currsize == 0 for c in (clients.dynamodb, clients.s3, clients.cloudwatch))
    assert reply.logs == []
