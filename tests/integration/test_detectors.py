"""Every detector of the catalogue, through the doors that a client uses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE

from tests.integration.conftest import restart
from tests.support.api import Api, Reply
from tests.support.boundary import Boundary
from tests.support.stored import stored

HOUR = 3600
START = 1_735_689_600
noise = np.random.default_rng(11).normal(0, 1, 720)
VALUES = [round(100 + 10 * math.sin(2 * math.pi * hour / 24) + float(noise[hour]), 3) for hour in range(720)]
TIMES = [START + HOUR * hour for hour in range(720)]
NEXT = TIMES[-1] + HOUR

each_detector = pytest.mark.parametrize("name", CATALOGUE)


def fit(api: Api, name: str, **options: object) -> Reply:
    return api.fit("s", VALUES, more={"timestamps": TIMES, "detector": {"name": name, **options}})


def predict(api: Api, value: float, **more: object) -> dict[str, object]:
    reply = api.predict("s", value, timestamp=NEXT, more=more)
    assert reply.status == 200, reply.body
    found: dict[str, object] = reply.json()
    return found


@each_detector
def test_it_is_fitted_asked_and_drawn(api: Api, name):
    fitted = fit(api, name).json()
    assert (fitted["version"], fitted["detector"], fitted["options"]["name"]) == ("v1", name, name)
    restart()
    usual, huge = predict(api, 100.0), predict(api, 1e9)
    assert (usual["detector"], huge["anomaly"], huge["direction"]) == (name, True, "high")
    assert not usual["warming_up"]
    assert huge["severity"] > max(usual["severity"], 0.5)  # type: ignore[type-var, operator]
    reply = api.call("GET", "/plot?series_id=s&width=320&height=320")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    stored().check()


@each_detector
def test_a_calibrated_decision_follows_the_p_value(api: Api, name):
    assert fit(api, name, false_alarm_rate=0.01).status == 200
    for value in (100.0, 104.0, 112.0, 1e6):
        answer = predict(api, value)
        # Within the rounding of a limit; at the limit itself either is right.
        if abs(answer["p_value"] - 0.01) > 1e-4:  # type: ignore[operator]
            assert answer["anomaly"] == (answer["p_value"] < 0.01), value  # type: ignore[operator]


def test_the_context_is_what_came_just_before(api: Api):
    """A moving average expects what the last values were, of the training data or of the request."""
    fit(api, "moving_average", window=5)
    at_the_end, elsewhere = predict(api, 500.0), predict(api, 500.0, context=[499, 501, 500, 498, 502])
    assert (at_the_end["anomaly"], elsewhere["anomaly"]) == (True, False)
    assert elsewhere["expected"] == 500
    assert at_the_end["expected"] == pytest.approx(np.mean(VALUES[-5:]))


def test_too_little_context_is_said_and_judges_nothing(api: Api):
    fit(api, "moving_average", window=5)
    answer = predict(api, 500.0, context=[499, 501])
    assert (answer["warming_up"], answer["anomaly"]) == (True, False)
    assert [answer[name] for name in ("score", "p_value", "severity")] == [None, None, None]


@pytest.mark.parametrize(
    ("context", "loc", "kind"),
    [
        ([1, "2"], ("context", 1), "wrong_type"),
        ([1, None, True], ("context", 1), "wrong_type"),
        ([1, 10**400], ("context", 1), "not_finite"),
        ("1,2", ("context",), "list_type"),
        ({"values": [1]}, ("context",), "list_type"),
        ([0.5] * 20_001, ("context",), "too_long"),
    ],
)
def test_a_wrong_context_is_named(api: Api, context, loc, kind):
    fit(api, "three_sigma")
    reply = api.predict("s", 1.0, timestamp=NEXT, more={"context": context})
    assert reply.status == 422
    assert reply.errors[0] == (("body", *loc), kind)


def test_an_empty_context_is_none_at_all(api: Api):
    fit(api, "three_sigma")
    assert predict(api, 100.0, context=[])["warming_up"] is False


def test_a_context_from_before_1970_is_taken(api: Api):
    fit(api, "moving_average", window=5)
    reply = api.predict("s", 1.0, timestamp=0, more={"context": [1, 1, 2, 1, 1]})
    assert reply.json()["warming_up"] is False


@pytest.mark.parametrize("name", ["moving_average", "seasonal_decomposition", "isolation_forest", "sub_pca"])
def test_a_series_that_is_too_short_is_refused_and_nothing_is_published(api: Api, name):
    reply = api.fit("s", [1, 2, 3, 4, 5, 6.5], more={"detector": {"name": name}})
    assert (reply.status, reply.problem) == (422, "cannot-train")
    (((part, *_), kind),) = reply.errors
    assert (part, kind) == ("body", "cannot_train")
    assert name in reply.json()["detail"].lower()
    assert stored().versions == {}


def test_large_arrays_are_read_once_by_a_warm_function(api: Api, boundary: Boundary):
    fit(api, "isolation_forest")
    (key,) = [key for key in stored().objects if key.startswith("models/default/")]
    assert key.endswith(".npz")
    restart()
    boundary.forget()
    for _ in range(3):
        predict(api, 100.0)
    assert boundary.names == ["dynamodb.GetItem", "s3.GetObject", "dynamodb.GetItem", "dynamodb.GetItem"]


def test_lost_arrays_are_told_and_not_guessed(api: Api):
    import boto3

    fit(api, "isolation_forest")
    (key,) = [key for key in stored().objects if key.startswith("models/")]
    from tests.support.environment import ENVIRONMENT

    boto3.client("s3").delete_object(Bucket=ENVIRONMENT["DATA_BUCKET"], Key=key)
    restart()
    reply = api.predict("s", 1.0, timestamp=NEXT)
    assert (reply.status, reply.problem) == (500, "data-corrupted")
    assert reply.events == ["data_corrupted"]


@pytest.mark.parametrize("detector", ["three_sigma", "auto", "isolation_forest"])
def test_a_constant_history_is_learned_where_that_is_asked_for(api: Api, detector):
    """As of a counter at rest: any change is unusual, as far as so short a history can tell."""
    more = {"detector": {"name": detector}}
    refused = api.fit("rest", [0] * 60, more=more)
    assert refused.errors == [(("body", "values"), "constant")]
    assert '"allow_constant": true' in refused.json()["errors"][0]["msg"]
    assert api.fit("rest", [0] * 60, more=more | {"allow_constant": True}).status == 200
    assert api.predict("rest", 0).json()["anomaly"] is False
    changed = api.predict("rest", 1).json()
    assert (changed["anomaly"], changed["p_value"]) == (True, pytest.approx(1 / 61))
    assert (("body", "allow_constant"), "bool_type") in api.fit("rest", [0] * 60, more={"allow_constant": 1}).errors
