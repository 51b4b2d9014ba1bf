"""Every rule that a fit is held to: what it answers, and the first place that it names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.api import Api, Reply
from tests.support.stored import stored

TIMES = [1_700_000_000 + 60 * index for index in range(6)]
VALUES = [1, 2, 3, 4, 5, 6.5]

Error = tuple[tuple[str | int, ...], str]


def fit(api: Api, timestamps: Any = TIMES, values: Any = VALUES, **more: Any) -> Reply:
    return api.call("POST", "/fit/s", json_body={"timestamps": timestamps, "values": values} | more)


def fit_text(api: Api, timestamps: str = str(TIMES), values: str = str(VALUES), more: str = "") -> Reply:
    """For what Python's own JSON does not write."""
    return api.call("POST", "/fit/s", f'{{"timestamps":{timestamps},"values":{values}{more}}}')


def check(reply: Reply, *errors: Error) -> None:
    assert (reply.status, reply.problem) == (422, "invalid-request")
    assert reply.errors == [(("body", *loc), kind) for loc, kind in errors]
    assert reply.json()["title"] == "Invalid request"
    assert reply.json()["detail"].startswith(f"The request has {len(errors)} problem")


def message(reply: Reply, index: int = 0) -> str:
    return str(reply.json()["errors"][index]["msg"])


def changed(items: list[Any], **at: Any) -> list[Any]:
    """The items, some of them replaced: ``changed(VALUES, i3=None)``."""
    copy = list(items)
    for name, item in at.items():
        copy[int(name[1:])] = item
    return copy


def test_five_points_are_enough_and_four_are_not(api: Api):
    assert fit(api, TIMES[:5], VALUES[:5]).status == 200
    reply = fit(api, TIMES[:4], VALUES[:4])
    check(reply, (("timestamps",), "too_few_points"))
    assert "at least 5 points, got 4" in message(reply)
    check(fit(api, [], []), (("timestamps",), "too_few_points"))


def test_no_point_is_stored_of_what_is_refused(api: Api, boundary):
    fit(api, TIMES[:4], VALUES[:4])
    assert boundary.names == []
    assert stored().objects == {}


def test_all_values_equal_is_constant(api: Api):
    reply = fit(api, values=[7] * 6)
    check(reply, (("values",), "constant"))
    assert "7" in message(reply)
    check(fit(api, values=[0, -0.0, 0.0, 0, 0, 0]), (("values",), "constant"))
    assert fit(api, values=[7, 7, 7, 7, 7, 7.000000000000001]).status == 200


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400, "-1" + "0" * 400]
)
def test_values_must_be_finite(api: Api, literal):
    reply = fit_text(api, values=f"[1, 2, {literal}, 4, {literal}, 6]")
    check(reply, (("values", 2), "not_finite"))
    assert message(reply).startswith("values[2] must be finite")
    assert "1 more like it" in message(reply)


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (None, "null"),
        (True, "a boolean"),
        (False, "a boolean"),
        ("3", "a string"),
        ([3], "an array"),
        ({}, "an object"),
    ],
)
def test_values_must_be_numbers(api: Api, item, named):
    reply = fit(api, values=changed(VALUES, i3=item, i5=item))
    check(reply, (("values", 3), "wrong_type"))
    assert message(reply) == f"values[3] must be a number, got {named} (and 1 more like it)"


@pytest.mark.parametrize(
    ("literal", "named"),
    [
        ("null", "null"),
        ("true", "a boolean"),
        ('"1700000120"', "a string"),
        ("[1]", "an array"),
        ("{}", "an object"),
        ("1700000120.0", "a number with a fraction or exponent"),
        ("17e8", "a number with a fraction or exponent"),
        ("NaN", "a number with a fraction or exponent"),
    ],
)
def test_timestamps_must_be_whole_numbers(api: Api, literal, named):
    reply = fit_text(api, timestamps=f"[{TIMES[0]},{TIMES[1]},{literal},{TIMES[3]},{TIMES[4]},{TIMES[5]}]")
    check(reply, (("timestamps", 2), "wrong_type"))
    assert message(reply) == f"timestamps[2] must be a whole number of seconds, got {named}"


def test_lengths_must_be_equal(api: Api):
    reply = fit(api, TIMES[:5], VALUES)
    check(reply, (("timestamps",), "lengths_differ"))
    assert message(reply) == "timestamps has 5 items but values has 6"


