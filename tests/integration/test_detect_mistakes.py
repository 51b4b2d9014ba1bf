"""POST /detect: every mistake is named by its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.detecting import POINTS, TIMES, VALUES, detect, found, point

WRONG: dict[str, tuple[dict[str, Any], list[tuple[tuple[str | int, ...], str]]]] = {
    "nothing": ({}, [(("values",), "series_missing")]),
    "nulls": ({"values": None, "data": None}, [(("values",), "series_missing")]),
    "times alone": ({"timestamps": TIMES}, [(("values",), "series_missing")]),
    "two forms": ({"values": VALUES, "data": VALUES}, [(("data",), "two_forms")]),
    "times beside data": ({"timestamps": TIMES, "data": VALUES}, [(("data",), "two_forms")]),
    "no array of values": ({"values": "x"}, [(("values",), "list_type")]),
    "no array of data": ({"data": {"timestamp": 1}}, [(("data",), "list_type")]),
    "no array of times": ({"timestamps": 5, "values": VALUES}, [(("timestamps",), "list_type")]),
    "an unknown field": ({"values": VALUES, "more": None}, [(("more",), "extra_forbidden")]),
    "empty values": ({"values": []}, [(("values",), "too_few_points")]),
    "empty data": ({"data": []}, [(("data",), "too_few_points")]),
    "four points": ({"data": POINTS[:4]}, [(("data",), "too_few_points")]),
    "lengths": ({"timestamps": TIMES[:-1], "values": VALUES}, [(("timestamps",), "lengths_differ")]),
    "a null": ({"values": [*VALUES, None]}, [(("values", 12), "wrong_type")]),
    "a boolean in data": ({"data": [*VALUES, True]}, [(("data", 12), "wrong_type")]),
    "a string in data": ({"data": [*VALUES[:3], "4", *VALUES]}, [(("data", 3), "wrong_type")]),
    "an object among numbers": ({"data": [*VALUES, point()]}, [(("data", 0), "wrong_type")]),
    "a number among objects": ({"data": [*POINTS, 5]}, [(("data", 12), "wrong_type")]),
    "a point without a value": ({"data": [*POINTS, {"timestamp": 1}]}, [(("data", 12, "value"), "missing")]),
    "a point without a time": ({"data": [{"value": 1}, *POINTS]}, [(("data", 0, "timestamp"), "missing")]),
    "an empty point": (
        {"data": [*POINTS, {}]},
        [(("data", 12, "timestamp"), "missing"), (("data", 12, "value"), "missing")],
    ),
    "a point with more": ({"data": [*POINTS, point(unit="°C")]}, [(("data", 12, "unit"), "extra_forbidden")]),
    "a value of a point": ({"data": [*POINTS, point("5", TIMES[-1] + 1)]}, [(("data", 12, "value"), "wrong_type")]),
    "a time of a point": ({"data": [*POINTS, point(5, "soon")]}, [(("data", 12, "timestamp"), "wrong_type")]),
    "a fraction of a second": ({"data": [*POINTS, point(5, 1.5)]}, [(("data", 12, "timestamp"), "wrong_type")]),
    "a time that repeats": (
        {"data": [*POINTS, point(5, TIMES[-1])]},
        [(("data", 12, "timestamp"), "timestamp_repeated")],
    ),
    "a time before": (
        {"timestamps": ["2026-01-02", *TIMES[1:]], "values": VALUES},
        [(("timestamps", 1), "timestamps_unsorted")],
    ),
    "milliseconds": (
        {"data": [point(v, str(1000 * t)) for t, v in zip(TIMES, VALUES, strict=True)]},
        [(("data", 0, "timestamp"), "timestamp_out_of_range")],
    ),
    "a constant series": ({"data": [7] * 9}, [(("data",), "constant")]),
    "an unknown method": ({"values": VALUES, "method": "magic"}, [(("method",), "unknown_detector")]),
    "a method that is no string": ({"values": VALUES, "method": 3}, [(("method",), "string_type")]),
    "an unknown detector": (
        {"values": VALUES, "detector": {"name": "magic"}},
        [(("detector", "name"), "unknown_detector")],
    ),
    "no detector of that name": (
        {"values": VALUES, "detector": "magic"},
        [(("detector", "name"), "unknown_detector")],
    ),
    "an unknown option": (
        {"values": VALUES, "detector": {"name": "mad", "sigmas": 3}},
        [(("detector", "sigmas"), "extra_forbidden")],
    ),
    "both": (
        {"values": VALUES, "detector": {"name": "mad"}, "method": "mad"},
        [(("method",), "two_detectors")],
    ),
    "all at once": (
        {"values": [1, 2, None], "method": "magic", "more": 1},
        [
            (("more",), "extra_forbidden"),
            (("method",), "unknown_detector"),
            (("values",), "too_few_points"),
            (("values", 2), "wrong_type"),
        ],
    ),
}


@pytest.mark.parametrize(("body", "errors"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_is_named_by_its_field(api: Api, body, errors):
    reply = detect(api, **body)
    assert (reply.status, reply.problem) == (422, "invalid-request")
    assert reply.errors == [(("body", *loc), kind) for loc, kind in errors]


@pytest.mark.parametrize(
    ("text", "loc"),
    [
        ('{"values":[1,2,3,4,NaN]}', ("body", "values", 4)),
        ('{"values":[1,2,-Infinity,4,5]}', ("body", "values", 2)),
        ('{"data":[1,2,3,1e999,5]}', ("body", "data", 3)),
        ('{"data":[1,2,3,4,' + "9" * 400 + "]}", ("body", "data", 4)),
    ],
)
def test_what_is_not_finite_is_refused_where_it_stands(api: Api, text, loc):
    reply = api.call("POST", "/detect", text)
    assert reply.status == 422
    assert reply.errors == [(loc, "not_finite")]


def test_more_points_than_the_settings_say_are_too_many(api: Api, configure):
    configure(MAX_DETECT_POINTS="11")
    for body, field in (({"values": VALUES}, "values"), ({"data": VALUES}, "data"), ({"data": POINTS}, "data")):
        reply = detect(api, **body)
        assert reply.errors == [(("body", field), "too_many_points")]
        assert "at most 11 points" in reply.json()["errors"][0]["msg"]
    assert found(api, data=POINTS[:11])["points"] == 11


def test_a_series_too_short_for_the_detector_is_told_by_its_field(api: Api):
    reply = detect(api, data=VALUES[:6], detector={"name": "moving_average"})
    assert (reply.status, reply.problem) == (422, "cannot-train")
    (error,) = reply.errors
    assert error[0][:2] in (("body", "data"), ("body", "detector"))
