"""POST /detect: a whole series in, judgements out; every form, nothing stored."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from tidewatch.api.detect import DetectResponse
from tidewatch.detectors import CATALOGUE, FAMILY_DEFAULTS, find_events, fit_model
from tidewatch.series import UNTIMED_STEP, TimeSeries

from tests.support.api import Api
from tests.support.boundary import Boundary
from tests.support.detecting import TIMES, VALUES, detect, found

ARRAYS = ("anomaly", "score", "severity", "p_value", "expected", "lower", "upper", "direction")


def noisy(points: int) -> list[float]:
    """A wave of 24 points with noise and one spike in the middle."""
    wave = 20 * np.sin(2 * np.pi * np.arange(points) / 24)
    values = 100 + wave + np.random.default_rng(7).normal(0, 1, points)
    values[points // 2] = 500.0
    return [float(value) for value in values]


def test_every_point_gets_its_judgement(api: Api):
    answer = found(api, timestamps=TIMES, values=VALUES, method="mad")
    DetectResponse.model_validate(answer, strict=True)
    assert set(answer) == set(DetectResponse.model_fields)
    assert (answer["detector"], answer["points"], answer["warmup_points"]) == ("mad", 12, 0)
    assert answer["options"]["threshold"] is None
    assert answer["period"] is None
    assert answer["learned"]["median"] == 11.75
    assert all(len(answer[name]) == 12 for name in ARRAYS)
    assert answer["anomaly"] == [False] * 6 + [True] + [False] * 5
    assert answer["direction"][6] == "high"
    assert answer["lower"][6] < answer["expected"][6] < answer["upper"][6] < 95
    assert answer["events"] == [
        {
            "start": TIMES[6],
            "end": TIMES[6],
            "peak": TIMES[6],
            "start_index": 6,
            "end_index": 6,
            "peak_index": 6,
            "severity": answer["severity"][6],
            "direction": "high",
            "points": 1,
            "alerts": [TIMES[6]],
        }
    ]


FORMS: dict[str, dict[str, Any]] = {
    "columns": {"timestamps": TIMES, "values": VALUES},
    "columns with ISO 8601": {
        "timestamps": [datetime.fromtimestamp(time, UTC).isoformat() for time in TIMES],
        "values": VALUES,
    },
    "objects": {"data": [{"timestamp": t, "value": v} for t, v in zip(TIMES, VALUES, strict=True)]},
    "objects with digits": {"data": [{"value": v, "timestamp": f" {t} "} for t, v in zip(TIMES, VALUES, strict=True)]},
    "objects with both": {
        "data": [
            {"timestamp": t if t % 120 else datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "value": v}
            for t, v in zip(TIMES, VALUES, strict=True)
        ]
    },
    "null is as good as nothing": {
        "timestamps": TIMES,
        "values": VALUES,
        "data": None,
        "detector": None,
        "method": None,
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_all_forms_with_times_say_the_same(api: Api, form):
    assert found(api, **form) == found(api, timestamps=TIMES, values=VALUES)


@pytest.mark.parametrize("form", [{"values": VALUES}, {"data": VALUES}])
def test_without_times_events_are_told_by_index(api: Api, form):
    answer = found(api, **form)
    assert {name: answer[name] for name in ARRAYS} == {
        name: found(api, timestamps=TIMES, values=VALUES)[name] for name in ARRAYS
    }
    (event,) = answer["events"]
    assert (event["start"], event["end"], event["peak"], event["alerts"]) == (6, 6, 6, [6])


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_detector_says_what_it_says_of_the_series_it_learned_from(api: Api, name):
    values = noisy(1200)
    series = TimeSeries(UNTIMED_STEP * np.arange(len(values), dtype=np.int64), np.array(values))
    model = fit_model(series, CATALOGUE[name].options_type(name=name))
    scores = model.review(series)

    answer = found(api, values=values, method=name)
    DetectResponse.model_validate(answer, strict=True)
    assert answer["detector"] == name
    assert answer["options"] == model.options.model_dump(mode="json")
    assert answer["learned"] == model.learned()
    assert answer["period"] == model.period
    unknown = scores.warming_up
    assert answer["warmup_points"] == np.count_nonzero(unknown)
    assert answer["anomaly"] == [None if u else bool(a) for a, u in zip(scores.anomaly, unknown, strict=True)]
    for field in ("score", "severity", "p_value", "expected", "lower", "upper"):
        given = np.array(answer[field], dtype=np.float64)
        exact = field in ("expected", "lower", "upper")
        np.testing.assert_allclose(given, getattr(scores, field), rtol=0 if exact else 5e-6)
    assert answer["direction"] == [{1: "high", -1: "low", 0: None}[int(d)] for d in scores.direction]
    events = find_events(scores)
    assert [event["start_index"] for event in answer["events"]] == [event.start_index for event in events]
    # Methods that look at windows may see the spike a little later.
    assert any(event["start_index"] <= 660 and event["end_index"] >= 600 for event in answer["events"])


@pytest.mark.parametrize(("points", "name"), [(5, "mad"), (255, "mad"), (256, "auto"), (300, "auto")])
def test_the_default_follows_from_the_number_of_points(api: Api, points, name):
    assert found(api, values=noisy(points))["detector"] == name
    options = {"false_alarm_rate": 0.01}
    answer = found(api, data=noisy(points), detector=options)
    assert (answer["detector"], answer["options"]["false_alarm_rate"]) == (name, 0.01)


def test_the_default_has_judged_most_of_the_fewest_points_that_it_is_taken_for(api: Api):
    assert found(api, values=noisy(256))["warmup_points"] == 32


@pytest.mark.parametrize(("alias", "name"), FAMILY_DEFAULTS.items())
def test_a_family_is_asked_for_by_its_alias(api: Api, alias, name):
    assert found(api, values=noisy(300), method=alias)["detector"] == name


def test_options_of_the_detector_are_obeyed(api: Api):
    answer = found(api, values=VALUES, detector={"name": "three_sigma", "sigmas": 1, "side": "both"})
    assert answer["options"]["sigmas"] == 1
    assert answer["lower"][0] == pytest.approx(np.mean(VALUES) - np.std(VALUES))


def test_nothing_is_stored_and_no_service_is_asked(api: Api, boundary: Boundary):
    for query in ("", "?format=png&width=320&height=320"):
        assert detect(api, query, timestamps=TIMES, values=VALUES).status == 200
    assert boundary.calls == []


@pytest.mark.parametrize(
    "values", [[1.7e308, -1.7e308, 1e308, 0.5, 3], [5e-324, 0, 1e-323, 5e-324, 0], [0, 0, 0, 0, 1]]
)
@pytest.mark.parametrize("method", ["mad", "three_sigma", "iqr"])
def test_the_ends_of_the_doubles_are_answered_as_json(api: Api, values, method):
    DetectResponse.model_validate(found(api, values=values, method=method))


def test_a_packed_answer_is_the_same(api: Api):
    plain = detect(api, values=noisy(2000))
    packed = detect(api, values=noisy(2000), headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert json.loads(gzip.decompress(packed.body)) == plain.json()
    assert len(packed.body) < len(plain.body) / 2


@pytest.mark.parametrize(
    ("accepts", "packed"),
    [("gzip", True), ("*", True), ("GZIP", True), ("br, deflate", False), ("gzip;q=0", False), ("gzip; q=0.0", False)],
)
def test_only_who_takes_gzip_gets_it(api: Api, accepts, packed):
    reply = detect(api, values=noisy(500), headers={"Accept-Encoding": accepts})
    assert ("content-encoding" in reply.headers) is packed


def test_a_small_answer_is_not_packed(api: Api):
    reply = detect(api, values=VALUES[:5], headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply.headers


def test_a_packed_body_is_read(api: Api):
    body = gzip.compress(json.dumps({"values": VALUES}).encode())
    reply = api.call("POST", "/detect", body, headers={"Content-Encoding": "gzip"})
    assert reply.json() == found(api, values=VALUES)


@pytest.mark.parametrize("times", [{}, {"timestamps": TIMES}])
def test_a_picture_comes_where_a_format_asks_for_one(api: Api, times):
    png = detect(api, "?format=png&width=400&height=320&theme=dark", values=VALUES, **times)
    assert (png.status, png.headers["content-type"]) == (200, "image/png")
    assert png.body[:8] == b"\x89PNG\r\n\x1a\n"
    svg = detect(api, "?format=svg", values=VALUES, headers={"Accept-Encoding": "gzip"}, **times)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert b"mad" in svg.body


@pytest.mark.parametrize(
    ("query", "field"),
    [("?format=gif", "format"), ("?width=10", "width"), ("?height=9999", "height"), ("?theme=x", "theme")],
)
def test_a_picture_that_cannot_be_is_refused_by_its_parameter(api: Api, query, field):
    reply = detect(api, query, values=VALUES)
    assert reply.status == 422
    assert [loc for loc, _ in reply.errors] == [("query", field)]
