"""POST /series/{series_id}/retrain: the real worker trains the champion again, and promotes what it may."""

from __future__ import annotations

import numpy as np
import pytest
from botocore.awsrequest import AWSResponse

from tests.support.api import Api, authorized
from tests.support.boundary import Boundary, Call, Send, server_error
from tests.support.jobs import let_all_be_seen, work_off

START = 1_700_000_040
VALUES = np.random.default_rng(1).normal(100, 5, 400).round(2).tolist()


def fit(api: Api, **more) -> None:
    assert api.fit("cpu", VALUES[:200], more=more).status == 200
    assert api.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}).status == 200


def predict(api: Api, values, first: int = 200) -> None:
    points = [{"timestamp": START + 60 * (first + place), "value": value} for place, value in enumerate(values)]
    assert api.call("POST", "/predict/cpu", json_body={"points": points}).status == 200


@pytest.fixture
def judged(api: Api) -> Api:
    """A champion of 200 points, and 100 points that it judged since."""
    fit(api, detector={"name": "three_sigma", "sigmas": 2.5, "side": "both"})
    predict(api, VALUES[200:300])
    return api


def start(api: Api, **body):
    return api.call("POST", "/series/cpu/retrain", json_body=body)


def retrained(api: Api, **body) -> dict:
    reply = start(api, **body)
    assert (reply.status, reply.headers["location"]) == (202, f"/jobs/{reply.json()['job_id']}")
    assert work_off() == 1
    job = api.call("GET", reply.headers["location"]).json()
    assert job["state"] == "succeeded", job
    return job["result"]


def standing(api: Api) -> tuple[str, str | None]:
    """Champion and challenger."""
    found = api.call("GET", "/series/cpu/champion").json()
    return found["champion_version"], found["challenger"] and found["challenger"]["version"]


def version(api: Api, name: str) -> dict:
    return api.call("GET", f"/series/cpu/versions/{name}").json()


def test_the_champions_detector_learns_what_came_since_and_challenges(judged: Api):
    found = retrained(judged, reason="a look")
    assert found == {
        "series_id": "cpu", "outcome": "published", "version": "v2", "role": "challenger", "kept_because": None,
        "parent": "v1", "points_used": 300, "new_points": 100, "left_out": 0,
    }  # fmt: skip
    assert standing(judged) == ("v1", "v2")
    old, new = version(judged, "v1"), version(judged, "v2")
    assert (new["detector"], new["options"]) == (old["detector"], old["options"])
    assert (new["points_used"], new["lineage"]["source"], new["lineage"]["parent_version"]) == (300, "retrain", "v1")


def test_the_trail_tells_who_retrained_and_why(judged: Api):
    reply = judged.call(
        "POST", "/series/cpu/retrain", json_body={"reason": "a look"}, authorizer=authorized(keyId="key-7")
    )
    assert reply.status == 202
    work_off()
    challenged, entry, *_ = judged.call("GET", "/series/cpu/audit").json()["entries"]
    assert (entry["action"], entry["actor"], entry["version"]) == ("retrained", "key-7", "v2")
    assert entry["reason"] == challenged["reason"] == "v1 retrained with 100 new points: a look"
    assert judged.call("GET", "/series/cpu/audit/verification").json()["intact"]


@pytest.mark.parametrize(("promote", "stands"), [("always", ("v2", None)), ("never", ("v1", None))])
def test_it_becomes_what_was_asked_for(judged: Api, promote, stands):
    assert retrained(judged, promote=promote)["role"] == ("champion" if promote == "always" else "none")
    assert standing(judged) == stands


def test_window_labels_and_another_detector(judged: Api):
    labels = [{"timestamp": START + 60 * place, "anomaly": True} for place in (210, 250)]
    assert judged.call("POST", "/series/cpu/labels", json_body={"labels": labels}).status == 200
    found = retrained(judged, window=80, detector="mad", promote="never")
    assert (found["points_used"], found["new_points"], found["left_out"]) == (80, 80, 1)
    assert version(judged, "v2")["detector"] == "mad"
    assert retrained(judged, exclude="none", promote="never")["left_out"] == 0


def test_with_too_few_new_points_nothing_is_trained(judged: Api):
    found = retrained(judged, least_new_points=101, promote="always")
    assert (found["outcome"], found["version"], found["new_points"]) == ("too_few_points", None, 100)
    assert judged.call("GET", "/series/cpu/champion").json()["latest_version"] == "v1"


def test_a_model_that_alarms_all_the_time_does_not_take_the_champions_place(judged: Api):
    found = retrained(judged, promote="always", detector={"name": "three_sigma", "sigmas": 0.5})
    assert (found["version"], found["role"]) == ("v2", "none")
    assert "too many points" in found["kept_because"]
    assert standing(judged) == ("v1", None)


def test_a_retraining_that_fails_leaves_the_champion(judged: Api):
    location = start(judged, detector={"name": "seasonal_decomposition", "period": 5_000}).headers["location"]
    work_off()
    job = judged.call("GET", location).json()
    assert (job["state"], job["error"]["status"]) == ("failed", 422)
    assert standing(judged) == ("v1", None)
    predict(judged, VALUES[300:310], first=300)


def test_what_was_all_labelled_as_anomalies_cannot_be_learned(judged: Api):
    trained_on = [1_700_000_000 + 60 * place for place in range(200)]
    times = [*trained_on, *(START + 60 * place for place in range(200, 300))]
    labels = [{"timestamp": time, "anomaly": True} for time in times]
    assert judged.call("POST", "/series/cpu/labels", json_body={"labels": labels}).status == 200
    location = start(judged, least_new_points=0).headers["location"]
    work_off()
    error = judged.call("GET", location).json()["error"]
    assert (error["status"], "300 more were left out" in error["detail"]) == (422, True)


