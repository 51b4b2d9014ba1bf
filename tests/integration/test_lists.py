"""What is trained, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from local.sam.routes import read_routes
from tests.support.api import Api
from tests.support.environment import ROOT
from tests.support.tables import template

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]


def walk(api: Api, path: str, items: str, limit: int) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    pages, cursor = [], ""
    for _ in range(20):
        page = api.call("GET", f"{path}?limit={limit}{cursor}").json()
        pages.append(page[items])
        if page["next_cursor"] is None:
            return pages
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("the list does not end")


def test_nothing_is_trained_at_first(api: Api):
    assert api.call("GET", "/series").json() == {"series": [], "next_cursor": None}


def test_series_are_listed_once_each_in_the_order_of_their_ids(api: Api):
    for series_id in ("b", "a:2", "B", "a", "a-1"):
        api.fit(series_id, VALUES)
    latest = api.fit("a", [7, *VALUES]).json()
    pages = walk(api, "/series", "series", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    lines = [line for page in pages for line in page]
    assert [line["series_id"] for line in lines] == sorted(["b", "a:2", "B", "a", "a-1"])
    assert next(line for line in lines if line["series_id"] == "a") == {
        "series_id": "a",
        "latest_version": "v2",
        "champion_version": "v2",
        "detector": "three_sigma",
        "points_used": 7,
        "trained_at": latest["trained_at"],
        "display_name": None,
        "unit": None,
        "labels": {},
        "timezone": "UTC",
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_a_page_that_ends_with_the_last_item_is_the_last_page(api: Api, limit):
    for index in range(4):
        api.fit(f"s{index}", VALUES)
    pages = walk(api, "/series", "series", limit)
    assert [line["series_id"] for page in pages for line in page] == ["s0", "s1", "s2", "s3"]
    assert all(pages)


def test_versions_are_listed_newest_first(api: Api):
    for number in range(1, 12):
        api.fit("s", [*VALUES, number], start=1_700_000_000 + number)
    pages = walk(api, "/series/s/versions", "versions", 4)
    assert [len(page) for page in pages] == [4, 4, 3]
    assert [line["version"] for page in pages for line in page] == [f"v{number}" for number in range(11, 0, -1)]


def test_a_version_says_what_it_was_trained_on_and_with(api: Api):
    fitted = api.fit("s", VALUES, more={"detector": {"sigmas": 2}}).json()
    answer = api.call("GET", "/series/s/versions").json()
    (line,) = answer["versions"]
    assert answer["series_id"] == "s"
    assert line | {"libraries": ..., "data_sha256": ...} == {
        "version": "v1",
        "detector": "three_sigma",
        "options": {"name": "three_sigma", "sigmas": 2.0, "side": "upper", "false_alarm_rate": None},
        "points_used": 6,
        "data_from": "2023-11-14T22:13:20Z",
        "data_to": "2023-11-14T22:18:20Z",
        "data_sha256": ...,
        "libraries": ...,
        "trained_at": fitted["trained_at"],
        "display_name": None,
        "unit": None,
        "labels": {},
        "timezone": "UTC",
    }
    assert set(line["libraries"]) == {"python", "numpy", "scipy", "scikit-learn", "tzdata"}
    assert len(bytes.fromhex(line["data_sha256"])) == 32


def test_versions_of_an_unknown_series_are_a_404_that_names_it(api: Api):
    reply = api.call("GET", "/series/nobody/versions")
    assert (reply.status, reply.problem) == (404, "unknown-series")
    assert "'nobody'" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/series", "/series/s/versions"])
@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "1.5", ""])
def test_a_limit_is_1_to_100(api: Api, path, limit):
    reply = api.call("GET", f"{path}?limit={limit}")
    assert reply.status == 422
    assert [loc for loc, _ in reply.errors] == [("query", "limit")]


@pytest.mark.parametrize(
    ("path", "cursor"),
    [
        ("/series", "Mg"),  # 2: a cursor of the other list
        ("/series", "ImEvYiI"),  # "a/b": no series_id
        ("/series", "bnVsbA"),  # null
        ("/series", "W10"),  # []
        ("/series", "!!"),
        ("/series", "%FF"),
        ("/series", ""),
        ("/series", "A" * 5000),
        ("/series/s/versions", "ImEi"),  # "a": a cursor of the other list
        ("/series/s/versions", "MA"),  # 0
        ("/series/s/versions", "LTE"),  # -1
        ("/series/s/versions", "dHJ1ZQ"),  # true
        ("/series/s/versions", "MS41"),  # 1.5
        ("/series/s/versions", "MWU5OTk"),  # 1e999
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(api: Api, path, cursor):
    reply = api.call("GET", f"{path}?cursor={cursor}")
    assert reply.status == 422
    assert [loc for loc, _ in reply.errors] == [("query", "cursor")]


def test_the_committed_document_is_served_and_names_every_route(api: Api):
    document = api.call("GET", "/openapi.json").json()
    served = {route.path for route in read_routes(template(), ROOT).routes}
    assert set(document["paths"]) == served - {"/docs", "/openapi.json"}
