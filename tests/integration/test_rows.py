"""Rows of many variables through the public door: fit, predict, and what is refused."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
from tidewatch.api.predict_rows import PredictRowsResponse
from tidewatch.deadline import DeadlineExceeded
from tidewatch.detectors import CATALOGUE_OF_ROWS
from tidewatch.detectors.multivariate.detector import CalibratedRowsModel

from tests.support.api import Api, Reply, authorized
from tests.support.boundary import Boundary
from tests.support.environment import ROOT

START = 1_735_689_600
random = np.random.default_rng(0)
LOAD = random.normal(size=(200, 1))
VALUES = np.concatenate([LOAD, 2 * LOAD, -LOAD], axis=1) + random.normal(0, 0.2, (200, 3))
NAMES = ("x1", "x2", "x3")
NEXT = {"timestamp": "2025-01-01T03:20:00", "x1": 0.1, "x2": 0.2, "x3": -0.1}


def rows(values: np.ndarray = VALUES, names: tuple[str, ...] = NAMES) -> list[dict[str, Any]]:
    return [
        {"timestamp": START + 60 * at} | dict(zip(names, row, strict=True)) for at, row in enumerate(values.tolist())
    ]


def fit(api: Api, detector: Any = "mahalanobis", series_id: str = "s", **body: Any) -> Reply:
    sent = {"rows": rows()} | ({"detector": detector} if detector else {}) | body
    return api.call("POST", f"/fit/{series_id}", json_body=sent)


def predict(api: Api, *sent: dict[str, Any], path: str = "/predict/s", **body: Any) -> Reply:
    return api.call("POST", path, json_body={"rows": list(sent)} | body)


def test_rows_are_fitted_and_judged_with_what_each_variable_contributed(api: Api, boundary: Boundary):
    fitted = fit(api).json()
    assert (fitted["version"], fitted["points_used"], fitted["kind"], fitted["variables"]) == (
        "v1",
        200,
        "rows",
        [*NAMES],
    )
    boundary.forget()
    reply = predict(api, NEXT, NEXT | {"timestamp": "2025-01-01T03:21:00Z", "x3": 5})
    assert boundary.names == ["dynamodb.GetItem"]
    answer = reply.json()
    PredictRowsResponse.model_validate(answer)
    assert (answer["series_id"], answer["model_version"], answer["detector"]) == ("s", "v1", "mahalanobis")
    usual, broken = answer["predictions"]
    assert (usual["timestamp"], usual["anomaly"], broken["anomaly"]) == ("2025-01-01T03:20:00Z", False, True)
    assert max(broken["contributions"], key=broken["contributions"].get) == "x3"
    assert sum(broken["contributions"].values()) == pytest.approx(1.0, abs=1e-3)
    assert (reply.counted("Predictions"), reply.counted("Anomalies")) == (2, 1)


def test_rows_without_a_series_are_judged_by_the_champion_of_default(api: Api):
    missing = predict(api, NEXT, path="/predict")
    assert missing.problem == "unknown-series"
    document = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    assert {"404", "503"} < document["paths"]["/predict"]["post"]["responses"].keys()
    fit(api, {"trees": 20, "calendar": ["hour", "dayofweek"]}, "default")
    answer = predict(api, NEXT, path="/predict").json()
    PredictRowsResponse.model_validate(answer)
    assert (answer["series_id"], answer["model_version"], answer["detector"]) == ("default", "v1", "isolation_forest")
    assert [*answer["predictions"][0]["contributions"]] == [*NAMES, "hour", "dayofweek"]
    # Bare values are judged by themselves, as before.
    assert api.call("POST", "/predict", json_body={"values": [1, 2, 3]}).json()["anomaly"] == [None] * 3
    other = api.call("POST", "/predict", json_body={"rows": [NEXT]}, authorizer=authorized("other"))
    assert other.problem == "unknown-series"


@pytest.mark.parametrize("detector", CATALOGUE_OF_ROWS)
def test_columns_are_the_same_rows(api: Api, detector):
    one = fit(api, detector).json()
    columns = {
        "timestamps": [row["timestamp"] for row in rows()],
        "variables": dict(zip(NAMES, VALUES.T.tolist(), strict=True)),
    }
    other = api.call("POST", "/fit/s", json_body=columns | {"detector": detector}).json()
    assert (other["version"], other["learned"]) == ("v2", one["learned"])
    versions = api.call("GET", "/series/s/versions").json()["versions"]
    assert len({version["data_sha256"] for version in versions}) == 1
    context = {"context": rows()[-30:]}
    first, second = (predict(api, NEXT, path=f"/predict/s?version={number}", **context) for number in (1, 2))
    assert first.json()["predictions"] == second.json()["predictions"]


def test_a_version_of_rows_tells_its_variables_and_what_its_data_looks_like(api: Api):
    values = VALUES.copy()
    values[:, 1] = 7.0
    sent = rows(values)
    sent[3]["x3"] = None
    fitted = fit(api, {"name": "pca", "missing": "hold"}, rows=[*sent[:100], *sent[120:]]).json()
    assert [warning.split(":")[0] for warning in fitted["warnings"]] == [
        "the series has 1 gap, the longest of 1,260 seconds after 1735695540; about 20 points are missing",
        "x2 never changed",
        "1 values are missing, of x3 the most",
    ]
    told = api.call("GET", "/series/s").json()
    assert (told["kind"], told["variables"]) == ("rows", [*NAMES])
    assert (told["profile"]["constant"], told["profile"]["missing"], told["profile"]["gaps"]) == (["x2"], {"x3": 1}, 1)
    assert told["lineage"]["preprocessing"] == {"features": ["x1", "x3"], "scaling": "robust", "fill": "last value"}
    assert [*predict(api, NEXT).json()["predictions"][0]["contributions"]] == ["x1", "x3"]


def test_a_version_of_rows_is_drawn_with_a_panel_for_each_variable(api: Api):
    fit(api)
    reply = api.call("GET", "/plot?series_id=s&version=1&format=svg")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
    assert all(f">{name}<" in reply.body.decode() for name in (*NAMES, "severity"))


def test_a_repeated_fit_of_rows_publishes_once(api: Api):
    body, headers = {"rows": rows(), "detector": "pca"}, {"Idempotency-Key": "k"}
    first, again = (api.call("POST", "/fit/s", json_body=body, headers=headers).json() for _ in range(2))
    assert again == first
    other = api.call("POST", "/fit/s", json_body=body | {"detector": "knn"}, headers=headers)
    assert other.problem == "idempotency-key-reused"


def test_missing_values_follow_the_policy_of_the_fit(api: Api):
    hole = NEXT | {"x2": None}
    fit(api)
    assert predict(api, hole).errors == [(("body", "rows", 0, "x2"), "value_missing")]
    assert fit(api, {"name": "mahalanobis"}, rows=[*rows(), hole]).errors == [
        (("body", "rows", 200, "x2"), "value_missing")
    ]
    for policy in ("hold", "skip"):
        assert fit(api, {"name": "mahalanobis", "missing": policy}).status == 200
        judged = predict(api, hole | {"x3": 5}).json()["predictions"][0]
        assert judged["anomaly"] is True
    assert judged["contributions"]["x2"] == 0


def test_models_of_one_kind_are_not_asked_the_other_way(api: Api):
    fit(api)
    single = api.predict("s", 1.0)
    assert (single.problem, single.errors) == ("wrong-kind", [(("body", "rows"), "wrong_kind")])
    assert "judges rows of x1, x2, x3: send rows" in single.json()["detail"]
    api.fit("values", [1, 2, 3, 4, 5, 7])
    many = predict(api, NEXT, path="/predict/values")
    assert (many.problem, many.errors) == ("wrong-kind", [(("body", "value"), "wrong_kind")])


def with_row(at: int, **change: Any) -> dict[str, Any]:
    return {"rows": [row | change if place == at else row for place, row in enumerate(rows())]}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"rows": []}, [("rows", "too_few_points")]),
        ({"rows": 7}, [("rows", "list_type")]),
        ({"rows": rows(), "values": [1]}, [("values", "extra_forbidden")]),
        ({"rows": rows(VALUES[:, :1], ("x1",))}, [("rows", 0, "too_few_variables")]),
        (
            {"rows": rows(np.ones((20, 101)), tuple(f"x{at}" for at in range(101)))},
            [("rows", 0, "too_many_variables")],
        ),
        (with_row(3, x1="1", x2=10**400), [("rows", 3, "x1", "wrong_type"), ("rows", 3, "x2", "not_finite")]),
        (with_row(3, timestamp=START), [("rows", 3, "timestamp", "timestamps_unsorted")]),
        (with_row(3, timestamp=START + 120), [("rows", 3, "timestamp", "timestamp_repeated")]),
        (with_row(3, x4=1), [("rows", 3, "x4", "extra_forbidden")]),
        ({"timestamps": [1, 2], "variables": []}, [("variables", "dict_type")]),
        ({"timestamps": [1, 2], "variables": {"x1": [1, 2], "x2": [1]}}, [("timestamps", "too_few_points")]),
        ({"variables": {}}, [("timestamps", "missing")]),
        (
            {"rows": rows(), "detector": {"name": "pca", "explained": 2, "treees": 3}},
            [("detector", "explained", "less_than"), ("detector", "treees", "extra_forbidden")],
        ),
        ({"rows": rows(), "detector": "mad"}, [("detector", "name", "unknown_detector")]),
        ({"rows": rows(), "detector": {"median_window": 4}}, [("detector", "median_window", "value_error")]),
        ({"rows": rows(), "detector": {"calendar": ["hour", "hour"]}}, [("detector", "calendar", "value_error")]),
        ({"rows": rows(np.ones((20, 3)))}, [("rows", "cannot_train")]),
        ({"rows": rows(VALUES, ("hour", "x2", "x3")), "detector": {"calendar": ["hour"]}}, [("rows", "cannot_train")]),
    ],
)
def test_bad_rows_are_refused_by_name(api: Api, body, errors):
    reply = api.call("POST", "/fit/s", json_body=body)
    assert reply.status == 422
    assert [(*loc[1:], kind) for loc, kind in reply.errors] == errors
    # The names of variables are the client's, and stay out of the log.
    assert "x4" not in json.dumps(reply.logs)


def test_nan_in_rows_is_refused_by_name(api: Api):
    fit(api)
    body = json.dumps({"rows": [NEXT | {"x1": float("nan"), "x3": float("-inf")}]})
    assert api.call("POST", "/predict/s", body).errors == [
        (("body", "rows", 0, "x1"), "not_finite"),
        (("body", "rows", 0, "x3"), "not_finite"),
    ]


@pytest.mark.parametrize(
    ("sent", "more", "errors"),
    [
        ([], {}, [("rows", "too_few_points")]),
        ([{"timestamp": 1, "x1": 1, "x2": 2}], {}, [("rows", 0, "x3", "variable_missing")]),
        ([NEXT | {"x4": 1}], {}, [("rows", 0, "x4", "extra_forbidden")]),
        ([NEXT, NEXT], {}, [("rows", 1, "timestamp", "timestamp_repeated")]),
        ([NEXT], {"context": [NEXT]}, [("context", 0, "timestamp", "timestamps_unsorted")]),
        ([NEXT | {"x1": "a"}], {"context": [1]}, [("rows", 0, "x1", "wrong_type"), ("context", 0, "wrong_type")]),
        ([NEXT], {"value": 1}, [("value", "extra_forbidden")]),
        ([NEXT] * 10_001, {}, [("rows", "too_many_points")]),
    ],
)
def test_rows_that_are_not_the_model_s_are_refused_by_name(api: Api, sent, more, errors):
    fit(api)
    for path in ("/predict/s", "/predict"):
        if path == "/predict":
            fit(api, series_id="default")
        reply = predict(api, *sent, path=path, **more)
        assert reply.status == 422
        assert [(*loc[1:], kind) for loc, kind in reply.errors] == errors


def test_an_answer_that_lambda_could_not_send_is_refused_with_what_fits(api: Api):
    names = tuple(f"{'a_long_name_of_a_variable':_<60}{at}" for at in range(20))
    fit(api, "pca", rows=rows(random.normal(size=(100, 20)), names))
    packed = gzip.compress(json.dumps({"rows": rows(random.normal(size=(3_000, 20)), names)}).encode())
    refused, taken = (
        api.call("POST", "/predict/s", packed, headers={"Content-Encoding": "gzip"} | more)
        for more in ({}, {"Accept-Encoding": "gzip"})
    )
    assert refused.errors == [(("body", "rows"), "too_many_points")]
    assert taken.status == 200


def give_up(*_: object, **__: object) -> None:
    raise DeadlineExceeded


def test_what_takes_too_long_is_refused_and_publishes_nothing(api: Api, boundary: Boundary, monkeypatch):
    with monkeypatch.context() as slow:
        slow.setattr("tidewatch.services.fit_rows.fit_rows", give_up)
        refused = fit(api)
    assert (refused.problem, refused.errors) == ("cannot-train", [(("body", "rows"), "cannot_train")])
    assert not boundary.wrote
    fit(api)
    monkeypatch.setattr(CalibratedRowsModel, "score", give_up)
    monkeypatch.setattr(CalibratedRowsModel, "review", give_up)
    assert predict(api, NEXT).problem == "out-of-time"
    later = NEXT | {"timestamp": "2025-01-01T03:21:00"}
    assert predict(api, NEXT, later).errors == [(("body", "rows"), "takes_too_long")]
    assert api.call("GET", "/plot?series_id=s").errors == [(("query", "version"), "takes_too_long")]


@pytest.mark.parametrize("path", ["/fit/s", "/predict/s", "/predict"])
def test_a_bomb_of_rows_is_refused_before_it_is_built(api: Api, path):
    bomb = b'{"rows":[' + b"{}," * 700_000 + b"{}]}"
    assert api.call("POST", path, gzip.compress(bomb), headers={"Content-Encoding": "gzip"}).errors == [
        (("body",), "too_complex")
    ]
