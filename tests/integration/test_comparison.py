"""A challenger that judges beside the champion: what it costs, what is kept, and how the two compare."""

from __future__ import annotations

import pytest

from tests.support.api import Api, authorized
from tests.support.boundary import Boundary, connect_timeout, server_error, throttled

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
NARROW = {"detector": {"name": "three_sigma", "sigmas": 0.5}, "promote": False}
FIRST = 1_700_010_000


@pytest.fixture
def trained(api: Api) -> Api:
    """A champion that is hard to alarm, and a second version that is not."""
    assert api.fit("cpu", VALUES).status == 200
    assert api.fit("cpu", VALUES, more=NARROW).status == 200
    return api


def challenge(api: Api, **more):
    assert api.call("PUT", "/series/cpu/challenger", json_body={"version": "2", **more}).status == 200


def predict(api: Api, values, start=FIRST):
    points = [{"timestamp": start + 60 * index, "value": value} for index, value in enumerate(values)]
    reply = api.call("POST", "/predict/cpu", json_body={"points": points})
    assert reply.status == 200
    return reply


def compared(api: Api, query: str = "") -> dict:
    return api.call("GET", f"/series/cpu/comparison{query}").json()


def label(api: Api, labels: dict[int, bool]):
    body = {"labels": [{"timestamp": FIRST + 60 * place, "anomaly": anomaly} for place, anomaly in labels.items()]}
    return api.call("POST", "/series/cpu/labels", json_body=body)


class TestStorageCalls:
    def test_a_prediction_is_one_read_where_nothing_is_kept(self, trained: Api, boundary: Boundary):
        boundary.calls.clear()
        predict(trained, [12.0])
        assert boundary.names == ["dynamodb.GetItem"]

    def test_and_one_append_more_where_the_series_is_monitored(self, trained: Api, boundary: Boundary):
        trained.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True})
        boundary.calls.clear()
        predict(trained, [12.0])
        assert boundary.names == ["dynamodb.GetItem", "dynamodb.PutItem"]

    def test_or_has_a_challenger_which_is_read_once(self, trained: Api, boundary: Boundary):
        challenge(trained)
        boundary.calls.clear()
        for _ in range(3):
            predict(trained, [12.0])
        assert (
            boundary.names
            == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]
            + [
                "dynamodb.GetItem",
                "dynamodb.PutItem",
            ]
            * 2
        )

    def test_a_prediction_by_a_named_version_keeps_nothing(self, trained: Api, boundary: Boundary):
        challenge(trained)
        boundary.calls.clear()
        assert trained.predict("cpu", 12, query="?version=1").status == 200
        assert boundary.names == ["dynamodb.GetItem"]


@pytest.mark.parametrize("fault", [throttled, server_error, connect_timeout])
def test_a_judgement_that_cannot_be_kept_is_given_all_the_same(trained: Api, boundary: Boundary, fault):
    challenge(trained)
    boundary.on("dynamodb.PutItem", fault)
    reply = predict(trained, [12.0])
    assert reply.events == ["judgement_not_kept"]
    assert reply.counted("StorageFailures") == 1


def test_a_challenger_that_cannot_be_read_changes_nothing(trained: Api, boundary: Boundary):
    challenge(trained)
    boundary.on("dynamodb.GetItem", server_error, first=2)
    assert predict(trained, [99.0]).json()["predictions"][0]["anomaly"]
    boundary.heal()
    assert compared(trained)["points"] == 0


def test_both_judge_the_same_points_and_the_champion_decides(trained: Api):
    challenge(trained, error_rate=0.2)
    judged = predict(trained, [12.0, 13.0, 99.0]).json()["predictions"]
    assert [each["anomaly"] for each in judged] == [False, False, True]
    found = compared(trained)
    assert (found["champion_version"], found["challenger_version"], found["points"]) == ("v1", "v2", 3)
    assert (found["champion"]["alarms"], found["challenger"]["alarms"]) == (1, 2)
    assert found["agreement"] == pytest.approx(2 / 3)
    assert (found["test"]["basis"], found["test"]["verdict"], found["test"]["threshold"]) == ("alarms", "not yet", 5.0)
    assert (found["test"]["occasions_for_challenger"], found["test"]["occasions_for_champion"]) == (0, 1)


