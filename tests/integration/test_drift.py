"""Drift of monitored series: the route, the watch of the schedule, its metric and its log."""

from __future__ import annotations

import json

import numpy as np
import pytest

from local.sam.functions import LambdaContext
from local.sam.routes import read_functions
from tests.support.api import Api, authorized, handler_module
from tests.support.boundary import Boundary, server_error
from tests.support.environment import ROOT
from tests.support.tables import template

START = 1_700_000_040
USUAL = np.random.default_rng(1).normal(100, 5, 2_000).round(2)


@pytest.fixture
def monitored(api: Api) -> Api:
    """A champion of 1,000 points, whose judgements are kept."""
    fit(api)
    return api


def fit(api: Api, series: str = "cpu", **how) -> None:
    assert api.fit(series, USUAL[:1_000].tolist(), **how).status == 200
    body = {"monitor": True}
    assert api.call("PUT", f"/series/{series}/monitoring", json_body=body, **how).status == 200


def predict(api: Api, values, first: int = 1_000, series: str = "cpu", **how) -> None:
    points = [{"timestamp": START + 60 * (first + place), "value": value} for place, value in enumerate(values)]
    assert api.call("POST", f"/predict/{series}", json_body={"points": points}, **how).status == 200


def drift(api: Api, query: str = "", **how) -> dict:
    reply = api.call("GET", f"/series/cpu/drift{query}", **how)
    assert reply.status == 200
    return reply.json()


def watch(capsys) -> tuple[dict[str, int], list[list[float]]]:
    """What the watch of the schedule returns, and what it measures."""
    function = read_functions(template(), ROOT)["CollectFunction"]
    context = LambdaContext("collect", 1024, "arn:aws:lambda:eu-central-1:123456789012:function:collect", 900)
    capsys.readouterr()
    told = handler_module(function).lambda_handler({"task": "watch_drift"}, context)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "DriftingSeries" in line]
    return told, [line["DriftingSeries"] for line in printed]


def test_nothing_drifts_before_a_point_came(monitored: Api):
    found = drift(monitored)
    assert (found["champion_version"], found["monitor"], found["drifting"], found["points"]) == ("v1", True, False, 0)
    assert (found["since"], found["first"], found["variables"]) == (None, None, [])
    assert (found["martingale"]["points_per_false_alarm"], found["martingale"]["statistic"]) == (10_000, 0)


def test_usual_points_are_no_drift_and_a_change_is(monitored: Api):
    predict(monitored, USUAL[1_000:1_800])
    found = drift(monitored)
    assert (found["drifting"], found["points"], found["martingale"]["alarms"]) == (False, 800, [])
    assert [(each["variable"], each["reading"]) for each in found["variables"]] == [("value", "stable")]
    assert found["anomaly_rate"]["low"] <= found["anomaly_rate"]["rate"] <= found["anomaly_rate"]["high"]

    predict(monitored, USUAL[1_800:] + 15, first=1_800)
    found = drift(monitored)
    assert found["drifting"]
    assert found["martingale"]["alarms"] == [found["since"]]
    assert found["first"] < found["since"] < found["last"]
    assert found["variables"][0]["psi"] > 0.1


def test_a_higher_number_of_points_per_false_alarm_waits_longer(monitored: Api):
    predict(monitored, USUAL[1_000:1_060] + 15)
    soon, late = (drift(monitored, f"?points_per_false_alarm={points}")["since"] for points in (100, 1e6))
    assert soon is not None
    assert late is None or soon < late


def test_a_new_champion_begins_anew_and_so_does_an_old_one_that_comes_back(monitored: Api):
    predict(monitored, USUAL[1_000:1_100] + 15)
    assert drift(monitored)["drifting"]
    assert monitored.fit("cpu", (USUAL[:1_000] + 15).tolist()).status == 200
    assert not drift(monitored)["drifting"]
    predict(monitored, USUAL[1_100:1_200] + 15, first=1_100)
    assert (drift(monitored)["drifting"], drift(monitored)["points"]) == (False, 100)
    body = {"version": "1", "reason": "back"}
    assert monitored.call("PUT", "/series/cpu/champion", json_body=body).status == 200
    predict(monitored, USUAL[1_200:1_205], first=1_200)
    assert (drift(monitored)["champion_version"], drift(monitored)["points"]) == ("v1", 5)


def test_rows_tell_which_variable_moved(api: Api):
    random = np.random.default_rng(2)

    def rows(first: int, size: int, shift: float = 0.0):
        values = random.normal([0.0, shift], size=(size, 2))
        return [
            {"timestamp": START + 60 * (first + place), "x1": one, "x2": two}
            for place, (one, two) in enumerate(values.tolist())
        ]

    body = {"rows": rows(0, 400), "detector": {"name": "mahalanobis"}}
    assert api.call("POST", "/fit/cpu", json_body=body).status == 200
    assert api.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}).status == 200
    assert api.call("POST", "/predict/cpu", json_body={"rows": rows(400, 300, 4.0)}).status == 200
    found = drift(api)
    assert found["drifting"]
    assert [(each["variable"], each["reading"]) for each in found["variables"]] == [
        ("x1", "stable"),
        ("x2", "significant"),
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [("?points_per_false_alarm=99", "points_per_false_alarm"), ("?points_per_false_alarms=1000", "points_per_false")],
)
def test_what_is_wrong_with_a_request_is_named(monitored: Api, query, field):
    reply = monitored.call("GET", f"/series/cpu/drift{query}")
    assert reply.status == 422
    assert field in reply.body.decode()


def test_a_series_that_was_never_trained_is_unknown(api: Api):
    assert api.call("GET", "/series/cpu/drift").problem == "unknown-series"


def test_storage_that_fails_is_said_so(monitored: Api, boundary: Boundary):
    boundary.on("dynamodb.Query", server_error)
    assert monitored.call("GET", "/series/cpu/drift").status == 503


class TestWatch:
    def test_where_nothing_is_monitored_nothing_is_measured(self, api: Api, capsys):
        assert api.fit("cpu", USUAL[:100].tolist()).status == 200
        assert watch(capsys) == ({"watched": 0, "drifting": 0, "left": 0}, [])

    def test_series_of_all_tenants_are_watched_and_those_that_drift_are_named(self, api: Api, capsys, caplog):
        other = authorized("team-b")
        fit(api)
        fit(api, "disk", authorizer=other)
        predict(api, USUAL[1_000:1_200])
        predict(api, USUAL[1_000:1_100] + 15, series="disk", authorizer=other)
        assert watch(capsys) == ({"watched": 2, "drifting": 1, "left": 0}, [[1.0]])
        (line,) = [record for record in caplog.records if getattr(record, "event", None) == "drift_found"]
        assert (line.tenant, line.series_id, line.version) == ("team-b", "disk", "v1")