def test_unsorted_timestamps_name_the_first_that_is_out_of_order(api: Api):
    reply = fit(api, changed(TIMES, i2=TIMES[3], i3=TIMES[2]))
    check(reply, (("timestamps", 3), "timestamps_unsorted"))
    assert f"timestamps[3] ({TIMES[2]}) is earlier than timestamps[2] ({TIMES[3]})" in message(reply)


def test_repeated_timestamps_name_the_second_of_the_first_pair(api: Api):
    reply = fit(api, changed(TIMES, i2=TIMES[1], i5=TIMES[4]))
    check(reply, (("timestamps", 2), "timestamp_repeated"))
    assert f"timestamps[2] ({TIMES[1]}) repeats timestamps[1] ({TIMES[1]})" in message(reply)


def test_the_years_1970_to_2200_are_taken(api: Api):
    assert fit(api, [0, 1, 2, 3, 4, 7_289_654_399]).status == 200
    check(fit(api, [-1, 1, 2, 3, 4, 5]), (("timestamps", 0), "timestamp_out_of_range"))
    reply = fit(api, [0, 1, 2, 3, 4, 7_289_654_400])
    check(reply, (("timestamps", 5), "timestamp_out_of_range"))
    assert "1970 to 2200" in message(reply)


@pytest.mark.parametrize(("factor", "unit"), [(10**3, "milli"), (10**6, "micro"), (10**9, "nano")])
def test_finer_units_are_recognised(api: Api, factor, unit):
    reply = fit(api, [time * factor for time in TIMES])
    check(reply, (("timestamps", 0), "timestamp_out_of_range"))
    assert f"looks like {unit}seconds; send Unix seconds, that is {TIMES[0]}" in message(reply)


def test_timestamps_beyond_int64_are_not_taken_for_its_largest(api: Api):
    reply = fit(api, [*TIMES[:4], 10**30, 10**31])
    check(reply, (("timestamps", 4), "timestamp_out_of_range"))
    assert str(2**63 - 1) not in message(reply)
    reply = fit(api, [*TIMES[:4], 10**4000, -(10**4000)])
    check(reply, (("timestamps", 4), "timestamp_out_of_range"), (("timestamps", 5), "timestamps_unsorted"))
    assert len(reply.body) < 1000


def test_too_many_points_are_refused_and_the_most_are_taken(api: Api, configure):
    configure(MAX_POINTS="6")
    assert fit(api).status == 200
    reply = fit(api, [*TIMES, TIMES[-1] + 60], [*VALUES, 7])
    check(reply, (("timestamps",), "too_many_points"))
    assert "at most 6 points, got 7" in message(reply)
    check(fit(api, TIMES, [*VALUES, 7]), (("timestamps",), "lengths_differ"), (("values",), "too_many_points"))


@pytest.mark.parametrize("field", ["timestamps", "values"])
@pytest.mark.parametrize("content", [None, {}, "x", 5, True])
def test_a_column_must_be_an_array(api: Api, field, content):
    check(fit(api, **{field: content}), ((field,), "list_type"))


def test_both_columns_are_required(api: Api):
    check(api.call("POST", "/fit/s", "{}"), (("timestamps",), "missing"), (("values",), "missing"))


def test_unknown_fields_are_named(api: Api):
    reply = fit(api, value=[1], Timestamps=[1])
    check(reply, (("value",), "extra_forbidden"), (("Timestamps",), "extra_forbidden"))
    assert message(reply) == "unknown field; did you mean values?"


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        (5, [(("detector",), "model_attributes_type")]),
        ([], [(("detector",), "model_attributes_type")]),
        (None, [(("detector",), "model_attributes_type")]),
        ({"name": "four_sigma"}, [(("detector", "name"), "unknown_detector")]),
        ({"name": None}, [(("detector", "name"), "unknown_detector")]),
        ({"sigmas": "3"}, [(("detector", "sigmas"), "float_type")]),
        ({"sigmas": True}, [(("detector", "sigmas"), "float_type")]),
        ({"sigmas": None}, [(("detector", "sigmas"), "float_type")]),
        ({"sigmas": 0}, [(("detector", "sigmas"), "greater_than")]),
        ({"sigmas": 1000.1}, [(("detector", "sigmas"), "less_than_equal")]),
        ({"sigmas": 10**400}, [(("detector", "sigmas"), "float_type")]),
        ({"side": "left"}, [(("detector", "side"), "literal_error")]),
        ({"a": 1, "b": 2}, [(("detector", "a"), "extra_forbidden"), (("detector", "b"), "extra_forbidden")]),
    ],
)
def test_detector_options_are_checked(api: Api, options, errors):
    check(fit(api, detector=options), *errors)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400"])
