"""POST /predict without a series: bare values, each judged by all of them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
from tidewatch.api.predict_values import ValuesResponse
from tidewatch.detectors.retrospective.rolling_forest import judge_values

from tests.support.api import Api, Reply
from tests.support.boundary import Boundary

FIELDS = {"warmup_points_dropped", "anomaly", "anomaly_score"}
SPIKE = 150


def judge(api: Api, values: Any, **call: Any) -> Reply:
    return api.call("POST", "/predict", json_body={"values": values}, **call)


def noisy() -> list[float]:
    values = np.random.default_rng(3).normal(20, 1, 200)
    values[SPIKE] = 60
    return [float(value) for value in values]


def test_each_value_gets_its_judgement(api: Api):
    reply = judge(api, noisy())
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    answer = reply.json()
    assert set(answer) == FIELDS
    ValuesResponse.model_validate(answer, strict=True)
    dropped = answer["warmup_points_dropped"]
    assert dropped == 19
    for name in ("anomaly", "anomaly_score"):
        assert len(answer[name]) == 200
        assert [index for index, item in enumerate(answer[name]) if item is None] == list(range(dropped))
    assert set(answer["anomaly"][dropped:]) == {0, 1}
    assert answer["anomaly"][SPIKE] == 1
    assert answer["anomaly_score"][SPIKE] == max(answer["anomaly_score"][dropped:])


def test_it_is_what_the_forest_says(api: Api):
    answer, judged = judge(api, noisy()).json(), judge_values(np.array(noisy()))
    assert answer["anomaly"] == judged.anomaly
    given, exact = (np.array(scores, dtype=np.float64) for scores in (answer["anomaly_score"], judged.anomaly_score))
    np.testing.assert_allclose(given, exact, rtol=5e-6)


def test_the_same_values_get_the_same_judgement(api: Api):
    assert judge(api, noisy()).body == judge(api, noisy()).body


@pytest.mark.parametrize("count", [0, 1, 5, 20, 30])
def test_too_few_values_are_not_judged_and_told_why(api: Api, count):
    reply = judge(api, noisy()[:count])
    assert reply.status == 200
    answer = reply.json()
    assert set(answer) == FIELDS | {"message"}
    assert answer["anomaly"] == answer["anomaly_score"] == [None] * count
    assert answer["warmup_points_dropped"] <= count
    assert str(count) in answer["message"]


@pytest.mark.parametrize("value", [0, 7.5, -1e300, 5e-324])
def test_values_that_are_all_the_same_are_usual(api: Api, value):
    answer = judge(api, [value] * 100).json()
    assert set(answer["anomaly"]) == {None, 0}


def test_the_ends_of_the_doubles_are_judged(api: Api):
    ends = [1.7e308, -1.7e308, 5e-324, 0.0] * 30
    ValuesResponse.model_validate(judge(api, ends).json(), strict=True)


def test_nothing_is_stored_and_no_service_is_asked(api: Api, boundary: Boundary):
    assert judge(api, noisy()).status == 200
    assert boundary.calls == []


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({}, ("values",), "missing"),
        ({"values": None}, ("values",), "list_type"),
        ({"values": "1,2,3"}, ("values",), "list_type"),
        ({"values": {"0": 1}}, ("values",), "list_type"),
        ({"values": [1, None, None]}, ("values", 1), "wrong_type"),
        ({"values": [1, 2, "3"]}, ("values", 2), "wrong_type"),
        ({"values": [[1], 2]}, ("values", 0), "wrong_type"),
        ({"values": [True]}, ("values", 0), "wrong_type"),
        ({"values": [1, {"value": 2}]}, ("values", 1), "wrong_type"),
        ({"values": [1, 2], "timestamp": "1"}, ("timestamp",), "extra_forbidden"),
    ],
)
def test_every_mistake_is_named_by_its_field(api: Api, body, loc, kind):
    reply = api.call("POST", "/predict", json_body=body)
    assert (reply.status, reply.problem) == (422, "invalid-request")
    assert reply.errors == [(("body", *loc), kind)]


def test_what_is_not_finite_is_refused_where_it_stands(api: Api):
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 400):
        reply = api.call("POST", "/predict", f'{{"values":[1,{text}]}}')
        assert reply.errors == [(("body", "values", 1), "not_finite")]


def test_more_values_than_the_settings_say_are_too_many(api: Api, configure):
    configure(MAX_DETECT_POINTS="50")
    assert judge(api, [1.0, 2.0] * 25).status == 200
    reply = judge(api, [1.0, 2.0] * 26)
    assert reply.errors == [(("body", "values"), "too_many_points")]


def test_what_is_no_object_is_invalid(api: Api):
    reply = api.call("POST", "/predict", "[1, 2, 3]")
    assert (reply.status, reply.errors) == (422, [(("body",), "wrong_type")])


def test_a_packed_answer_is_the_same(api: Api):
    plain, packed = judge(api, noisy()), judge(api, noisy(), headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == plain.json()


def test_a_series_has_its_own_route(api: Api):
    """The two share a word, not a function."""
    assert api.fit("s", [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]).status == 200
    assert api.predict("s", 12).json()["model_version"] == "v1"
    assert api.call("POST", "/predict/s", json_body={"values": [1.0]}).status == 422
