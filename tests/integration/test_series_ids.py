"""Which names a series may have, and how they travel in a URL."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest

from tests.support.api import Api, route_exists
from tests.support.stored import stored

VALUES = [1, 2, 3, 4, 5, 6.5]
LEGAL = string.ascii_letters + string.digits + "._-:"


def encode_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_every_legal_character_plain_and_encoded_is_one_series(api: Api):
    for character in LEGAL:
        series_id = f"x{character}"
        assert api.fit(series_id, VALUES).json()["series_id"] == series_id
        encoded = api.predict(encode_all(series_id), 3).json()
        assert (encoded["series_id"], encoded["model_version"]) == (series_id, "v1")
        assert api.call("GET", f"/series/{quote(series_id, safe='')}/versions").json()["series_id"] == series_id
    assert stored().versions.keys() == {f"x{character}" for character in LEGAL}


@pytest.mark.parametrize("series_id", [".", "..", "-", "_", ":", "a" * 128, LEGAL, "HEAD", "VERSION:00000001", "null"])
def test_unusual_names_are_names(api: Api, series_id):
    assert api.fit(series_id, VALUES).json()["version"] == "v1"
    assert api.predict(series_id, 3).json()["series_id"] == series_id
    assert [line["series_id"] for line in api.call("GET", "/series").json()["series"]] == [series_id]
    stored().check()


ILLEGAL = {
    "129 characters": "a" * 129,
    "a thousand characters": "a" * 1000,
    "encoded slash": "a%2Fb",
    "encoded slash in lower case": "a%2fb",
    "encoded backslash": "a%5Cb",
    "encoded space": "a%20b",
    "only a space": "%20",
    "plus": "a+b",
    "encoded plus": "a%2Bb",
    "encoded twice": "a%252Eb",
    "null character": "%00",
    "null character at the end": "a%00",
    "line end at the end": "a%0A",
    "carriage return": "a%0D%0Ab",
    "letter beyond ASCII": "%C3%A9",
    "letter beyond ASCII, not encoded": "é",
    "digit beyond ASCII": "%D9%A3",
    "full-width letter": "%EF%BC%A1",
    "combining character": "e%CC%81",
    "zero-width space": "a%E2%80%8Bb",
    "right-to-left override": "a%E2%80%AEb",
    "emoji": "%F0%9F%98%80",
    "not UTF-8": "%FF",
    "no percent-encoding": "%zz",
    "percent at the end": "a%",
    "hash": "a%23b",
    "question mark": "a%3Fb",
    "at sign": "a@b",
    "semicolon": "a;b",
    "comma": "a,b",
    "asterisk": "*",
    "tilde": "~",
    "braces": "%7Bseries_id%7D",
    "markup": "%3Cscript%3E",
}


@pytest.mark.parametrize("raw", ILLEGAL.values(), ids=ILLEGAL.keys())
def test_all_else_is_refused_on_every_route(api: Api, boundary, raw):
    replies = [
        (api.fit(raw, VALUES), "path"),
        (api.predict(raw, 3), "path"),
        (api.call("GET", f"/series/{raw}/versions"), "path"),
        (api.call("GET", f"/plot?series_id={raw}"), "query"),
    ]
    for reply, part in replies:
        assert reply.status == 422
        assert reply.errors == [((part, "series_id"), "series_id_form")]
    assert boundary.names == []


def test_half_a_character_is_refused(api: Api):
    """API Gateway sends none; who calls the function past it may."""
    event, function = api.event("GET", "/series/s/versions")
    reply = api.invoke(function, event | {"path": "/series/\ud800/versions", "pathParameters": {"series_id": "\ud800"}})
    assert reply.errors == [(("path", "series_id"), "series_id_form")]


@pytest.mark.parametrize("path", ["/fit/", "/fit", "/predict/", "/series//versions", "/fit/a/b"])
def test_an_empty_name_or_a_slash_has_no_route(path):
    assert not route_exists("POST" if "versions" not in path else "GET", path)


def test_an_empty_name_in_a_query_is_refused(api: Api):
    assert api.call("GET", "/plot?series_id=").errors == [(("query", "series_id"), "series_id_form")]
    assert api.call("GET", "/plot").errors == [(("query", "series_id"), "missing")]
    assert api.call("GET", "/plot?series_id=a&series_id=b").status == 422


@pytest.mark.parametrize("parameters", [None, {}])
def test_an_event_without_path_parameters_is_read_from_its_path(api: Api, parameters):
    """As tools that write events by hand send it."""
    body = {"timestamps": list(range(6)), "values": VALUES}
    reply = api.call("POST", "/fit/by-hand", json_body=body, change_event={"pathParameters": parameters})
    assert reply.json()["series_id"] == "by-hand"


def test_an_unknown_route_is_a_problem_too(api: Api):
    """API Gateway lets none through; a template that forgets a route in the code would."""
    event, function = api.event("GET", "/health")
    reply = api.invoke(function, event | {"resource": "/nowhere", "path": "/nowhere"})
    assert (reply.status, reply.problem) == (404, "unknown-route")
