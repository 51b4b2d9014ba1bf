"""Promoting, rolling back, challenging, and what the audit trail tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.support.api import Api, authorized
from tests.support.environment import ENVIRONMENT
from tests.support.stored import stored

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]


@pytest.fixture
def trained(api: Api) -> Api:
    """Three versions, of which the first judges."""
    assert api.fit("cpu", [*VALUES, 1]).status == 200
    for last in (2, 3):
        assert api.fit("cpu", [*VALUES, last], more={"promote": False, "reason": f"try {last}"}).status == 200
    return api


def judging(api: Api, query: str = "") -> str:
    return api.predict("cpu", 12, query=query).json()["model_version"]


def promote(api: Api, version: int | str, reason: str = "it is better", **more):
    body = {"version": f"v{version}", "reason": reason}
    return api.call("PUT", "/series/cpu/champion", json_body=body, **more)


def challenge(api: Api, version: int, **more):
    return api.call("PUT", "/series/cpu/challenger", json_body={"version": str(version), **more})


def entries_of(api: Api) -> list[dict]:
    return api.call("GET", "/series/cpu/audit").json()["entries"]


def test_a_version_that_was_only_published_judges_when_it_is_asked_for(trained: Api):
    assert [judging(trained, query) for query in ("", "?version=latest", "?version=2")] == ["v1", "v3", "v2"]
    (line,) = trained.call("GET", "/series").json()["series"]
    assert (line["latest_version"], line["champion_version"]) == ("v3", "v1")
    assert trained.fit("cpu", VALUES).json()["version"] == "v4"
    assert judging(trained) == "v4"


def test_the_first_version_judges_also_when_it_is_only_published(api: Api):
    assert api.fit("cpu", VALUES, more={"promote": False}).json()["version"] == "v1"
    assert judging(api) == "v1"


def test_a_promotion_and_a_rollback_take_one_call_each(trained: Api):
    reply = promote(trained, 3)
    assert (reply.status, reply.json()) == (
        200,
        {
            "series_id": "cpu",
            "champion_version": "v3",
            "latest_version": "v3",
            "challenger": None,
            "monitor": False,
        },
    )
    assert judging(trained) == "v3"
    assert promote(trained, 1, "v3 alarms at night").json()["champion_version"] == "v1"
    assert (judging(trained), judging(trained, "?version=latest")) == ("v1", "v3")
    stored().check(promoted=True)


def test_a_promotion_that_is_sent_again_does_nothing_more(trained: Api):
    tags = [promote(trained, 2).headers["etag"] for _ in range(2)]
    assert tags[0] == tags[1]
    assert [entry["action"] for entry in entries_of(trained)] == ["promoted", "published", "published", "published"]


def test_a_change_is_meant_for_the_state_of_its_if_match(trained: Api):
    tag = trained.call("GET", "/series/cpu").headers["etag"]
    assert tag == trained.call("GET", "/series/cpu/champion").headers["etag"]
    assert trained.fit("cpu", VALUES, more={"promote": False}).status == 200
    late = promote(trained, 2, headers={"If-Match": tag})
    assert (late.status, late.problem) == (412, "changed-since")
    assert judging(trained) == "v1"
    assert promote(trained, 2, headers={"If-Match": late.headers["etag"]}).status == 200
    assert promote(trained, 3, headers={"If-Match": "*"}).status == 200
    assert promote(trained, 1, headers={"If-Match": "v1"}).errors == [(("header", "if-match"), "tag_form")]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [(("body", "version"), "missing"), (("body", "reason"), "missing")]),
        ({"version": 3, "reason": "x"}, [(("body", "version"), "string_type")]),
        ({"version": "latest", "reason": "x"}, [(("body", "version"), "version_form")]),
        ({"version": "3", "reason": " "}, [(("body", "reason"), "string_too_short")]),
        ({"version": "3", "reasons": "x"}, [(("body", "reason"), "missing"), (("body", "reasons"), "extra_forbidden")]),
    ],
)
def test_a_promotion_names_a_version_and_a_reason(trained: Api, body, errors):
    reply = trained.call("PUT", "/series/cpu/champion", json_body=body)
    assert (reply.status, reply.errors) == (422, errors)


def test_what_is_not_there_is_not_promoted(trained: Api):
    assert promote(trained, 9).problem == "unknown-version"
    body = {"version": "1", "reason": "x"}
    assert trained.call("PUT", "/series/disk/champion", json_body=body).problem == "unknown-series"
    assert promote(trained, 1, authorizer=authorized("other")).problem == "unknown-series"
    assert promote(trained, 2, authorizer=authorized(scopes="read")).status == 403
    assert judging(trained) == "v1"


def test_a_challenger_is_set_replaced_and_dropped(trained: Api):
    told = challenge(trained, 2, reason="more data", error_rate=0.01).json()["challenger"]
    assert told | {"since": ""} == {"version": "v2", "since": "", "auto_promote": False, "error_rate": 0.01}
    assert judging(trained) == "v1"
    in_use = trained.call("DELETE", "/series/cpu/versions/2")
    assert (in_use.status, in_use.problem) == (409, "version-in-use")
    assert challenge(trained, 3).status == 200
    assert challenge(trained, 1).problem == "version-is-champion"
    assert challenge(trained, 9).problem == "unknown-version"
    assert trained.call("DELETE", "/series/cpu/challenger").json()["challenger"] is None
    assert trained.call("DELETE", "/series/cpu/challenger").problem == "no-challenger"
    actions = [entry["action"] for entry in entries_of(trained)]
    assert actions[:3] == ["challenger_removed", "challenger_set", "challenger_set"]


def test_a_challenger_that_is_promoted_is_the_champion(trained: Api):
    assert challenge(trained, 2).status == 200
    told = promote(trained, 2).json()
    assert (told["champion_version"], told["challenger"]) == ("v2", None)


def test_monitoring_is_turned_on_and_off(trained: Api):
    for monitor in (True, True, False):
        reply = trained.call("PUT", "/series/cpu/monitoring", json_body={"monitor": monitor})
        assert reply.json()["monitor"] is monitor
    assert [entry["after"]["monitor"] for entry in entries_of(trained)[:3]] == [False, True, False]


class TestAudit:
    def test_tells_who_did_what_and_why(self, trained: Api):
        promote(trained, 3, "fewer false alarms")
        newest, *_, first = entries_of(trained)
        assert {name: newest[name] for name in ("sequence", "action", "actor", "reason", "version")} == {
            "sequence": 4,
            "action": "promoted",
            "actor": "key-of-the-test",
            "reason": "fewer false alarms",
            "version": "v3",
        }
        assert (newest["before"]["champion"], newest["after"]["champion"]) == (1, 3)
        assert (first["action"], first["before"], first["previous"]) == ("published", None, "0" * 64)

    def test_comes_in_pages(self, trained: Api):
        promote(trained, 2)
        found, query = [], "?limit=2"
        while query:
            page = trained.call("GET", f"/series/cpu/audit{query}").json()
            found += [entry["sequence"] for entry in page["entries"]]
            query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
        assert found == [4, 3, 2, 1]
        for cursor in ("x", "IjEi"):
            assert trained.call("GET", f"/series/cpu/audit?cursor={cursor}").status == 422

    def test_outlives_its_series_and_goes_on_with_the_next(self, trained: Api):
        assert trained.call("DELETE", "/series/cpu").status == 204
        verified = trained.call("GET", "/series/cpu/audit/verification").json()
        assert (verified["intact"], verified["entries"]) == (True, 4)
        assert trained.fit("cpu", VALUES).json()["version"] == "v1"
        entries = entries_of(trained)
        assert [entry["sequence"] for entry in entries] == [5, 4, 3, 2, 1]
        assert (entries[1]["action"], entries[1]["after"]) == ("series_deleted", None)
        assert trained.call("GET", "/series/cpu/audit/verification").json()["intact"]

    def test_of_another_tenant_is_not_there(self, trained: Api):
        for path in ("audit", "audit/verification", "champion", "champion/history"):
            reply = trained.call("GET", f"/series/cpu/{path}", authorizer=authorized("other"))
            assert reply.problem == "unknown-series"

    @pytest.mark.parametrize(
        ("damage", "problem"),
        [
            ("changed", "entry 2 was changed"),
            ("taken out", "entry 2 is missing"),
            ("cut off", "the last entry is not the one that the series names: the end is missing"),
        ],
    )
    def test_that_was_tampered_with_is_found_out(self, trained: Api, damage, problem):
        client, table = boto3.client("dynamodb"), ENVIRONMENT["TABLE_NAME"]
        items = sorted((i for i in stored().items if i["sk"]["S"].startswith("AUDIT#")), key=lambda i: i["sk"]["S"])
        if damage == "changed":
            item = items[1] | {"entry": {"S": items[1]["entry"]["S"].replace("try 2", "try 9")}}
            client.put_item(TableName=table, Item=item)
        else:
            chosen = items[1 if damage == "taken out" else 2]
            client.delete_item(TableName=table, Key={name: chosen[name] for name in ("pk", "sk")})
        found = trained.call("GET", "/series/cpu/audit/verification").json()
        assert (found["intact"], found["problem"]) == (False, problem)


class TestHistory:
    def test_tells_which_version_judged_and_why(self, trained: Api):
        promote(trained, 3, "better")
        promote(trained, 1, "worse after all")
        history = trained.call("GET", "/series/cpu/champion/history").json()["history"]
        assert [(line["version"], line["action"], line["reason"]) for line in history] == [
            ("v1", "rolled_back", "worse after all"),
            ("v3", "promoted", "better"),
            ("v1", "published", ""),
        ]

    def test_tells_which_version_judged_at_any_time(self, trained: Api, monkeypatch):
        from tidewatch import composition

        start = datetime.now(UTC)
        clock = [start]
        monkeypatch.setattr(composition.promoter(), "_now", lambda: clock[0])
        for hours, version in ((1, 2), (2, 3)):
            clock[0] = start + timedelta(hours=hours)
            promote(trained, version)
        for minutes, version in ((-60, None), (30, "v1"), (90, "v2"), (300, "v3")):
            at = (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
            history = trained.call("GET", f"/series/cpu/champion/history?limit=1&at={at}").json()["history"]
            assert [line["version"] for line in history] == ([version] if version else [])
        wrong = trained.call("GET", "/series/cpu/champion/history?at=yesterday")
        assert wrong.errors == [(("query", "at"), "timestamp_form")]
