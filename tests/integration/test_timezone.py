"""The time zone of a series: sent, kept, inherited, and what judges by it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import boto3
import numpy as np
import pytest
from tidewatch.adapters import items

from tests.support.api import Api
from tests.support.environment import ENVIRONMENT
from tests.support.jobs import work_off

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = [int(datetime(2025, 3, 9, tzinfo=BERLIN).timestamp()) + 3_600 * at for at in range(24 * 20)]
VALUES = [
    float(np.round(value, 3))
    for value in np.where([8 <= datetime.fromtimestamp(at, BERLIN).hour < 18 for at in TIMES], 100.0, 20.0)
    + np.random.default_rng(0).normal(0.0, 2.0, len(TIMES))
]
DETECTOR = {"name": "seasonal_decomposition", "period": 24}


def fit(api: Api, series: str = "s", **more):
    body = {"timestamps": TIMES, "values": VALUES, "detector": DETECTOR} | more
    return api.call("POST", f"/fit/{series}", json_body=body)


def judge(api: Api, series: str, moment: str, value: float) -> dict:
    return api.call("POST", f"/predict/{series}", json_body={"timestamp": moment, "value": value}).json()


def test_a_series_keeps_its_time_zone_until_another_is_sent(api: Api):
    told = [
        fit(api).json()["timezone"],
        fit(api, timezone="Europe/Berlin").json()["timezone"],
        fit(api).json()["timezone"],
        fit(api, detector="mad").json()["timezone"],
        fit(api, timezone="UTC").json()["timezone"],
    ]
    assert told == ["UTC", "Europe/Berlin", "Europe/Berlin", "Europe/Berlin", "UTC"]
    kept = [api.call("GET", f"/series/s/versions/{number}").json() for number in range(1, 6)]
    assert [version["timezone"] for version in kept] == told
    assert [version["lineage"]["preprocessing"].get("timezone") for version in kept] == [
        None,
        "Europe/Berlin",
        "Europe/Berlin",
        None,
        None,
    ]
    fit(api, "t", timezone="Asia/Tokyo")
    lines = api.call("GET", "/series").json()["series"]
    assert [line["timezone"] for line in lines] == ["UTC", "Asia/Tokyo"]


def test_an_office_is_full_at_nine_in_winter_and_in_summer(api: Api):
    fit(api, "local", timezone="Europe/Berlin")
    fit(api, "utc")
    # The office opens at 8, which is 6 in summer by UTC. The training data ends the day before clocks change.
    for moment in ("2025-04-07T06:00:00Z", "2025-04-07T08:00:00+02:00"):
        assert judge(api, "local", moment, 100.0)["anomaly"] is False
        assert judge(api, "local", moment, 20.0)["anomaly"] is True
    assert judge(api, "utc", "2025-04-07T06:00:00Z", 100.0)["anomaly"] is True


def test_rows_are_judged_by_the_hour_of_the_place(api: Api):
    rows = [{"timestamp": at, "a": value, "b": -value} for at, value in zip(TIMES, VALUES, strict=True)]
    body = {"rows": rows, "detector": {"name": "pca", "calendar": ["hour"]}, "timezone": "Europe/Berlin"}
    assert api.call("POST", "/fit/r", json_body=body).json()["timezone"] == "Europe/Berlin"
    version = api.call("GET", "/series/r").json()
    assert version["lineage"]["preprocessing"]["timezone"] == "Europe/Berlin"
    sent = {"rows": [{"timestamp": "2025-04-07T06:30:00Z", "a": 100.0, "b": -100.0}]}
    (judged,) = api.call("POST", "/predict/r", json_body=sent).json()["predictions"]
    assert judged["anomaly"] is False


@pytest.mark.parametrize("form", ["series", "rows"])
def test_an_unknown_time_zone_names_the_nearest(api: Api, form):
    rows = {"rows": [{"timestamp": at, "a": at % 7, "b": at % 5} for at in range(20)], "timezone": "europe/berlin"}
    reply = fit(api, timezone="europe/berlin") if form == "series" else api.call("POST", "/fit/s", json_body=rows)
    assert reply.status == 422
    (error,) = reply.json()["errors"]
    assert (error["loc"], error["type"]) == (["body", "timezone"], "unknown_timezone")
    assert "did you mean Europe/Berlin?" in error["msg"]


def test_a_version_with_a_time_zone_is_trained_again_to_the_bit(api: Api):
    fit(api, timezone="Europe/Berlin")
    reply = api.call("POST", "/series/s/versions/1/reproduce")
    assert work_off() == 1
    assert api.call("GET", reply.headers["location"]).json()["result"]["outcome"] == "equal"


def test_a_detection_without_a_model_has_local_days_too(api: Api):
    # Clocks are set forward in the middle.
    times = [at + 11 * 86_400 for at in TIMES]
    values = [100.0 if 8 <= datetime.fromtimestamp(at, BERLIN).hour < 18 else 20.0 + at // 3_600 % 3 for at in times]
    body = {"timestamps": times, "values": values, "detector": DETECTOR, "timezone": "Europe/Berlin"}
    alarms = [
        api.call("POST", "/detect", json_body=body | {"timezone": name}).json()["anomaly"].count(True)
        for name in ("Europe/Berlin", "UTC")
    ]
    assert alarms[0] == 0
    assert alarms[1] > 0
    picture = api.call("POST", "/detect?format=svg", json_body=body).body.decode()
    assert "time (Europe/Berlin)" in picture
    untimed = {"values": values, "timezone": "Europe/Berlin"}
    assert api.call("POST", "/detect", json_body=untimed).errors == [(("body", "timezone"), "timezone_without_times")]


def test_a_version_without_a_time_zone_is_stored_as_an_earlier_release_stored_it(api: Api):
    fit(api)
    found = boto3.client("dynamodb").get_item(
        TableName=ENVIRONMENT["TABLE_NAME"],
        Key={"pk": {"S": "TENANT#default#SERIES#s"}, "sk": {"S": "VERSION#00000001"}},
    )["Item"]
    assert items.TIMEZONE not in found
    assert "timezone" not in found["parameters"]["S"]


def test_a_picture_tells_local_times_and_names_the_zone(api: Api):
    fit(api, timezone="Europe/Berlin")
    picture = api.call("GET", "/plot?series_id=s&format=svg").body.decode()
    assert "time (Europe/Berlin)" in picture
    assert "2025-03-09 00:00 to 2025-03-28 23:00 Europe/Berlin" in picture
