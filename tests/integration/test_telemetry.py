"""What the functions tell CloudWatch: exactly the metrics and dimensions that dashboards and alarms are built on."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from aws_lambda_powertools.metrics.provider import cold_start
from tidewatch.telemetry import DIMENSION_SETS, LogEvent, Metric

from tests.support.api import Api, Reply
from tests.support.boundary import Boundary, answer_lost, answer_of, server_error, throttled
from tests.support.environment import ENVIRONMENT
from tests.support.processes import in_a_fresh_process

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
BASE = {"service": "tidewatch", "stage": "test"}
BY_DETECTOR = BASE | {"detector": "three_sigma"}
LATENCIES = (Metric.INFERENCE_LATENCY, Metric.TRAINING_LATENCY, Metric.DETECTION_LATENCY)
KEY = {"Idempotency-Key": "k"}


def emitted(reply: Reply) -> set[tuple[str, frozenset[str]]]:
    return {(m.metric, frozenset(m.dimensions)) for m in reply.measured}


def everything(api: Api, boundary: Boundary) -> list[Reply]:
    """Every route, with each kind of outcome."""
    boundary.on("dynamodb.GetItem", throttled, first=4)
    unavailable = [api.fit("s", VALUES), api.predict("s", 1), api.predict("s", 99)]
    unavailable.append(api.predict("s", 1))
    boundary.heal()
    ask: list[Callable[[], Reply]] = [
        lambda: api.fit("s", VALUES, headers=KEY),
        lambda: api.fit("s", VALUES, headers=KEY),
        lambda: api.fit("s", [*VALUES, 1], headers=KEY),
        lambda: api.fit("s", []),
        lambda: api.call("POST", "/fit/s", "{"),
        lambda: api.call("POST", "/fit/s", "{}", headers={"Content-Type": "text/plain"}),
        lambda: api.predict("s", "x"),
        lambda: api.predict("t", 1),
        lambda: api.predict("s", 1, query="?version=9"),
        lambda: api.call("POST", "/detect", json_body={"values": VALUES, "method": "three_sigma"}),
        lambda: api.call("POST", "/detect?format=svg", json_body={"values": VALUES, "method": "three_sigma"}),
        lambda: api.call("POST", "/detect", json_body={"values": VALUES, "method": "four_sigma"}),
        lambda: api.call("POST", "/predict", json_body={"values": VALUES}),
        lambda: api.call("POST", "/predict", json_body={"values": "x"}),
        *(
            (lambda url=url: api.call("GET", url))  # type: ignore[misc]
            for url in (
                "/plot?series_id=s&width=320&height=320",
                "/plot?series_id=t",
                "/series",
                "/series?limit=0",
                "/series/s/versions",
                "/series/t/versions",
                "/healthcheck",
                "/health",
                "/docs",
                "/openapi.json",
            )
        ),
    ]
    return unavailable + [one() for one in ask]


def test_all_routes_together_emit_exactly_the_documented_metrics(api: Api, boundary: Boundary):
    cold_start.reset_cold_start_flag()
    replies = everything(api, boundary)
    assert {reply.status for reply in replies} == {200, 400, 404, 415, 422, 503}
    found = set().union(*(emitted(reply) for reply in replies))
    documented = {(metric.value, names) for metric, sets in DIMENSION_SETS.items() for names in sets}
    assert found - documented == set()
    # What nobody should ever see is tested by itself, and what the worker and a schedule measure, which have no route.
    assert {metric for metric, _ in documented - found} == {
        Metric.UNHANDLED_ERRORS,
        Metric.DATA_CORRUPTED,
        Metric.JOBS_SUCCEEDED,
        Metric.JOBS_FAILED,
        Metric.DRIFTING_SERIES,
    }


def test_dimensions_and_units_are_those_that_are_read(api: Api, boundary: Boundary):
    for reply in everything(api, boundary):
        for measured in reply.measured:
            if measured.metric == Metric.COLD_START:
                assert measured.dimensions["service"] == "tidewatch"
                assert measured.dimensions["function_name"].endswith("Function")
            else:
                assert measured.dimensions in (BASE, BY_DETECTOR)
            is_latency = measured.metric in LATENCIES
            assert measured.unit == ("Milliseconds" if is_latency else "Count")
            assert measured.value > 0 if is_latency else measured.value >= 0


def values(reply: Reply) -> dict[str, float]:
    """The metrics of a reply but for latencies; predictions are told by detector, too."""
    plain = {m.metric: m.value for m in reply.measured if m.dimensions == BASE}
    by_detector = {m.metric: m.value for m in reply.measured if m.dimensions == BY_DETECTOR}
    assert by_detector == {metric: value for metric, value in plain.items() if metric == "Predictions"}
    return {metric: value for metric, value in plain.items() if "Latency" not in metric}


def test_a_fit_counts_itself_and_its_points(api: Api):
    reply = api.fit("s", VALUES)
    assert values(reply) == {"Trainings": 1, "PointsTrained": 6}
    (latency,) = {m.value for m in reply.measured if m.metric == "TrainingLatency"}
    assert 0 < latency < 60_000


def test_a_prediction_counts_itself_and_whether_it_was_an_anomaly(api: Api):
    api.fit("s", VALUES)
    assert values(api.predict("s", 12)) == {"Predictions": 1, "Anomalies": 0}
    reply = api.predict("s", 99)
    assert values(reply) == {"Predictions": 1, "Anomalies": 1}
    (latency,) = {m.value for m in reply.measured if m.metric == "InferenceLatency"}
    assert 0 < latency < 60_000


@pytest.mark.parametrize("form", ["json", "png"])
def test_a_detection_counts_itself_its_points_and_those_that_are_anomalies(api: Api, form):
    values_sent = [*VALUES * 10, 99]
    body = {"values": values_sent, "method": "three_sigma"}
    reply = api.call("POST", f"/detect?format={form}", json_body=body)
    assert values(reply) == {"Detections": 1, "PointsJudged": 61, "AnomalousPoints": 1}
    (latency,) = {m.value for m in reply.measured if m.metric == "DetectionLatency"}
    assert 0 < latency < 60_000


def test_points_that_warm_up_are_not_counted_as_judged(api: Api):
    body = {"values": VALUES * 30, "method": "auto"}
    judged = [known for known in api.call("POST", "/detect", json_body=body).json()["anomaly"] if known is not None]
    reply = api.call("POST", "/detect", json_body=body)
    assert 0 < len(judged) < 180
    assert reply.counted("PointsJudged") == len(judged)


def test_a_detection_on_bare_values_counts_as_one(api: Api):
    few = api.call("POST", "/predict", json_body={"values": VALUES})
    assert values(few) == {"Detections": 1, "PointsJudged": 0, "AnomalousPoints": 0}
    reply = api.call("POST", "/predict", json_body={"values": [*VALUES * 10, 999]})
    judgement = reply.json()
    counted = values(reply)
    assert counted["PointsJudged"] == 61 - judgement["warmup_points_dropped"]
    assert counted["AnomalousPoints"] == judgement["anomaly"].count(1) >= 1


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda api: api.call("POST", "/fit/s", "{")),
        (404, lambda api: api.predict("s", 1)),
        (404, lambda api: api.call("GET", "/plot?series_id=s")),
        (404, lambda api: api.call("GET", "/series/s/versions")),
        (415, lambda api: api.call("POST", "/fit/s", "{}", headers={"Content-Type": "x/y"})),
        (422, lambda api: api.fit("s", [])),
        (422, lambda api: api.call("POST", "/detect", json_body={})),
        (422, lambda api: api.call("POST", "/predict", json_body={})),
        (422, lambda api: api.call("GET", "/series?limit=0")),
    ],
)
def test_a_rejection_counts_as_one_and_as_nothing_else(api: Api, status, ask):
    reply = ask(api)
    assert reply.status == status
    assert values(reply) == {"Rejections": 1}
    assert [m for m in reply.measured if "Latency" in m.metric] == []


def test_an_error_counts_as_one_with_the_failure_of_storage_behind_it(api: Api, boundary: Boundary):
    boundary.on("dynamodb.GetItem", server_error)
    assert values(api.predict("s", 1)) == {"Errors": 1, "StorageFailures": 1}


def test_a_failure_after_a_training_is_found_under_the_base_dimensions_only(api: Api, boundary: Boundary):
    """The version is out; that its answer could not be kept is counted apart from it."""
    boundary.on("dynamodb.UpdateItem", server_error)
    reply = api.fit("s", VALUES, headers=KEY)
    documented = {(metric.value, names) for metric, sets in DIMENSION_SETS.items() for names in sets}
    assert emitted(reply) - documented == set()
    assert reply.counted("Trainings") == 1


def test_a_defect_is_counted_as_such(api: Api, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tidewatch.services.predict.predict", fail)
    reply = api.predict("s", 1)
    assert (reply.status, values(reply)) == (500, {"Errors": 1, "UnhandledErrors": 1})


def test_corrupted_data_is_counted_as_such(api: Api, boundary: Boundary):
    api.fit("s", VALUES)
    boundary.on("s3.GetObject", lambda call, send: answer_of(200, "timestamp,value\n1,1\n"))
    assert values(api.call("GET", "/plot?series_id=s")) == {"Errors": 1, "DataCorrupted": 1}


def test_nothing_of_one_request_is_told_with_the_next(api: Api, boundary: Boundary):
    api.fit("s", VALUES)
    api.predict("s", 99)
    bad = api.predict("s", "x")
    assert emitted(bad) == {("Rejections", frozenset(BASE))}
    assert emitted(api.call("GET", "/health")) == set()
    assert values(api.predict("s", 12)) == {"Predictions": 1, "Anomalies": 0}


def test_each_stage_has_metrics_of_its_own(api: Api, configure, monkeypatch):
    from tidewatch.telemetry import metrics

    # A request without metrics leaves its dimensions behind; a stage never changes in one process.
    metrics.clear_metrics()
    configure(STAGE="prod")
    assert {m.dimensions["stage"] for m in api.predict("s", 1).measured} == {"prod"}
    metrics.clear_metrics()


@pytest.mark.parametrize("fault", [server_error, answer_lost])
def test_each_log_line_is_one_document_that_queries_can_find(api: Api, boundary: Boundary, fault):
    boundary.on("dynamodb.GetItem", fault)
    for reply in (api.predict("s", 1), api.predict("s", "x"), api.call("GET", "/healthcheck")):
        for line in reply.logs:
            assert line["event"] in set(LogEvent)
            assert line["level"] in ("INFO", "WARNING", "ERROR", "CRITICAL")
            assert (line["service"], line["function_name"][-8:]) == ("tidewatch", "Function")
            assert line["function_request_id"]


_IN_A_PROCESS_OF_ITS_OWN = """
import json
from tests.support.api import Api
from tidewatch import telemetry
api = Api()
replies = [api.call("GET", "/health"), api.call("GET", "/series?limit=0"), api.call("GET", "/health")]
print(json.dumps([[[m.metric, m.dimensions] for m in reply.measured] for reply in replies]))
print(json.dumps([line for reply in replies for line in reply.printed if not line.startswith("{")]))
"""


def test_a_cold_start_is_counted_once_in_a_process_and_nothing_else_is_printed():
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "STAGE"}
    done = in_a_fresh_process(_IN_A_PROCESS_OF_ITS_OWN, warnings="default", **environment)
    measured, strange = (json.loads(line) for line in done.stdout.splitlines())
    assert measured == [
        [["ColdStart", {"function_name": "HealthcheckFunction", "service": "tidewatch"}]],
        [["Rejections", {"service": "tidewatch", "stage": "dev"}]],
        [],
    ]
    assert strange == []
