"""One series and one version: what is told of them."""

from __future__ import annotations

import platform
from collections import Counter

import numpy as np
import pytest

from tests.support.api import Api
from tests.support.boundary import Boundary

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5] * 4
LEARNED = ("series_id", "version", "points_used", "detector", "options", "trained_at", "learned")


def fit(api: Api, **more) -> dict:
    reply = api.fit("s", VALUES, more=more)
    assert reply.status == 200
    return reply.json()


def test_a_version_tells_all_that_its_fit_answered(api: Api):
    answers = [fit(api, detector=detector) for detector in ("mad", "iqr")]
    for answer in answers:
        told = api.call("GET", f"/series/s/versions/{answer['version']}").json()
        assert {name: told[name] for name in LEARNED} == {name: answer[name] for name in LEARNED}
        assert told["profile"] == {
            "min": 10,
            "max": 13,
            "gaps": 0,
            "missing_points": 0,
            "longest_gap_seconds": 0,
            "longest_gap_from": None,
            "longest_flat_points": 1,
            "longest_flat_from": 1_700_000_000,
            "flat_tail_points": 1,
        }
    newest = api.call("GET", "/series/s/versions/latest").json()
    assert newest["version"] == "v2"
    assert api.call("GET", "/series/s").json() == newest | {"latest_version": "v2"}


def test_a_version_tells_where_it_came_from(api: Api):
    fit(api)
    fit(api, detector="mad")
    first, second = (api.call("GET", f"/series/s/versions/{number}").json() for number in (1, 2))
    assert (first["kind"], first["variables"], first["evaluation"]) == ("series", [], None)
    assert (first["lineage"]["parent_version"], second["lineage"]["parent_version"]) == (None, "v1")
    assert first["lineage"]["version_id"] != second["lineage"]["version_id"]
    assert second["lineage"] | {"version_id": ""} == {
        "version_id": "",
        "source": "fit",
        "parent_version": "v1",
        "seed": None,
        "preprocessing": {"features": ["value"], "scaling": "powers of two", "fill": "none"},
        "architecture": platform.machine(),
        "revision": "unknown",
    }
    assert {"python", "numpy", "scikit-learn"} <= second["libraries"].keys()


def test_a_learned_model_tells_its_features_and_its_seed(api: Api):
    reply = api.fit("s", VALUES * 20, more={"detector": {"name": "isolation_forest", "seed": 7}})
    lineage = api.call("GET", f"/series/s/versions/{reply.json()['version']}").json()["lineage"]
    assert lineage["seed"] == 7
    assert lineage["preprocessing"]["features"][:2] == ["value", "short_mean"]
    assert lineage["preprocessing"]["scaling"] == "robust"


def test_a_version_of_an_earlier_release_has_no_profile(api: Api, monkeypatch):
    from tidewatch.adapters import items

    monkeypatch.setattr(items, "_LEARNED", "_")
    monkeypatch.setattr(items, "_PROFILE", "_")
    monkeypatch.setattr(items, "_LINEAGE", "_")
    fit(api)
    monkeypatch.undo()
    told = api.call("GET", "/series/s/versions/1").json()
    assert (told["version"], told["learned"], told["profile"], told["lineage"]) == ("v1", None, None, None)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/series/t", 404), ("/series/t/versions/1", 404), ("/series/s/versions/9", 404), ("/series/s/versions/x", 422)],
)
def test_what_is_not_there_is_not_found(api: Api, path, status):
    fit(api)
    assert api.call("GET", path).status == status


def test_a_prediction_does_not_read_what_only_people_want(api: Api, boundary: Boundary):
    """The head is read by every prediction and paid for by its size."""
    from tests.support.stored import stored

    fit(api)
    items = str(stored())
    assert items.count("longest_flat_points") == 1


def test_a_fit_warns_where_a_season_was_asked_for_and_none_found(api: Api):
    noise = np.random.default_rng(1).normal(size=100).tolist()
    warnings = api.fit("s", noise, more={"detector": "seasonal_decomposition"}).json()["warnings"]
    assert [warning.split(",")[0] for warning in warnings] == ["no season was found"]


def test_a_fit_warns_of_gaps_flat_ends_and_few_cycles(api: Api):
    assert fit(api)["warnings"] == []
    times = [1_700_000_000 + 60 * index for index in (*range(20), *range(50, 80))]
    body = {"timestamps": times, "values": [*VALUES, *[7.0] * 26]}
    (gap, flat) = api.call("POST", "/fit/s", json_body=body).json()["warnings"]
    assert "1 gap" in gap
    assert "30 points are missing" in gap
    assert "last 26 values" in flat


KNOWN = {"display_name": "Load of the web servers", "unit": "requests/s", "labels": {"region": "eu-1", "tier": "web"}}


