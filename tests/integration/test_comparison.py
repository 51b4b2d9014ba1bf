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


class TestRows:
    ROWS = tuple({"timestamp": FIRST + 60 * n, "x1": float(n % 5), "x2": float(n % 7)} for n in range(120))

    @pytest.fixture
    def of_rows(self, api: Api) -> Api:
        """A champion, and a second version of the same variables in another order, which alarms sooner."""
        turned = [{name: row[name] for name in ("x2", "timestamp", "x1")} for row in self.ROWS[:100]]
        sooner = {"detector": {"name": "knn", "false_alarm_rate": 0.2}, "promote": False}
        for body in ({"rows": list(self.ROWS[:100]), "detector": "knn"}, {"rows": turned, **sooner}):
            assert api.call("POST", "/fit/cpu", json_body=body).status == 200
        return api

    def judge(self, api: Api, target: str = "/predict/cpu") -> dict:
        reply = api.call("POST", target, json_body={"rows": [*self.ROWS[100:119], self.ROWS[119] | {"x1": 900.0}]})
        assert reply.status == 200
        return reply.json()

    def test_both_judge_the_same_rows_and_the_champion_decides(self, of_rows: Api, boundary: Boundary):
        alone = self.judge(of_rows)
        challenge(of_rows)
        boundary.calls.clear()
        assert self.judge(of_rows) == alone
        assert boundary.names == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]
        found = compared(of_rows)
        assert (found["points"], found["champion"]["alarms"]) == (20, sum(r["anomaly"] for r in alone["predictions"]))
        assert found["challenger"]["alarms"] > found["champion"]["alarms"] > 0
        # It says what it says when it is asked itself.
        second = self.judge(of_rows, "/predict/cpu?version=2")["predictions"]
        assert found["challenger"]["alarms"] == sum(row["anomaly"] for row in second)

    def test_what_is_monitored_is_kept_once_and_not_where_a_version_is_named(self, of_rows: Api, boundary: Boundary):
        assert of_rows.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}).status == 200
        boundary.calls.clear()
        self.judge(of_rows)
        self.judge(of_rows, "/predict/cpu?version=1")
        assert boundary.names == ["dynamodb.GetItem", "dynamodb.PutItem", "dynamodb.GetItem"]

    def test_rows_that_cannot_be_kept_are_judged_all_the_same(self, of_rows: Api, boundary: Boundary):
        challenge(of_rows)
        boundary.on("dynamodb.PutItem", throttled)
        reply = of_rows.call("POST", "/predict/cpu", json_body={"rows": [self.ROWS[100]]})
        assert (reply.status, reply.events) == (200, ["judgement_not_kept"])

    def test_without_a_series_in_the_path_nothing_is_written(self, api: Api, boundary: Boundary):
        assert api.call("POST", "/fit/default", json_body={"rows": list(self.ROWS[:100])}).status == 200
        assert api.call("PUT", "/series/default/monitoring", json_body={"monitor": True}).status == 200
        boundary.calls.clear()
        self.judge(api, "/predict")
        assert boundary.names == ["dynamodb.GetItem"]

    def test_a_challenger_judges_what_the_champion_judges(self, of_rows: Api):
        """Refused when it is set; left out where another champion came since."""
        other = [{"timestamp": row["timestamp"], "x1": row["x1"], "x3": row["x2"]} for row in self.ROWS[:100]]
        assert of_rows.call("POST", "/fit/cpu", json_body={"rows": other, "promote": False}).json()["version"] == "v3"
        refused = of_rows.call("PUT", "/series/cpu/challenger", json_body={"version": "3"})
        assert (refused.status, refused.problem) == (409, "cannot-challenge")
        challenge(of_rows)
        assert of_rows.call("PUT", "/series/cpu/champion", json_body={"version": "3", "reason": "x"}).status == 200
        assert of_rows.call("POST", "/predict/cpu", json_body={"rows": other[-1:]}).status == 200
        assert of_rows.fit("cpu", VALUES).json()["version"] == "v4"
        predict(of_rows, [12.0])
        assert compared(of_rows)["points"] == 0

    def test_a_challenger_that_takes_no_missing_values_is_left_out_where_one_is(self, of_rows: Api):
        holds = {"detector": {"name": "pca", "missing": "hold"}}
        assert of_rows.call("POST", "/fit/cpu", json_body={"rows": list(self.ROWS[:100]), **holds}).status == 200
        challenge(of_rows)
        row = self.ROWS[100] | {"x1": None}
        assert of_rows.call("POST", "/predict/cpu", json_body={"rows": [row]}).status == 200
        assert compared(of_rows)["points"] == 0
