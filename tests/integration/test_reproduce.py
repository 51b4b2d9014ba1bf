"""POST /series/{series_id}/versions/{version}/reproduce: a version is trained again, by the real worker."""

from __future__ import annotations

import json
import math
import random

import boto3
import orjson
import pytest

from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.jobs import work_off

DETECTORS = ["three_sigma", "seasonal_decomposition", "auto", "isolation_forest", "evt", "kmeans"]


def values(points=400):
    noise = random.Random(7)
    return [10 + math.sin(2 * math.pi * index / 24) + noise.gauss(0, 0.2) for index in range(points)]


def fitted(api, detector="three_sigma", **more):
    options = {"detector": {"name": detector, **more}}
    assert api.fit("a", values(), more=options).status == 200


def reproduced(api, version="1", **call):
    reply = api.call("POST", f"/series/a/versions/{version}/reproduce", **call)
    assert reply.status == 202
    assert reply.headers["location"] == f"/jobs/{reply.json()['job_id']}"
    assert work_off() == 1
    job = api.call("GET", reply.headers["location"]).json()
    assert job["state"] == "succeeded", job
    return job["result"]


def change(attribute, value):
    """Changes what is stored of version 1."""
    boto3.client("dynamodb").update_item(
        TableName=ENVIRONMENT["TABLE_NAME"],
        Key={"pk": {"S": "TENANT#default#SERIES#a"}, "sk": {"S": "VERSION#00000001"}},
        UpdateExpression="SET #attribute = :value",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":value": value},
    )


def stored(attribute):
    found = boto3.client("dynamodb").get_item(
        TableName=ENVIRONMENT["TABLE_NAME"],
        Key={"pk": {"S": "TENANT#default#SERIES#a"}, "sk": {"S": "VERSION#00000001"}},
    )
    return orjson.loads(found["Item"][attribute]["S"])


def nudge(value):
    """The value with its numbers, if it has any, one bit larger."""
    if isinstance(value, float):
        return math.nextafter(value, math.inf)
    return [nudge(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_kind_of_model_comes_out_the_same_to_the_last_bit(api, detector):
    fitted(api, detector)
    assert reproduced(api) == {
        "series_id": "a",
        "version": "v1",
        "outcome": "equal",
        "differences": [],
        "environment": {},
        "data_sha256": api.call("GET", "/series/a/versions/1").json()["data_sha256"],
    }


def test_the_page_shows_such_a_result(api):
    fitted(api)
    page = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("Its result:\n\n```json\n")[2].partition("```")[0])
    real = reproduced(api)
    assert shown | {"series_id": "a", "data_sha256": real["data_sha256"]} == real


def test_a_series_of_equal_values(api):
    assert api.fit("a", [5.0] * 50, more={"allow_constant": True}).status == 200
    assert reproduced(api, "latest")["outcome"] == "equal"


def test_what_was_changed_by_hand_is_found(api):
    fitted(api)
    parameters = stored("parameters")
    name = next(name for name, value in parameters.items() if nudge(value) != value)
    parameters[name] = nudge(parameters[name])
    change("parameters", {"S": orjson.dumps(parameters).decode()})
    found = reproduced(api)
    assert (found["outcome"], found["differences"], found["environment"]) == ("different", [f"parameters.{name}"], {})


def test_other_libraries_excuse_a_difference_but_do_not_make_one(api):
    fitted(api)
    change("libraries", {"S": '{"python": "3.9.1", "numpy": "1.20.0"}'})
    equal = reproduced(api)
    assert equal["outcome"] == "equal"
    assert equal["environment"]["libraries.numpy"]["then"] == "1.20.0"
    change("parameters", {"S": '{"something": 1.5}'})
    found = reproduced(api)
    assert found["outcome"] == "not_comparable"
    assert "parameters.something" in found["differences"]


def test_data_that_is_gone_fails_the_job_and_says_so(api):
    fitted(api)
    change("data_sha256", {"S": "0" * 64})
    job = api.call("POST", "/series/a/versions/1/reproduce").json()
    work_off()
    ended = api.call("GET", f"/jobs/{job['job_id']}").json()
    assert (ended["state"], ended["error"]["type"]) == ("failed", "urn:tidewatch:problem:data-corrupted")


def test_the_worker_counts_and_tells_how_jobs_ended(api, capsys):
    fitted(api)
    jobs = [api.call("POST", "/series/a/versions/1/reproduce").json()["job_id"]]
    work_off()
    change("data_sha256", {"S": "0" * 64})
    jobs.append(api.call("POST", "/series/a/versions/1/reproduce").json()["job_id"])
    work_off()
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    measured = [
        (metric["Name"], sorted(names))
        for document in documents
        for directive in document["_aws"]["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
        if metric["Name"].startswith("Jobs")
    ]
    dimensions = ["service", "stage"]
    assert measured == [("JobsSucceeded", dimensions), ("JobsFailed", dimensions)]


def test_the_same_key_is_the_same_job(api):
    fitted(api)
    fitted(api, "mad")
    key = {"Idempotency-Key": "monthly-proof"}
    first = api.call("POST", "/series/a/versions/1/reproduce", headers=key).json()
    assert api.call("POST", "/series/a/versions/v1/reproduce", headers=key).json()["job_id"] == first["job_id"]
    other = api.call("POST", "/series/a/versions/2/reproduce", headers=key)
    assert (other.status, other.problem) == (422, "idempotency-key-reused")


def test_rows_of_many_variables(api):
    times = [1_767_225_600 + 60 * index for index in range(300)]
    columns = {"x1": values(300), "x2": values(300)[::-1]}
    for detector in ("mahalanobis", "isolation_forest"):
        body = {"timestamps": times, "variables": columns, "detector": {"name": detector}}
        assert api.call("POST", "/fit/a", json_body=body).status == 200
        assert reproduced(api, "latest")["outcome"] == "equal"


def test_a_body_may_be_left_out_but_not_made_up(api):
    fitted(api)
    assert api.call("POST", "/series/a/versions/1/reproduce", json_body={}).status == 202
    reply = api.call("POST", "/series/a/versions/1/reproduce", json_body={"seed": 1})
    assert reply.errors == [(("body", "seed"), "extra_forbidden")]


@pytest.mark.parametrize("url", ["/series/b/versions/1/reproduce", "/series/a/versions/2/reproduce"])
def test_what_is_not_there_starts_no_job(api, url):
    fitted(api)
    assert api.call("POST", url).status == 404
    assert work_off() == 0


def test_a_version_that_is_deleted_meanwhile_fails_the_job(api):
    fitted(api)
    job = api.call("POST", "/series/a/versions/1/reproduce").json()
    api.call("DELETE", "/series/a")
    work_off()
    ended = api.call("GET", f"/jobs/{job['job_id']}").json()
    assert (ended["state"], ended["error"]["type"]) == ("failed", "urn:tidewatch:problem:unknown-series")
