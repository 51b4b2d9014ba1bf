"""What predict takes as a point in time and as a value."""

from __future__ import annotations

import pytest

from tests.support.api import Api

OK = [1, 2, 3, 4, 5, 6.5]


@pytest.fixture
def trained(api: Api) -> Api:
    assert api.fit("s", OK).status == 200
    return api


@pytest.mark.parametrize(
    ("timestamp", "understood"),
    [
        ("0", "1970-01-01T00:00:00Z"),
        ("1735689600", "2025-01-01T00:00:00Z"),
        (" 1735689600 ", "2025-01-01T00:00:00Z"),
        (1735689600, "2025-01-01T00:00:00Z"),
        ("7289654399", "2200-12-31T23:59:59Z"),
        ("2025-01-01", "2025-01-01T00:00:00Z"),
        ("2025-01-01T12:30:00", "2025-01-01T12:30:00Z"),
        ("2025-01-01 12:30:00", "2025-01-01T12:30:00Z"),
        ("2025-01-01T12:30:00Z", "2025-01-01T12:30:00Z"),
        ("2025-01-01T12:30:00+05:30", "2025-01-01T07:00:00Z"),
        ("2025-01-01T00:00:00.999-01:00", "2025-01-01T01:00:00Z"),
        ("1970-01-01T00:00:00.5Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_timestamp_in_each_form(trained: Api, timestamp, understood):
    reply = trained.predict("s", 3, timestamp=timestamp)
    assert reply.status == 200
    assert reply.json()["timestamp"] == understood


@pytest.mark.parametrize(
    ("timestamp", "kind"),
    [
        ("-1", "timestamp_out_of_range"),
        (-1, "timestamp_out_of_range"),
        (7_289_654_400, "timestamp_out_of_range"),
        ("7289654400", "timestamp_out_of_range"),
        ("9" * 20, "timestamp_out_of_range"),
        (10**4000, "timestamp_out_of_range"),
        ("1969-12-31T23:59:59Z", "timestamp_out_of_range"),
        ("0001-01-01T00:00:00+14:00", "timestamp_out_of_range"),
        ("9999-12-31T23:59:59-14:00", "timestamp_out_of_range"),
        ("1735689600000", "timestamp_out_of_range"),
        ("now", "timestamp_form"),
        ("", "timestamp_form"),
        ("1.5", "timestamp_form"),
        ("1e9", "timestamp_form"),
        ("--1", "timestamp_form"),
        ("²", "timestamp_form"),
        ("١٧٣٥٦٨٩٦٠٠", "timestamp_form"),
        ("2025-02-30", "timestamp_form"),
        ("25:00", "timestamp_form"),
        ("a" * 100_000, "timestamp_form"),
        ("2025010110101010101010", "timestamp_form"),  # digits only, and too many: no date either
        (1735689600.0, "timestamp_form"),
        (True, "timestamp_form"),
        (None, "timestamp_form"),
        ([1], "timestamp_form"),
        ({}, "timestamp_form"),
    ],
    ids=lambda given: str(given)[:30],
)
def test_what_is_no_timestamp_is_refused(trained: Api, timestamp, kind):
    reply = trained.predict("s", 3, timestamp=timestamp)
    assert reply.status == 422
    assert reply.errors == [(("body", "timestamp"), kind)]
    assert len(reply.body) < 1000


@pytest.mark.parametrize(("factor", "unit"), [(1000, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")])
@pytest.mark.parametrize("form", [int, str])
def test_a_finer_unit_is_recognised(trained: Api, factor, unit, form):
    (error,) = trained.predict("s", 3, timestamp=form(1_735_689_600 * factor)).json()["errors"]
    assert f"looks like {unit}; send Unix seconds, that is 1735689600" in error["msg"]


@pytest.mark.parametrize(
    ("literal", "understood"), [("3", 3), ("-0", 0), ("1e-400", 0), ("5e-324", 5e-324), ("1.7976931348623157e308",) * 2]
)
def test_a_value_is_any_double(trained: Api, literal, understood):
    reply = trained.call("POST", "/predict/s", f'{{"timestamp":"1","value":{literal}}}')
    assert reply.status == 200
    assert reply.json()["value"] == float(understood)


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        ("NaN", "not_finite"),
        ("Infinity", "not_finite"),
        ("-Infinity", "not_finite"),
        ("1e400", "not_finite"),
        ("-1e400", "not_finite"),
        ("1" + "0" * 400, "not_finite"),
        ("null", "wrong_type"),
        ("true", "wrong_type"),
        ('"3"', "wrong_type"),
        ("[3]", "wrong_type"),
        ("{}", "wrong_type"),
    ],
)
def test_what_is_no_finite_number_is_refused(trained: Api, literal, kind):
    reply = trained.call("POST", "/predict/s", f'{{"timestamp":"1","value":{literal}}}')
    assert reply.status == 422
    assert reply.errors == [(("body", "value"), kind)]


def test_both_fields_are_required_and_no_other_is_taken(trained: Api):
    reply = trained.call("POST", "/predict/s", json_body={"Value": 3})
    assert reply.status == 422
    assert set(reply.errors) == {
        (("body", "timestamp"), "missing"),
        (("body", "value"), "missing"),
        (("body", "Value"), "extra_forbidden"),
    }


def test_a_bad_request_is_refused_before_storage_is_asked(api: Api, boundary):
    assert api.predict("unknown", "x").status == 422
    assert boundary.names == []
