"""Tenants and their keys, by the routes of operators."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import boto3
import pytest
from tidewatch.services.api_keys import MOST_KEYS, NewKey
from tidewatch.services.authorize import Authorizer

from tests.support.api import Api, Reply, authorized
from tests.support.boundary import Boundary
from tests.support.environment import ENVIRONMENT
from tests.support.tenants import make_key, make_tenant, tenant_store

TEAM = authorized("team-a")
KEYS = "/tenants/team-a/keys"


def make(api: Api, tenant_id: str = "team-a", **more: Any) -> Reply:
    return api.call("POST", "/tenants", json_body={"tenant_id": tenant_id} | more)


def opens(key: str) -> str | None:
    """The tenant that a key opens, asked of an authorizer that has read nothing yet."""
    admission = Authorizer(tenant_store()).admit(key)
    return str(admission.principal.tenant) if admission else None


def test_a_tenant_is_made_limited_suspended_and_resumed(api: Api) -> None:
    reply = make(api, limits={"points_per_day": 1000})
    assert (reply.status, reply.headers["location"], reply.headers["etag"]) == (201, "/tenants/team-a", '"1"')
    made = reply.json()
    assert made.pop("created_at")
    limits = {"points_per_day": 1000, "series": None}
    assert made == {"tenant_id": "team-a", "status": "active", "tier": "standard", "limits": limits}
    assert make(api).problem == "tenant-exists"
    change = {"tier": "large", "limits": {"series": 5}, "status": "suspended"}
    changed = api.call("PATCH", "/tenants/team-a", json_body=change)
    assert changed.json() | change == changed.json() | {"limits": {"series": 5}}
    assert changed.json()["limits"] == {"points_per_day": None, "series": 5}
    read = api.call("GET", "/tenants/team-a")
    told = read.json()
    assert told.pop("usage") == {"day": ANY, "points": None, "series": 0}
    assert (told, read.headers["etag"]) == (changed.json(), '"2"')
    assert api.call("PATCH", "/tenants/team-a", json_body={"status": "active"}).json()["limits"]["series"] == 5


def test_a_tenant_is_shown_with_what_it_uses_of_its_limits(api: Api, boundary: Boundary) -> None:
    make(api, limits={"points_per_day": 1000, "series": 5})
    caller = authorized("team-a", limit_points_per_day="1000")
    values = [1.0, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]
    for series_id in ("cpu", "disk"):
        assert api.fit(series_id, values, authorizer=caller).status == 200
    boundary.forget()
    usage = api.call("GET", "/tenants/team-a").json()["usage"]
    assert boundary.names == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.Query"]
    assert usage["series"] == 2
    # 24 points, and what was taken in advance.
    assert 24 <= usage["points"] <= 34
    assert date.fromisoformat(usage["day"])
    # An administrator of the tenant sees its own.
    assert api.call("GET", "/tenants/team-a", authorizer=authorized("team-a", scopes="admin")).json()["usage"] == usage


def test_of_two_who_change_a_tenant_only_the_faster_does(api: Api) -> None:
    make(api)
    seen = {"If-Match": api.call("GET", "/tenants/team-a").headers["etag"]}
    body = {"limits": {"series": 1}}
    assert api.call("PATCH", "/tenants/team-a", json_body=body, headers=seen).status == 200
    late = api.call("PATCH", "/tenants/team-a", json_body={"limits": {}}, headers=seen)
    assert (late.status, late.problem) == (412, "tenant-changed")
    assert api.call("GET", "/tenants/team-a").json()["limits"]["series"] == 1
    wrong = api.call("PATCH", "/tenants/team-a", json_body=body, headers={"If-Match": "1"})
    assert wrong.errors == [(("header", "if-match"), "etag_form")]


def test_tenants_are_listed_by_pages(api: Api) -> None:
    names = ["a", "b", "c", "team-0", "z"]
    for name in reversed(names):
        make(api, name)
        make_key(name, f"of-{name}")
    found, cursor, pages = [], "", 0
    while cursor is not None and pages < 9:
        page = api.call("GET", f"/tenants?limit=2{cursor and f'&cursor={cursor}'}").json()
        found += [tenant["tenant_id"] for tenant in page["tenants"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (found, pages) == (names, 3)
    assert api.call("GET", "/tenants?cursor=MQ").errors == [(("query", "cursor"), "cursor_form")]


def test_the_default_tenant_is_there_and_cannot_lock_itself_out(api: Api) -> None:
    assert api.call("GET", "/tenants/default").json()["created_at"] is None
    refused = api.call("PATCH", "/tenants/default", json_body={"status": "suspended"})
    assert (refused.status, refused.problem) == (409, "not-allowed-now")
    assert api.call("PATCH", "/tenants/default", json_body={"limits": {"series": 9}}).status == 200
    made = api.call("POST", "/tenants/default/keys", json_body={"name": "ops", "scopes": ["admin"]}).json()
    last = api.call("DELETE", f"/tenants/default/keys/{made['key_id']}")
    assert (last.status, last.problem) == (409, "not-allowed-now")
    api.call("POST", "/tenants/default/keys", json_body={"name": "ops", "scopes": ["admin"]})
    assert api.call("DELETE", f"/tenants/default/keys/{made['key_id']}").status == 204


def test_only_operators_manage_tenants_and_nobody_sees_anothers(api: Api) -> None:
    make(api)
    make(api, "team-b")
    for method, url, body in [
        ("POST", "/tenants", {"tenant_id": "mine"}),
        ("GET", "/tenants", None),
        ("PATCH", "/tenants/team-a", {"limits": {}}),
    ]:
        reply = api.call(method, url, json_body=body, authorizer=TEAM)
        assert (reply.status, reply.problem) == (403, "forbidden")
    assert api.call("GET", "/tenants/team-a", authorizer=TEAM).status == 200
    assert api.call("GET", KEYS, authorizer=TEAM).status == 200
    for url in ("/tenants/team-b", "/tenants/nobody", "/tenants/team-b/keys", "/tenants/default/keys"):
        reply = api.call("GET", url, authorizer=TEAM)
        assert (reply.status, reply.problem) == (404, "unknown-tenant")
    theirs = api.call("POST", "/tenants/team-b/keys", json_body={"name": "x"}, authorizer=TEAM)
    assert theirs.status == 404


def test_a_key_is_shown_once_and_never_stored_or_logged(api: Api) -> None:
    make(api)
    reply = api.call("POST", KEYS, json_body={"name": "pipeline"}, authorizer=TEAM)
    made = reply.json()
    assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
    assert reply.headers["location"] == f"{KEYS}/{made['key_id']}"
    secret = made.pop("key")
    assert made["scopes"] == ["read", "write"]
    assert opens(secret) == "team-a"
    listed = api.call("GET", KEYS, authorizer=TEAM)
    assert listed.json() == {"keys": [made]}
    assert api.call("GET", f"{KEYS}/{made['key_id']}").json() == made
    stored = boto3.client("dynamodb").scan(TableName=ENVIRONMENT["TENANTS_TABLE_NAME"])["Items"]
    everything = repr(stored) + listed.body.decode() + "".join(reply.printed)
    assert secret not in everything
    assert secret.removeprefix("tw_") not in everything
    assert secret not in repr(NewKey(secret, make_key("default", "other")))


def test_a_rotated_key_holds_for_its_grace_and_a_revoked_one_no_more(api: Api) -> None:
    make(api)
    first = api.call("POST", KEYS, json_body={"name": "pipeline", "scopes": ["read"]}).json()
    second = api.call("POST", f"{KEYS}/{first['key_id']}/rotation", json_body={"grace_seconds": 3600}).json()
    assert (second["name"], second["scopes"]) == ("pipeline", ["read"])
    assert opens(first["key"]) == opens(second["key"]) == "team-a"
    ends = datetime.fromisoformat(api.call("GET", f"{KEYS}/{first['key_id']}").json()["expires_at"])
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)
    third = api.call("POST", f"{KEYS}/{second['key_id']}/rotation", json_body={}).json()
    assert (opens(second["key"]), opens(third["key"])) == (None, "team-a")
    assert api.call("POST", f"{KEYS}/{second['key_id']}/rotation", json_body={}).problem == "not-allowed-now"
    for _ in range(2):
        assert api.call("DELETE", f"{KEYS}/{third['key_id']}").status == 204
    assert opens(third["key"]) is None
    statuses = [key["status"] for key in api.call("GET", KEYS).json()["keys"]]
    assert statuses == ["valid", "revoked", "revoked"]
    assert api.call("DELETE", f"{KEYS}/none").problem == "unknown-key"


def test_a_key_expires(api: Api) -> None:
    make(api)
    past = {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}
    assert api.call("POST", KEYS, json_body=past).errors == [(("body", "expires_at"), "expires_in_the_past")]
    make_key("team-a", "old", expires_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert [key["status"] for key in api.call("GET", KEYS).json()["keys"]] == ["expired"]
    naive = {"name": "x", "expires_at": "2090-01-01T00:00:00"}
    assert api.call("POST", KEYS, json_body=naive).errors == [(("body", "expires_at"), "timezone_aware")]


def test_a_tenant_has_so_many_keys_and_no_more(api: Api) -> None:
    make_tenant("team-a")
    for number in range(MOST_KEYS):
        make_key("team-a", f"number-{number}")
    assert api.call("POST", KEYS, json_body={"name": "one more"}).problem == "not-allowed-now"


def test_all_problems_of_a_tenant_to_make_are_told_at_once(api: Api) -> None:
    body = {"tenant_id": "Team A", "tier": "huge", "limits": {"points_a_day": 1, "series": -1}}
    reply = make(api, **body)
    assert sorted(reply.errors) == [
        (("body", "limits", "points_a_day"), "extra_forbidden"),
        (("body", "limits", "series"), "greater_than_equal"),
        (("body", "tenant_id"), "tenant_id_form"),
        (("body", "tier"), "enum"),
    ]
    assert "points_per_day" in reply.body.decode()


@pytest.mark.parametrize("limit", [False, True, "5", ""])
def test_a_limit_is_a_number(api: Api, limit: Any) -> None:
    reply = make(api, limits={"series": limit})
    assert (reply.status, reply.errors) == (422, [(("body", "limits", "series"), "wrong_type")])


@pytest.fixture
def plans(configure: Any) -> Any:
    """Usage plans of API Gateway, as the template makes them."""
    client = boto3.client("apigateway")
    made = {tier: client.create_usage_plan(name=f"tidewatch-{tier}")["id"] for tier in ("standard", "large")}
    configure(USAGE_PLANS="tidewatch")
    yield lambda tier: [key["value"] for key in client.get_usage_plan_keys(usagePlanId=made[tier])["items"]]
    for plan in made.values():
        for key in client.get_usage_plan_keys(usagePlanId=plan)["items"]:
            client.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
            client.delete_api_key(apiKey=key["id"])
        client.delete_usage_plan(usagePlanId=plan)


def test_requests_count_against_a_key_of_the_tenants_own(api: Api, boundary: Boundary, plans: Any) -> None:
    make(api)
    made = api.call("POST", KEYS, json_body={"name": "pipeline"}).json()
    admission = Authorizer(tenant_store()).admit(made["key"])
    assert admission is not None
    assert plans("standard") == [admission.metering_key]
    # It opens nothing, and no answer shows it.
    assert opens(str(admission.metering_key)) is None
    assert str(admission.metering_key) not in json.dumps(api.call("GET", "/tenants/team-a").json())
    api.call("PATCH", "/tenants/team-a", json_body={"tier": "large"})
    assert (plans("standard"), plans("large")) == ([], [admission.metering_key])
    assert make(api).problem == "tenant-exists"
    assert plans("standard") == []
