"""POST /series/{series_id}/evaluations: versions and detectors are evaluated, by the real worker."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

import boto3
import pytest

from tests.support.environment import ENVIRONMENT
from tests.support.jobs import work_off

START = 1_767_225_600


def values(points=240, seed=7):
    noise = random.Random(seed)
    return [10 + math.sin(2 * math.pi * index / 24) + noise.gauss(0, 0.2) for index in range(points)]


def times(points=240, start=START):
    return [start + 3600 * index for index in range(points)]


def fitted(api, *detectors, **more):
    for detector in detectors or ("three_sigma",):
        assert api.fit("a", values(), more={"detector": {"name": detector}, "timestamps": times()} | more).status == 200


def evaluated(api, body, **call):
    reply = api.call("POST", "/series/a/evaluations", json_body={"folds": 2, "trials": 2} | body, **call)
    assert reply.status == 202, reply.body
    job = reply.json()
    assert reply.headers["location"] == f"/jobs/{job['job_id']}"
    assert work_off() == 1
    address = f"/series/a/evaluations/{job['job_id']}"
    answer = api.call("GET", address).json()
    assert answer["state"] == "succeeded", api.call("GET", f"/jobs/{job['job_id']}").json()
    return answer["report"], address


def test_versions_and_detectors_on_stored_data(api):
    fitted(api, "three_sigma", "mad")
    contenders = [
        {"version": "champion"},
        {"version": 1},
        {"detector": "mad"},
        {"detector": "mad", "options": {"threshold": 9}},
    ]
    report, address = evaluated(api, {"contenders": contenders, "seed": 3})
    assert [each["name"] for each in report["contenders"]] == ["v2", "v1", "mad", "mad (2)"]
    assert [each["seen"] for each in report["contenders"]] == [1.0, 1.0, 0.0, 0.0]
    assert (report["series_id"], report["data"], report["points"], report["seed"]) == ("a", "stored", 120, 3)
    assert all(each["serving"]["equal"] for each in report["contenders"])
    picture = api.call("GET", f"{address}/plot")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.body.startswith(b"\x89PNG")


def test_the_newest_figures_stand_with_the_version_until_it_goes(api):
    fitted(api, "three_sigma", "mad")
    assert api.call("GET", "/series/a/versions/1").json()["evaluation"] is None
    evaluated(api, {"contenders": [{"version": 1}], "seed": 1})
    _, address = evaluated(api, {"contenders": [{"version": "v1"}], "seed": 2})
    shown = api.call("GET", "/series/a/versions/1").json()["evaluation"]
    assert address.endswith(shown["job_id"])
    assert (shown["data"], shown["points"], shown["figures"]["seen"]) == ("stored", 240, 1.0)
    assert shown["figures"]["serving.equal"] == 1.0
    assert api.call("GET", "/series/a").json()["evaluation"] is None
    # Another version of that number has not been evaluated, and nothing is left behind.
    assert api.call("DELETE", "/series/a").status == 204
    kept = boto3.client("dynamodb").scan(TableName=ENVIRONMENT["TABLE_NAME"])["Items"]
    assert not [item for item in kept if item["sk"]["S"].startswith("EVALUATED#")]
    fitted(api)
    assert api.call("GET", "/series/a/versions/1").json()["evaluation"] is None


def test_data_that_is_sent_with_its_labels(api):
    fitted(api)
    later = values(100, 8)
    later[50] += 9.0
    anomaly = [index == 50 for index in range(100)]
    data = {"timestamps": times(100, START + 3600 * 240), "values": later, "anomaly": anomaly}
    report, _ = evaluated(api, {"data": data})
    (champion,) = report["contenders"]
    assert (report["data"], report["labelled_anomalies"], champion["seen"]) == ("sent", 1, 0.0)
    assert champion["labels"]["points"]["recall"] == 1.0
    assert champion["labels"]["delay"] == 0.0


def test_what_was_observed_since_and_what_people_said_of_it(api):
    now = int(datetime.now(UTC).timestamp()) // 3600 * 3600
    first = now - 3600 * 300
    fitted(api, timestamps=times(240, first))
    assert api.call("PUT", "/series/a/monitoring", json_body={"monitor": True}).status == 200
    points = [{"timestamp": str(first + 3600 * (240 + index)), "value": 10.0 + index % 2} for index in range(40)]
    # The same once more changes nothing.
    for body in ({"points": points}, {"points": points[:5]}):
        assert api.call("POST", "/predict/a", json_body=body).status == 200
    label = {"timestamp": points[3]["timestamp"], "anomaly": True}
    assert api.call("POST", "/series/a/labels", json_body={"labels": [label]}).status == 200
    report, _ = evaluated(api, {})
    (champion,) = report["contenders"]
    assert (report["points"], report["labelled_anomalies"], report["labelled"]) == (280, 1, 1)
    assert champion["seen"] == pytest.approx(240 / 280)


def test_rows(api):
    columns = {"x1": values(), "x2": values()[::-1]}
    body = {"timestamps": times(), "variables": columns, "detector": {"name": "pca"}}
    assert api.call("POST", "/fit/a", json_body=body).status == 200
    isolation = {"detector": "isolation_forest", "options": {"calendar": ["hour"], "trees": 10}}
    report, _ = evaluated(api, {"contenders": [{"version": "latest"}, isolation]})
    assert (report["kind"], [each["problem"] for each in report["contenders"]]) == ("rows", [None, None])
    rows = [
        {"timestamp": time, "x1": one, "x2": None if one > 11.3 else one}
        for time, one in zip(times(), values(), strict=True)
    ]
    report, _ = evaluated(
        api,
        {"data": {"rows": rows}, "contenders": [{"version": 1}, {"detector": "pca", "options": {"missing": "hold"}}]},
    )
    assert ["missing" in (each["problem"] or "") for each in report["contenders"]] == [True, False]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"contenders": [{"version": 0}, {"detector": "madd"}, {}, 3], "folds": 0, "sed": 1},
            {
                ("body", "folds"): "greater_than_equal",
                ("body", "sed"): "extra_forbidden",
                ("body", "contenders", 0, "version"): "version_form",
                ("body", "contenders", 1, "detector"): "unknown_detector",
                ("body", "contenders", 2): "ambiguous",
                ("body", "contenders", 3): "wrong_type",
            },
        ),
        (
            {"contenders": [{"detector": "mad", "options": {"treshold": 3, "side": "up"}, "seed": 1}]},
            {
                ("body", "contenders", 0, "seed"): "extra_forbidden",
                ("body", "contenders", 0, "options", "treshold"): "extra_forbidden",
                ("body", "contenders", 0, "options", "side"): "literal_error",
            },
        ),
        (
            {"contenders": [{"detector": {"name": "mad", "threshold": 3}}, {"detector": ["mad"]}]},
            {
                ("body", "contenders", 0, "detector"): "wrong_type",
                ("body", "contenders", 1, "detector"): "wrong_type",
            },
        ),
        ({"contenders": []}, {("body", "contenders"): "wrong_count"}),
        ({"contenders": [{"version": 1, "options": {}}]}, {("body", "contenders", 0, "options"): "extra_forbidden"}),
        ({"data": "stord"}, {("body", "data"): "wrong_type"}),
        ({"data": {"values": [1, 2]}}, {("body", "data"): "wrong_form"}),
        ({"size": "3"}, {("body", "size"): "float_type"}),
        (
            {"data": {"timestamps": [1, 2], "values": [1, None], "anomaly": True}},
            {
                ("body", "data", "timestamps"): "too_few_points",
                ("body", "data", "values", 1): "wrong_type",
            },
        ),
        (
            {"data": {"timestamps": times(30), "values": values(30), "anomaly": [True]}, "folds": 1},
            {("body", "data", "anomaly"): "lengths_differ"},
        ),
        (
            {"data": {"timestamps": times(30), "values": values(30), "anomaly": [1] * 30}},
            {("body", "data", "anomaly", 0): "wrong_type"},
        ),
        ({"data": {"timestamps": times(30), "values": values(30)}}, {("body", "data"): "too_few_points"}),
    ],
)
def test_all_mistakes_are_told_at_once(api, body, errors):
    fitted(api)
    reply = api.call("POST", "/series/a/evaluations", json_body=body)
    assert reply.status == 422
    assert dict(reply.errors) == errors


def test_what_is_not_there(api):
    assert api.call("POST", "/series/a/evaluations").problem == "unknown-series"
    fitted(api)
    assert api.call("POST", "/series/a/evaluations", json_body={"contenders": [{"version": 2}]}).status == 404
    assert work_off() == 0
    reproduction = api.call("POST", "/series/a/versions/1/reproduce").json()["job_id"]
    evaluation = api.call("POST", "/series/a/evaluations").json()["job_id"]
    for address in (f"/series/a/evaluations/{reproduction}", f"/series/b/evaluations/{evaluation}"):
        assert api.call("GET", address).problem == "unknown-job"
    waiting = f"/series/a/evaluations/{evaluation}"
    assert api.call("GET", waiting).json()["report"] is None
    assert (api.call("GET", f"{waiting}/plot").status, api.call("GET", f"{waiting}/plot").problem) == (
        409,
        "job-not-done",
    )


def test_a_detector_of_rows_on_stored_values(api):
    fitted(api)
    body = {"contenders": [{"detector": "isolation_forest", "options": {"calendar": ["hour"]}}]}
    reply = api.call("POST", "/series/a/evaluations", json_body=body)
    assert reply.errors == [(("body", "contenders", 0, "options", "calendar"), "extra_forbidden")]
    reply = api.call("POST", "/series/a/evaluations", json_body={"contenders": [{"detector": "pca"}]})
    assert reply.errors == [(("body", "contenders", 0, "detector"), "unknown_detector")]


def test_stored_data_that_is_too_short_fails_the_job(api):
    assert api.fit("a", values(30)).status == 200
    job = api.call("POST", "/series/a/evaluations").json()["job_id"]
    work_off()
    ended = api.call("GET", f"/jobs/{job}").json()
    assert (ended["state"], ended["error"]["errors"][0]["type"]) == ("failed", "too_few_points")


@pytest.mark.parametrize("contender", [{"version": 1}, {"detector": "mad"}])
def test_a_series_that_was_fitted_anew_is_not_the_one_that_was_asked_for(api, contender):
    fitted(api)
    job = api.call("POST", "/series/a/evaluations", json_body={"contenders": [contender], "folds": 1}).json()["job_id"]
    assert api.call("DELETE", "/series/a").status == 204
    assert api.fit("a", values(seed=8), more={"timestamps": times()}).status == 200
    work_off()
    ended = api.call("GET", f"/jobs/{job}").json()
    assert (ended["state"], ended["error"] and ended["error"]["status"]) == ("failed", 404)


def test_the_same_key_is_the_same_job(api):
    fitted(api)
    key = {"Idempotency-Key": "weekly"}
    first = api.call("POST", "/series/a/evaluations", json_body={"contenders": [{"version": 1}]}, headers=key).json()
    again = api.call("POST", "/series/a/evaluations", json_body={"contenders": [{"version": "v1"}]}, headers=key)
    assert again.json()["job_id"] == first["job_id"]
    other = api.call("POST", "/series/a/evaluations", json_body={"seed": 5}, headers=key)
    assert (other.status, other.problem) == (422, "idempotency-key-reused")
