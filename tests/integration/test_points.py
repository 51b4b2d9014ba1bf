"""Points that come in over HTTP: judged once each, whatever is sent again, and shown with what was said of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import numpy as np
import pytest

from tests.support.api import Api, Reply, authorized
from tests.support.boundary import Boundary, answer_lost, throttled
from tests.support.environment import ENVIRONMENT
from tests.support.isolation import looking_past

START = 1_700_000_000
RANDOM = np.random.default_rng(5)
HISTORY = [round(float(value), 3) for value in RANDOM.normal(50, 2, 120)]


def points(first: int, values: list[float], **more: Any) -> list[dict[str, Any]]:
    begin = START + 60 * (len(HISTORY) + first)
    return [more | {"timestamp": begin + 60 * place, "value": value} for place, value in enumerate(values)]


def send(api: Api, some: list[dict[str, Any]], series: str = "cpu", **more: Any) -> Reply:
    return api.call("POST", f"/series/{series}/points", json_body={"points": some}, **more)


def listed(api: Api, query: str = "", **more: Any) -> Any:
    reply = api.call("GET", f"/series/cpu/points{query}", **more)
    assert reply.status == 200
    return reply.json()


@looking_past()
def items(variable: str) -> list[Any]:
    found: list[Any] = boto3.client("dynamodb").scan(TableName=ENVIRONMENT[variable])["Items"]
    return found


@pytest.fixture
def trained(api: Api) -> Api:
    assert fit(api).status == 200
    return api


def fit(api: Api, series: str = "cpu", detector: str = "three_sigma", **more: Any) -> Reply:
    times = [START + 60 * place for place in range(len(HISTORY))]
    body = {"timestamps": times, "values": HISTORY, "detector": {"name": detector}}
    return api.call("POST", f"/fit/{series}", json_body=body, **more)


def test_points_are_judged_as_a_prediction_judges_them_and_only_once(trained: Api) -> None:
    some = points(0, [50.0, 51.0, 90.0, 49.0])
    predicted = trained.call("POST", "/predict/cpu", json_body={"points": some}).json()["predictions"]
    first = send(trained, some[::-1]).json()
    assert (first["judged"], first["refused"], first["model_version"], first["detector"]) == (
        4,
        [],
        "v1",
        "three_sigma",
    )
    extra = {"model_version": "v1", "late": False}
    assert first["points"] == [row | extra | {"outcome": "judged"} for row in predicted]
    again = send(trained, [*some, *points(4, [50.5])])
    assert again.json()["judged"] == 1
    assert [row["outcome"] for row in again.json()["points"]] == ["repeated"] * 4 + ["judged"]
    assert (again.counted("Predictions"), again.counted("Anomalies")) == (1, 0)
    assert listed(trained)["points"] == [
        {name: value for name, value in row.items() if name != "outcome"} for row in again.json()["points"]
    ]


def test_late_and_refused_points_are_said_to_be_so(trained: Api) -> None:
    values = [50.0 + place % 7 for place in range(300)]
    whole = points(0, values)
    held = [whole.pop(298), whole.pop(3)]
    send(trained, whole)
    ahead = int(datetime.now(UTC).timestamp()) + 2 * 86_400
    reply = send(trained, [*held, whole[0], {"timestamp": ahead, "value": 50}])
    told = reply.json()
    assert [(row["outcome"], row["late"]) for row in told["points"]] == [("repeated", False), ("late", True)]
    assert [row["outcome"] for row in told["refused"]] == ["too_late", "too_early"]
    assert reply.events == ["points_refused"]


def test_a_page_of_judged_points_from_a_time_to_another(trained: Api) -> None:
    some = points(0, [50.0 + place % 5 for place in range(200)])
    send(trained, some)
    first, last = some[20]["timestamp"], some[190]["timestamp"]
    found, cursor = [], ""
    while True:
        page = listed(trained, f"?from={first}&to={last}&limit=50{cursor}")
        found += page["points"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [row["value"] for row in found] == [one["value"] for one in some[20:191]]
    assert listed(trained, "?from=2020-01-01T00:00:00Z&to=2021-01-01")["points"] == []


def test_what_another_series_lacks_keeps_none_from_being_judged(trained: Api) -> None:
    fit(trained, "disk", "mad")
    some = [point for name in ("cpu", "none", "disk") for point in points(0, [50.0, 99.0], series_id=name)]
    reply = trained.call("POST", "/points?wait=true", json_body={"points": some})
    told = reply.json()
    assert [(each["series_id"], each["detector"], each["judged"]) for each in told["series"]] == [
        ("cpu", "three_sigma", 2),
        ("disk", "mad", 2),
    ]
    assert [(each["series_id"], each["status"], each["type"]) for each in told["failed"]] == [
        ("none", 404, "urn:tidewatch:problem:unknown-series")
    ]
    assert "POST /fit/none" in told["failed"][0]["detail"]
    assert reply.counted("Predictions") == 4


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        ("/series/cpu/points", {"points": []}, [(("body", "points"), "too_few_points")]),
        (
            "/series/cpu/points",
            {"points": [{"timestamp": 1, "value": None}, {"timestamp": 10**12, "value": 1}]},
            [
                (("body", "points", 0, "value"), "wrong_type"),
                (("body", "points", 1, "timestamp"), "timestamp_out_of_range"),
            ],
        ),
        ("/series/cpu/points", {"points": [{"timestamp": 1}]}, [(("body", "points", 0, "value"), "missing")]),
        (
            "/series/cpu/points",
            {"points": [{"timestamp": 1, "value": 1}] * 5_001},
            [(("body", "points"), "too_many_points")],
        ),
        ("/points", {"points": []}, [(("body", "points"), "too_few_points")]),
        (
            "/points",
            {
                "points": [
                    {"timestamp": 1, "value": 1},
                    {"series_id": "a/b", "timestamp": 1, "value": 1},
                    {"series_id": 7, "timestamp": -1, "value": 1},
                ]
            },
            [
                (("body", "points", 0, "series_id"), "missing"),
                (("body", "points", 1, "series_id"), "series_id_form"),
                (("body", "points", 2, "series_id"), "wrong_type"),
                (("body", "points", 2, "timestamp"), "timestamp_out_of_range"),
            ],
        ),
        ("/points", {"points": [5]}, [(("body", "points", 0), "wrong_type")]),
        (
            "/points",
            {"points": [{"series_id": f"s{place}", "timestamp": 1, "value": 1} for place in range(501)]},
            [(("body", "points"), "too_many_series")],
        ),
    ],
)
def test_mistakes_are_told_all_at_once(api: Api, path: str, body: Any, errors: Any) -> None:
    reply = api.call("POST", path, json_body=body)
    assert (reply.status, reply.errors) == (422, errors)


def test_mistakes_of_the_query_are_told(trained: Api) -> None:
    reply = trained.call("GET", "/series/cpu/points?from=yesterday&cursor=x&limit=0&form=1")
    assert reply.status == 422
    assert {loc[1] for loc, _ in reply.errors} == {"from", "cursor", "limit", "form"}
    (told,) = [error["msg"] for error in reply.json()["errors"] if error["loc"][1] == "form"]
    assert "did you mean from?" in told


def test_a_series_that_nobody_trained_is_unknown(api: Api) -> None:
    assert (send(api, points(0, [1.0])).status, api.call("GET", "/series/cpu/points").status) == (404, 404)


def test_a_series_of_rows_takes_no_points(api: Api) -> None:
    rows = [{"timestamp": START + 60 * at, "x1": at % 5, "x2": at % 7 - 0.5} for at in range(60)]
    assert api.call("POST", "/fit/cpu", json_body={"rows": rows, "detector": {"name": "pca"}}).status == 200
    assert (send(api, points(0, [1.0])).status, send(api, points(0, [1.0])).problem) == (422, "wrong-kind")


def test_a_deleted_series_takes_its_stream_along(trained: Api, boundary: Boundary) -> None:
    some = points(0, [50.0 + place % 5 for place in range(200)])
    send(trained, some)
    assert trained.call("DELETE", "/series/cpu").status == 204
    assert items("STREAMS_TABLE_NAME") == []
    assert send(trained, some[:3]).status == 404
    fit(trained)
    assert send(trained, some[:3]).json()["judged"] == 3


def test_storage_that_fails_is_told_and_what_is_sent_again_is_judged_once(trained: Api, boundary: Boundary) -> None:
    some = points(0, [50.0, 60.0, 50.0])
    boundary.on("dynamodb.PutItem", throttled)
    assert (send(trained, some).status, send(trained, some).problem) == (503, "storage-unavailable")
    failed = trained.call("POST", "/points", json_body={"points": [{"series_id": "cpu"} | some[0]]}).json()["failed"]
    assert [each["status"] for each in failed] == [503]
    boundary.heal()
    # The answer of the first attempt is lost: the retry finds its own write.
    boundary.on("dynamodb.PutItem", answer_lost, times=1)
    assert send(trained, some).json()["judged"] == 3
    assert len(listed(trained)["points"]) == 3


def test_points_count_against_the_limit_of_the_tenant(trained: Api) -> None:
    reply = send(trained, points(0, [50.0] * 5), authorizer=authorized(limit_points_per_day="4"))
    assert (reply.status, reply.problem) == (429, "limit-points-per-day")


def test_tenants_have_streams_of_their_own(api: Api) -> None:
    for tenant in ("team-a", "team-b"):
        fit(api, authorizer=authorized(tenant))
    send(api, points(0, [50.0]), authorizer=authorized("team-a"))
    assert listed(api, authorizer=authorized("team-b"))["points"] == []
    assert send(api, points(0, [51.0]), authorizer=authorized("team-b")).json()["points"][0]["value"] == 51.0


def test_a_series_that_is_monitored_keeps_what_was_said(trained: Api) -> None:
    assert trained.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}).status == 200
    send(trained, points(0, [50.0, 90.0]))
    assert len(items("OBSERVATIONS_TABLE_NAME")) == 1
