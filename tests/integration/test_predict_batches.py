"""Many points in one prediction: one request, one read, each point judged by those before it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
from tidewatch.api.predict import PredictBatchResponse, PredictResponse
from tidewatch.detectors import CATALOGUE

from tests.support.api import Api, Reply
from tests.support.boundary import Boundary

START = 1_700_000_000
VALUES = (10 + np.sin(np.arange(200) / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 0.1, 200)).tolist()
END = START + 60 * len(VALUES)


def points(values: list[Any], start: int = END, step: int = 60) -> list[dict[str, Any]]:
    return [{"timestamp": start + step * index, "value": value} for index, value in enumerate(values)]


def batch(api: Api, body: dict[str, Any], *, query: str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call("POST", f"/predict/s{query}", json_body=body, headers=named)


@pytest.mark.parametrize("detector", CATALOGUE)
def test_each_point_is_judged_by_those_before_it(api: Api, boundary: Boundary, detector):
    """As if each had been asked about alone, with all before it as its context."""
    assert api.fit("s", VALUES, more={"detector": detector}).status == 200
    new = [10.2, 10.4, 99.0, 10.9, 11.0]
    boundary.forget()
    answer = batch(api, {"points": points(new), "context": VALUES}).json()
    assert boundary.names.count("dynamodb.GetItem") == 1
    PredictBatchResponse.model_validate(answer)
    for index, found in enumerate(answer["predictions"]):
        more = {"context": [*VALUES, *new[:index]]}
        alone = api.predict("s", new[index], timestamp=END + 60 * index, more=more).json()
        PredictResponse.model_validate(alone)
        of = {name: alone.pop(name) for name in ("series_id", "model_version", "detector")}
        assert of == {name: answer[name] for name in of}
        assert found.keys() == alone.keys()
        for name, value in alone.items():
            assert found[name] == (pytest.approx(value, rel=1e-6, abs=1e-9) if type(value) is float else value), name


def test_the_end_of_the_training_data_is_what_came_before(api: Api):
    api.fit("s", VALUES, more={"detector": "ewma"})
    without = batch(api, {"points": points([10.0, 30.0])}).json()
    assert batch(api, {"points": points([10.0, 30.0]), "context": VALUES}).json() == without
    assert batch(api, {"points": points([10.0, 30.0]), "context": None}).json() == without
    assert [found["anomaly"] for found in without["predictions"]] == [False, True]


def test_a_version_may_be_named_and_one_point_is_enough(api: Api):
    api.fit("s", VALUES)
    api.fit("s", [value + 100 for value in VALUES])
    assert batch(api, {"points": points([10.0])}, query="?version=1").json()["predictions"][0]["anomaly"] is False
    assert batch(api, {"points": points([10.0])}).json()["model_version"] == "v2"


def test_times_may_be_written_in_each_way(api: Api):
    api.fit("s", VALUES)
    times = [START, str(START + 60), "2023-11-14T22:15:20Z", "2023-11-14T23:16:20+01:00"]
    answer = batch(api, {"points": [{"timestamp": time, "value": 10} for time in times]}).json()
    assert [found["timestamp"] for found in answer["predictions"]] == [
        f"2023-11-14T22:{minute}:20Z" for minute in (13, 14, 15, 16)
    ]


def test_all_points_are_counted(api: Api):
    api.fit("s", VALUES)
    reply = batch(api, {"points": points([10.0, 99.0, 10.0])})
    assert (reply.counted("Predictions"), reply.counted("Anomalies")) == (3, 1)


P = [{"timestamp": 1, "value": 1}, {"timestamp": 2, "value": 2}]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"points": []}, [(("points",), "too_few_points")]),
        ({"points": None}, [(("points",), "list_type")]),
        ({"points": 1}, [(("points",), "list_type")]),
        ({"points": [1]}, [(("points", 0), "wrong_type")]),
        ({"points": [P[0], {"timestamp": 2}]}, [(("points", 1, "value"), "missing")]),
        ({"points": [P[0], P[1] | {"x": 1}]}, [(("points", 1, "x"), "extra_forbidden")]),
        ({"points": [P[1], P[0]]}, [(("points", 1, "timestamp"), "timestamps_unsorted")]),
        ({"points": [P[1], P[1]]}, [(("points", 1, "timestamp"), "timestamp_repeated")]),
        ({"points": [P[0], {"timestamp": "x", "value": 1}]}, [(("points", 1, "timestamp"), "wrong_type")]),
        ({"points": [{"timestamp": "20260101", "value": 1}]}, [(("points", 0, "timestamp"), "timestamp_ambiguous")]),
        ({"points": [{"timestamp": 1, "value": "1"}]}, [(("points", 0, "value"), "wrong_type")]),
        ({"points": [{"timestamp": 1, "value": 10**400}]}, [(("points", 0, "value"), "not_finite")]),
        ({"points": [{"timestamp": 10**13, "value": 1}]}, [(("points", 0, "timestamp"), "timestamp_out_of_range")]),
        ({"points": P, "context": ["x"]}, [(("context", 0), "wrong_type")]),
        ({"points": P, "value": 1}, [(("value",), "extra_forbidden")]),
        ({"point": P[0]}, [(("timestamp",), "missing"), (("value",), "missing"), (("point",), "extra_forbidden")]),
    ],
)
def test_every_mistake_is_named_by_its_field(api: Api, body, errors):
    api.fit("s", VALUES)
    reply = batch(api, body)
    assert (reply.status, reply.errors) == (422, [(("body", *loc), kind) for loc, kind in errors])


def test_more_points_are_taken_where_the_answer_is_packed(api: Api):
    api.fit("s", VALUES)
    body = {"points": points([10.0] * 30_000)}
    refused = batch(api, body)
    assert refused.errors == [(("body", "points"), "too_many_points")]
    assert "30,000" in refused.json()["errors"][0]["msg"]
    reply = batch(api, body, Accept_Encoding="gzip")
    assert reply.status == 200
    assert len(json.loads(gzip.decompress(reply.body))["predictions"]) == 30_000
    refused = batch(api, {"points": points([10.0] * 30_001)}, Accept_Encoding="gzip")
    assert refused.errors == [(("body", "points"), "too_many_points")]


def test_a_batch_that_takes_too_long_is_told_to_be_smaller(api: Api, monkeypatch):
    from tidewatch.deadline import DeadlineExceeded
    from tidewatch.detectors import fit_model
    from tidewatch.series import TimeSeries

    def give_up(*_: object) -> None:
        raise DeadlineExceeded

    api.fit("s", VALUES)
    series = TimeSeries(np.arange(5), np.arange(5.0))
    model = fit_model(series, CATALOGUE["three_sigma"].options_type())  # type: ignore[call-arg]
    monkeypatch.setattr(type(model), "score", give_up)
    assert batch(api, {"points": points([1.0, 2.0])}).errors == [(("body", "points"), "takes_too_long")]
    assert api.predict("s", 1).problem == "out-of-time"