def test_another_champion_that_came_meanwhile_stays(judged: Api):
    location = start(judged, promote="always").headers["location"]
    assert judged.fit("cpu", VALUES).status == 200
    work_off()
    result = judged.call("GET", location).json()["result"]
    assert (result["version"], result["role"]) == ("v3", "none")
    assert "meanwhile" in result["kept_because"]
    assert version(judged, "v3")["lineage"]["parent_version"] == "v1"
    assert standing(judged) == ("v2", None)


def test_what_a_deleted_series_of_the_same_name_was_asked_is_not_learned(judged: Api):
    assert judged.call("DELETE", "/series/cpu").status == 204
    fit(judged)
    predict(judged, VALUES[200:210])
    assert retrained(judged)["new_points"] == 10
    assert judged.call("DELETE", "/series/cpu/versions/v1").status == 409
    assert judged.call("PUT", "/series/cpu/champion", json_body={"version": "v2", "reason": "newer"}).status == 200
    assert judged.call("DELETE", "/series/cpu/versions/v1").status == 204
    assert retrained(judged, least_new_points=0)["new_points"] == 0


@pytest.mark.parametrize("again", [False, True])
def test_a_series_that_was_deleted_meanwhile_is_not_brought_back(judged: Api, again):
    location = start(judged, promote="always").headers["location"]
    assert judged.call("DELETE", "/series/cpu").status == 204
    if again:
        assert judged.fit("cpu", VALUES[:50]).status == 200
    work_off()
    job = judged.call("GET", location).json()
    assert (job["state"], job["error"]["status"]) == ("failed", 404)
    reply = judged.call("GET", "/series/cpu/champion")
    assert (reply.json()["latest_version"] == "v1") if again else (reply.status == 404)


def test_a_series_that_is_deleted_while_it_is_retrained_stays_deleted(judged: Api, boundary: Boundary):
    location = start(judged, promote="never").headers["location"]

    def delete(_: Call, send: Send) -> AWSResponse:
        judged.call("DELETE", "/series/cpu")
        return send()

    boundary.on("s3.PutObject", delete)
    work_off()
    assert judged.call("GET", location).json()["error"]["status"] == 404
    assert judged.call("GET", "/series/cpu").status == 404


def test_a_run_that_fails_after_it_published_is_repeated_and_publishes_once(judged: Api, boundary: Boundary):
    location = start(judged, promote="always").headers["location"]
    boundary.on("dynamodb.TransactWriteItems", server_error, first=2)
    work_off()
    assert judged.call("GET", "/series/cpu/champion").json()["latest_version"] == "v2"
    assert standing(judged) == ("v1", None)
    boundary.heal()
    let_all_be_seen()
    work_off()
    job = judged.call("GET", location).json()
    assert (job["state"], job["result"]["role"]) == ("succeeded", "champion")
    assert judged.call("GET", "/series/cpu/champion").json()["latest_version"] == "v2"


def test_the_same_key_is_the_same_job(judged: Api):
    headers = {"Idempotency-Key": "monday"}
    jobs = {
        judged.call("POST", "/series/cpu/retrain", headers=headers, json_body={}).json()["job_id"] for _ in range(2)
    }
    assert len(jobs) == 1
    reply = judged.call("POST", "/series/cpu/retrain", headers=headers, json_body={"window": 50})
    assert (reply.status, reply.problem) == (422, "idempotency-key-reused")


def test_rows_are_retrained_too(api: Api):
    values = np.random.default_rng(2).normal(size=(300, 2)).round(3).tolist()
    rows = [{"timestamp": START + 60 * place, "x1": one, "x2": two} for place, (one, two) in enumerate(values)]
    detector = {"name": "pca", "calendar": ["hour"]}
    body = {"rows": rows[:200], "detector": detector, "timezone": "Asia/Tokyo", "display_name": "the machine"}
    assert api.call("POST", "/fit/cpu", json_body=body).status == 200
    assert api.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}).status == 200
    assert api.call("POST", "/predict/cpu", json_body={"rows": rows[200:]}).status == 200
    found = retrained(api, promote="always")
    assert (found["points_used"], found["new_points"], found["role"]) == (300, 100, "champion")
    old, new = version(api, "v1"), version(api, "v2")
    assert [new[name] for name in ("timezone", "display_name")] == ["Asia/Tokyo", "the machine"]
    assert new["lineage"]["preprocessing"] == old["lineage"]["preprocessing"]
    location = api.call("POST", "/series/cpu/versions/v2/reproduce").headers["location"]
    work_off()
    assert api.call("GET", location).json()["result"]["outcome"] == "equal"
    assert start(api, detector="three_sigma").status == 422


def test_all_that_is_wrong_with_a_request_is_named(judged: Api):
    reply = start(judged, detector={"name": "three_sigma", "sigma": 2, "side": "top"}, promote="never")
    assert reply.status == 422
    assert {tuple(error["loc"]) for error in reply.json()["errors"]} == {
        ("body", "detector", "sigma"), ("body", "detector", "side"),
    }  # fmt: skip
    reply = start(judged, windows=50, promote="perhaps", least_new_points=-1, error_rate="0.1")
    wrong = {"windows", "promote", "least_new_points", "error_rate"}
    assert {error["loc"][1] for error in reply.json()["errors"]} == wrong
    assert judged.call("POST", "/series/disk/retrain").problem == "unknown-series"


def test_the_days_points_are_counted(judged: Api):
    limited = authorized(limit_points_per_day="10")
    reply = judged.call("POST", "/series/cpu/retrain", authorizer=limited)
    assert (reply.status, reply.problem) == (429, "limit-points-per-day")