def test_labels_tell_which_is_right(trained: Api):
    challenge(trained)
    predict(trained, [12.0, 13.0, 99.0])
    assert label(trained, {1: False, 2: True}).json()["labels"] == 2
    found = compared(trained, "?miss_cost=10")
    assert (found["labelled"], found["test"]["basis"]) == (2, "labels")
    assert (found["champion"]["precision"], found["challenger"]["precision"]) == (1.0, 0.5)
    assert (found["champion"]["cost"], found["challenger"]["cost"]) == (0.0, 1.0)
    label(trained, {1: True})
    found = compared(trained, "?miss_cost=10")
    assert (found["champion"]["cost"], found["challenger"]["recall"]) == (10.0, 1.0)


def test_a_champion_that_came_since_begins_the_comparison_anew(trained: Api):
    challenge(trained)
    predict(trained, [12.0, 13.0])
    assert trained.fit("cpu", VALUES).json()["version"] == "v3"
    assert (compared(trained)["champion_version"], compared(trained)["points"]) == ("v3", 0)


@pytest.mark.parametrize(("auto_promote", "champion"), [(True, "v2"), (False, "v1")])
def test_a_challenger_is_promoted_by_labels_where_that_was_asked_for(trained: Api, auto_promote, champion):
    challenge(trained, auto_promote=auto_promote)
    predict(trained, [12.0, 13.0] * 8)
    assert label(trained, {1: True}).json()["champion_version"] == "v1"
    told = label(trained, {place: bool(place % 2) for place in range(16)}).json()
    assert told["champion_version"] == champion
    newest, *_ = trained.call("GET", "/series/cpu/audit").json()["entries"]
    if auto_promote:
        assert told["challenger"] is None
        assert (newest["action"], newest["actor"]) == ("promoted", "auto_promote")
        assert newest["reason"] == "better on 8 of 8 labelled occasions, at an error rate of 0.05"
    else:
        assert compared(trained)["test"]["verdict"] == "promote"


def test_a_version_is_not_promoted_for_alarming_less(trained: Api):
    """Labels on which both agree decide nothing, and alarms alone do not promote."""
    assert trained.call("PUT", "/series/cpu/champion", json_body={"version": "2", "reason": "x"}).status == 200
    assert trained.call("PUT", "/series/cpu/challenger", json_body={"version": "1", "auto_promote": True}).status == 200
    predict(trained, [12.0, 13.0] * 20)
    assert compared(trained)["test"]["verdict"] == "promote"
    assert label(trained, {0: False}).json()["champion_version"] == "v2"


def test_what_is_not_there_is_not_compared(trained: Api):
    assert trained.call("GET", "/series/cpu/comparison").problem == "no-challenger"
    assert trained.call("GET", "/series/disk/comparison").problem == "unknown-series"
    challenge(trained)
    assert trained.call("GET", "/series/cpu/comparison", authorizer=authorized("other")).problem == "unknown-series"
    wrong = trained.call("GET", "/series/cpu/comparison?miss_cost=-1")
    assert wrong.errors == [(("query", "miss_cost"), "greater_than_equal")]
    body = {"labels": [{"timestamp": "soon", "anomaly": 1}]}
    errors = trained.call("POST", "/series/cpu/labels", json_body=body).errors
    assert errors == [
        (("body", "labels", 0, "timestamp"), "timestamp_form"),
        (("body", "labels", 0, "anomaly"), "bool_type"),
    ]


def test_models_of_rows_have_no_challenger_so_far(api: Api):
    rows = [{"timestamp": 1_700_000_000 + 60 * n, "x1": float(n % 5), "x2": float(n % 7)} for n in range(40)]
    for _ in range(2):
        assert api.call("POST", "/fit/cpu", json_body={"rows": rows}).status == 200
    for path, body in (("challenger", {"version": "1"}), ("monitoring", {"monitor": True})):
        assert api.call("PUT", f"/series/cpu/{path}", json_body=body).problem == "not-for-rows"