class TestDescriptions:
    def test_come_back_with_the_series_its_versions_and_the_list(self, api: Api):
        fit(api, **KNOWN)
        told = [
            api.call("GET", "/series/s").json(),
            api.call("GET", "/series/s/versions/1").json(),
            api.call("GET", "/series/s/versions").json()["versions"][0],
            api.call("GET", "/series").json()["series"][0],
        ]
        assert [{name: each[name] for name in KNOWN} for each in told] == [KNOWN] * 4

    def test_stay_until_a_fit_brings_others(self, api: Api):
        fit(api, **KNOWN)
        fit(api)
        fit(api, unit="1/s")
        nothing = {"display_name": None, "labels": {}}
        for version, expected in ((1, KNOWN), (2, KNOWN), (3, nothing | {"unit": "1/s"})):
            told = api.call("GET", f"/series/s/versions/{version}").json()
            assert {name: told[name] for name in KNOWN} == expected

    def test_find_series_by_a_label(self, api: Api):
        for series_id, region in (("a", "eu-1"), ("b", "us-1"), ("c", "eu-1"), ("d", None)):
            labels = {"region": region} if region else {}
            assert api.fit(series_id, VALUES, more={"labels": labels}).status == 200
        found = api.call("GET", "/series?label=region:eu-1").json()["series"]
        assert [line["series_id"] for line in found] == ["a", "c"]
        page = api.call("GET", "/series?label=region:us-1&limit=1").json()
        assert (page["series"], page["next_cursor"] is not None) == ([], True)
        assert api.call("GET", "/series?label=region").errors == [(("query", "label"), "label_form")]

    def test_group_series_by_a_label_whole_and_in_pages_whose_counts_add_up(self, api: Api):
        regions = {"a": "eu-1", "b": "us-1", "c": "eu-1", "d": None, "e": "eu-1"}
        for series_id, region in regions.items():
            labels = {"region": region, "tier": "web"} if region else {}
            assert api.fit(series_id, VALUES, more={"labels": labels}).status == 200
        whole = api.call("GET", "/series?group_by=region").json()
        groups = [{"value": "eu-1", "series": 3}, {"value": "us-1", "series": 1}, {"value": None, "series": 1}]
        assert whole == {"group_by": "region", "groups": groups, "next_cursor": None}
        counted, cursor = Counter(), ""
        for _ in range(3):
            page = api.call("GET", f"/series?group_by=region&limit=2{cursor}").json()
            counted.update({group["value"]: group["series"] for group in page["groups"]})
            cursor = f"&cursor={page['next_cursor']}"
        assert page["next_cursor"] is None
        assert counted == {"eu-1": 3, "us-1": 1, None: 1}
        narrowed = api.call("GET", "/series?group_by=tier&label=region:eu-1").json()["groups"]
        assert narrowed == [{"value": "web", "series": 3}]
        assert api.call("GET", "/series?group_by=a%20b").status == 422

    def test_of_series_are_counted_until_time_runs_short(self, api: Api, monkeypatch):
        from tidewatch.services import group_series

        for series_id in ("a", "b"):
            api.fit(series_id, VALUES)
        monkeypatch.setattr(group_series, "_AT_ONCE", 1)
        monkeypatch.setattr(group_series, "_SECONDS_TO_ANSWER", 1e6)
        page = api.call("GET", "/series?group_by=region").json()
        assert page["groups"] == [{"value": None, "series": 1}]
        assert page["next_cursor"] is not None

    def test_are_of_rows_too(self, api: Api):
        rows = [{"timestamp": 1_700_000_000 + 60 * n, "x1": float(n % 5), "x2": float(n % 7)} for n in range(40)]
        assert api.call("POST", "/fit/s", json_body={"rows": rows} | KNOWN).status == 200
        assert api.call("GET", "/series/s").json()["labels"] == KNOWN["labels"]

    @pytest.mark.parametrize(
        "known",
        [
            {"labels": {"1": "x"}},
            {"labels": {"a": ""}},
            {"labels": {"a": 1}},
            {"labels": {f"l{n}": "x" for n in range(9)}},
            {"unit": ""},
            {"display_name": "x" * 129},
        ],
    )
    def test_have_bounds(self, api: Api, known):
        reply = api.fit("s", VALUES, more=known)
        assert (reply.status, reply.problem) == (422, "invalid-request")
        assert reply.errors[0][0][:2] == ("body", next(iter(known)))


class TestIdsOfMetrics:
    def test_a_metric_of_another_system_has_an_id_to_fit_and_predict_by(self, api: Api):
        metric = {"name": "AWS/EC2 CPUUtilization", "labels": {"InstanceId": "i-1", "Region": "eu"}}
        answer = api.call("POST", "/series", json_body=metric).json()
        series_id = answer["series_id"]
        assert series_id.startswith("AWS-EC2-CPUUtilization-")
        assert answer["trained"] is False
        assert api.fit(series_id, VALUES, more={"labels": metric["labels"]}).status == 200
        turned = metric | {"labels": {"Region": "eu", "InstanceId": "i-1"}}
        assert api.call("POST", "/series", json_body=turned).json() == {"series_id": series_id, "trained": True}
        assert api.call("POST", "/series", json_body={"name": "cpu"}).json() == {"series_id": "cpu", "trained": False}

    def test_what_is_no_metric_is_refused_with_every_problem(self, api: Api):
        reply = api.call("POST", "/series", json_body={"name": "", "label": {}, "labels": {"a": 1}})
        assert reply.status == 422
        assert {where[1] for where, _ in reply.errors} == {"name", "label", "labels"}

    def test_a_label_without_a_name_is_told_at_the_labels(self, api: Api):
        reply = api.call("POST", "/series", json_body={"name": "cpu", "labels": {"": "x", "n" * 257: "y", "[key]": 1}})
        assert [where for where, _ in reply.errors] == [
            ("body", "labels"),
            ("body", "labels", "n" * 128 + "…"),
            ("body", "labels", "[key]"),
        ]
        assert reply.json()["detail"].startswith("The request has 3 problems, in labels, labels.nnn")
        assert reply.json()["errors"][0]["msg"] == "as a name: String should have at least 1 character"
