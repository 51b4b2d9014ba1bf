"""The contract that clients hold: field names, JSON types, versions. Fields may be added, never taken away."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.api import Api

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
START = 1_700_000_000


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def is_number_or_null(value: Any) -> bool:
    return value is None or is_number(value)


def is_string(value: Any) -> bool:
    return type(value) is str


def is_boolean(value: Any) -> bool:
    return type(value) is bool


def is_int32(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def is_moment(value: Any) -> bool:
    return is_string(value) and datetime.fromisoformat(value).utcoffset() is not None


def is_array(value: Any) -> bool:
    return isinstance(value, list)


def is_object(value: Any) -> bool:
    return type(value) is dict


Fields = dict[str, Callable[[Any], bool]]

OPTIONS = {"name": "three_sigma", "sigmas": 3.0, "side": "upper", "false_alarm_rate": None}

FIT: Fields = {"series_id": is_string, "version": is_string, "points_used": is_int32}
FIT_MORE: Fields = {
    "detector": is_string,
    "options": is_object,
    "trained_at": is_moment,
    "learned": is_object,
    "warnings": is_array,
    "kind": is_string,
    "timezone": is_string,
    "variables": is_array,
}
PREDICT: Fields = {"anomaly": is_boolean, "model_version": is_string}
PREDICT_MORE: Fields = {
    "series_id": is_string,
    "timestamp": is_moment,
    "value": is_number,
    "detector": is_string,
    "score": is_number,
    "expected": is_number_or_null,
    "p_value": is_number,
    "severity": is_number,
    "direction": lambda value: value in ("high", "low", None),
    "warming_up": is_boolean,
    "lower": is_number_or_null,
    "upper": is_number_or_null,
    "incident": is_number_or_null,
}


def check_fields(document: dict[str, Any], fields: Fields) -> None:
    for name, is_right in fields.items():
        assert is_right(document[name]), f"{name} is {document[name]!r}"


def test_fit_answers_the_new_version_and_what_it_learned(api: Api):
    before = datetime.now(UTC)
    reply = api.fit("pump.7", VALUES)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json()
    check_fields(answer, FIT | FIT_MORE)
    assert set(answer) == set(FIT | FIT_MORE)
    assert (answer["series_id"], answer["version"], answer["points_used"]) == ("pump.7", "v1", 6)
    assert answer["detector"] == "three_sigma"
    assert answer["options"] == OPTIONS
    assert before <= datetime.fromisoformat(answer["trained_at"]) <= datetime.now(UTC)
    mean, std = statistics.fmean(VALUES), statistics.pstdev(VALUES)
    assert answer["learned"] == pytest.approx({"mean": mean, "std": std, "lower": None, "upper": mean + 3 * std})


def test_predict_answers_the_decision_and_its_grounds(api: Api):
    learned = api.fit("pump.7", VALUES).json()["learned"]
    reply = api.predict("pump.7", 40, timestamp="2024-02-29T12:00:00+02:00")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json()
    check_fields(answer, PREDICT | PREDICT_MORE)
    assert set(answer) == set(PREDICT | PREDICT_MORE)
    assert (answer["anomaly"], answer["model_version"], answer["value"]) == (True, "v1", 40)
    assert answer["timestamp"] == "2024-02-29T10:00:00Z"
    assert (answer["expected"], answer["lower"], answer["upper"]) == (learned["mean"], None, learned["upper"])
    assert answer["score"] == pytest.approx((40 - learned["mean"]) / learned["std"])


def test_a_point_on_the_limit_is_no_anomaly_and_the_next_double_is(api: Api):
    # Mean 0 and standard deviation 1, so that the limit is 3 exactly.
    assert api.fit("limit", [-1, 1, -1, 1, -1, 1]).json()["learned"]["upper"] == 3
    assert api.predict("limit", 3).json()["anomaly"] is False
    assert api.predict("limit", 3.0000000000000004).json()["anomaly"] is True
    assert api.predict("limit", -1e300).json()["anomaly"] is False


@pytest.mark.parametrize(
    ("options", "value", "anomaly", "band"),
    [
        ({"sigmas": 2}, 2.5, True, (None, 2)),
        ({"sigmas": 2.5, "side": "upper"}, 2.5, False, (None, 2.5)),
        ({"side": "lower"}, -3.1, True, (-3, None)),
        ({"side": "lower"}, 3.1, False, (-3, None)),
        ({"name": "three_sigma", "side": "both"}, -3.1, True, (-3, 3)),
        ({"name": "three_sigma", "side": "both"}, 3.1, True, (-3, 3)),
    ],
)
def test_the_detectors_options_are_obeyed(api: Api, options, value, anomaly, band):
    fitted = api.fit("options", [-1, 1, -1, 1, -1, 1], more={"detector": options}).json()
    assert fitted["options"] == OPTIONS | options
    answer = api.predict("options", value).json()
    assert (answer["anomaly"], (answer["lower"], answer["upper"])) == (anomaly, band)


def test_each_fit_makes_the_next_version_and_predict_sees_it_at_once(api: Api):
    for number in range(1, 13):
        assert api.fit("s", [number, *VALUES]).json()["version"] == f"v{number}"
        assert api.predict("s", 12).json()["model_version"] == f"v{number}"


@pytest.mark.parametrize(
    ("query", "version"),
    [("", "v3"), ("?version=latest", "v3"), ("?version=3", "v3"), ("?version=v3", "v3"), ("?version=v1", "v1")],
)
def test_predict_takes_a_version_in_every_form(api: Api, query, version):
    fitted = [api.fit("s", [10 * number, *VALUES]).json() for number in (1, 2, 3)]
    answer = api.predict("s", 12, query=query).json()
    assert answer["model_version"] == version
    assert answer["expected"] == fitted[int(version[1:]) - 1]["learned"]["mean"]


def test_an_old_version_judges_as_it_did_when_it_was_the_latest(api: Api):
    api.fit("s", [-1, 1, -1, 1, -1, 1])
    before = api.predict("s", 5).json()
    api.fit("s", [-100, 100, -100, 100, -100, 100])
    assert api.predict("s", 5).json()["anomaly"] is False
    assert api.predict("s", 5, query="?version=1").json() == before
    assert before["anomaly"] is True


def test_unknown_series_and_unknown_version_are_different_and_name_what_was_asked(api: Api):
    no_series = api.predict("pump.8", 1)
    assert (no_series.status, no_series.problem) == (404, "unknown-series")
    assert "'pump.8'" in no_series.json()["detail"]
    still_no_series = api.predict("pump.8", 1, query="?version=v2")
    assert (still_no_series.status, still_no_series.problem) == (404, "unknown-series")
    api.fit("pump.7", VALUES)
    no_version = api.predict("pump.7", 1, query="?version=v12")
    assert (no_version.status, no_version.problem) == (404, "unknown-version")
    assert "'pump.7'" in no_version.json()["detail"]
    assert "v12" in no_version.json()["detail"]
    assert "errors" not in no_version.json()


@pytest.mark.parametrize(
    "version",
    ["0", "v0", "01", "-1", "1.0", "V1", "LATEST", "", "v", "9" * 9, "%20v1", "v1%00", "%D9%A3", "v1&version=v2"],
)
def test_what_is_no_version_is_refused(api: Api, version):
    reply = api.predict("s", 1, query=f"?version={version}")
    assert reply.status == 422
    assert [loc for loc, _ in reply.errors] == [("query", "version")]


def test_series_are_apart(api: Api):
    api.fit("a", VALUES)
    api.fit("A", [1, *VALUES])
    api.fit("a.b", [2, *VALUES])
    assert [api.predict(s, 1).json()["model_version"] for s in ("a", "A", "a.b")] == ["v1"] * 3
    assert len({api.predict(s, 1).json()["expected"] for s in ("a", "A", "a.b")}) == 3


def test_json_integers_and_floats_are_both_numbers(api: Api):
    body = f'{{"timestamps":{[START + i for i in range(5)]},"values":[1,2.0,3e0,4E+0,50e-1]}}'
    assert api.call("POST", "/fit/n", body).json()["learned"]["mean"] == 3
    assert api.predict("n", 3).json()["value"] == 3


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308, 1e308, 0.5, 3], [5e-324, 0, 1e-323, 5e-324, 0]])
def test_the_ends_of_the_doubles_are_answered_as_json(api: Api, values):
    learned = api.fit("ends", values).json()["learned"]
    assert all(is_number_or_null(number) for number in learned.values())
    check_fields(api.predict("ends", 1.7976931348623157e308).json(), PREDICT | PREDICT_MORE)


def test_a_limit_beyond_the_doubles_is_null_and_the_decision_right(api: Api):
    fitted = api.fit("huge", [-1.7e308, 1.7e308, -1.7e308, 1.7e308, -1.7e308, 1.7e308]).json()
    assert fitted["learned"]["upper"] is None
    answer = api.predict("huge", 1.7976931348623157e308).json()
    assert (answer["anomaly"], answer["upper"]) == (False, None)