def test_options_must_be_finite(api: Api, literal):
    reply = fit_text(api, more=f',"detector":{{"sigmas":{literal}}}')
    check(reply, (("detector", "sigmas"), "finite_number"))


def test_all_problems_are_reported_at_once(api: Api):
    body = {
        "timestamps": [5, 5, "x", None, True, 1.5, 10**12, []],
        "values": [1, None, "3", False, [], {}, 10**400],
        "colour": "red",
        "detector": {"sigmas": -1, "foo": 2},
    }
    reply = api.call("POST", "/fit/a%2Fb", json_body=body, headers={"Idempotency-Key": "k" * 129})
    assert reply.status == 422
    header = next(loc for loc, _ in reply.errors if loc[0] == "header")
    assert str(header[1]).lower() == "idempotency-key"
    assert set(reply.errors) == {
        (("path", "series_id"), "series_id_form"),
        (header, "string_too_long"),
        (("body", "detector", "sigmas"), "greater_than"),
        (("body", "detector", "foo"), "extra_forbidden"),
        (("body", "colour"), "extra_forbidden"),
        (("body", "timestamps"), "lengths_differ"),
        (("body", "timestamps", 1), "timestamp_repeated"),
        *((("body", "timestamps", index), "wrong_type") for index in (2, 3, 4, 5, 7)),
        (("body", "timestamps", 6), "timestamp_out_of_range"),
        *((("body", "values", index), "wrong_type") for index in (1, 2, 3, 4, 5)),
        (("body", "values", 6), "not_finite"),
    }
    assert f"has {len(reply.errors)} problems" in reply.json()["detail"]
    for place in ("series_id", "values[6]", "timestamps[1]", "detector.foo"):
        assert place in reply.json()["detail"]


def test_path_query_and_body_are_checked_together(api: Api):
    reply = api.predict("a%20b", "x", timestamp=None, query="?version=0")
    assert set(reply.errors) == {
        (("path", "series_id"), "series_id_form"),
        (("query", "version"), "version_form"),
        (("body", "timestamp"), "timestamp_form"),
        (("body", "value"), "wrong_type"),
    }


def test_an_unknown_option_names_the_nearest(api: Api):
    reply = fit(api, detector={"name": "mad", "treshold": 4})
    check(reply, (("detector", "treshold"), "extra_forbidden"))
    assert message(reply) == "unknown field; did you mean threshold?"
    assert message(fit(api, detector="mda")) == "no such detector; did you mean mad?"


def test_a_detector_may_be_named_alone(api: Api):
    assert fit(api, detector="mad").json()["options"] == fit(api, detector={"name": "mad"}).json()["options"]


def test_problems_beyond_a_hundred_are_not_collected(api: Api):
    reply = api.call("POST", "/fit/s", json.dumps({f"k{index}": 0 for index in range(100_000)}))
    assert len(reply.json()["errors"]) == 100
    assert "more than 100 problems" in reply.json()["detail"]


@pytest.mark.parametrize("fields", [3_000, 100_000])
def test_the_answer_to_very_many_problems_still_fits(api: Api, fields):
    """API Gateway and CloudWatch both have limits to what they take; beyond them the client gets a 502."""
    reply = api.call("POST", "/fit/s", json.dumps({f"k{index}": 0 for index in range(fields)}))
    assert reply.status == 422
    assert reply.errors[0] == (("body", "timestamps"), "missing")
    assert len(reply.body) < 100_000
    assert max(len(line) for line in reply.printed) < 100_000


def test_a_very_long_unknown_field_is_not_sent_back_whole(api: Api):
    reply = fit(api, **{"k" * 1_000_000: 1})
    assert reply.status == 422
    assert len(reply.body) < 10_000
    assert max(len(line) for line in reply.printed) < 10_000
