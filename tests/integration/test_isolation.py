"""Three tenants act at random, with the same names for everything, and none ever sees another's."""

from __future__ import annotations

import base64
import gzip
import re
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tidewatch.tenancy import Tenant

from tests.support.api import Api, Reply, authorized
from tests.support.environment import ENVIRONMENT
from tests.support.isolation import Trespass, request_of
from tests.support.stored import empty
from tests.support.tenants import tenant_store

MARKS = {"team-a": "731", "team-b": "852", "team-c": "964"}
"""The digits that every value of a tenant begins with: an answer that has another's shows its data."""
SHAPE = (0.5, 0.25, 0.75, 0.5, 0.125, 0.625, 0.5, 0.375)

tenants = st.sampled_from(sorted(MARKS))
series_ids = st.sampled_from(["cpu", "disk"])
keys = st.sampled_from(["once", "again"])


class ThreeTenants(RuleBasedStateMachine):
    """The model is ``tenant -> series -> number of versions``."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        empty()
        self.api = api
        self.versions: dict[str, dict[str, int]] = {tenant: {} for tenant in MARKS}
        self.answered: dict[tuple[str, str, str], Any] = {}
        self.cursors: set[str] = set()
        self.secrets: dict[str, set[str]] = {tenant: set() for tenant in MARKS}
        for tenant in MARKS:
            assert api.call("POST", "/tenants", json_body={"tenant_id": tenant}).status == 201

    def ask(self, tenant: str, method: str, url: str, body: Any = None, **headers: str) -> Reply:
        """A request of a tenant. Nothing that comes back or is logged tells of another."""
        # Names with hyphens, as Idempotency-Key, come with underscores.
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.api.call(method, url, json_body=body, headers=sent, authorizer=authorized(tenant))
        seen = reply.body.decode(errors="replace") + repr(reply.headers) + "".join(reply.printed)
        for other in MARKS.keys() - {tenant}:
            assert other not in seen, f"{tenant} sees {other}: {method} {url}"
            assert not re.search(rf"(?<![\d.]){MARKS[other]}\.\d", seen), (
                f"{tenant} sees values of {other}: {method} {url}"
            )
            assert not any(secret in seen for secret in self.secrets[other])
        return reply

    def values(self, tenant: str) -> list[float]:
        return [int(MARKS[tenant]) + part for part in SHAPE]

    @rule(tenant=tenants, series=series_ids, key=st.none() | keys)
    def fit(self, tenant: str, series: str, key: str | None) -> None:
        values = self.values(tenant)
        body = {"timestamps": list(range(1_700_000_000, 1_700_000_000 + 60 * len(values), 60)), "values": values}
        headers = {"Idempotency_Key": key} if key else {}
        reply = self.ask(tenant, "POST", f"/fit/{series}", body, **headers)
        assert reply.status == 200
        place = (tenant, series, str(key))
        if key and place in self.answered:
            assert reply.json() == self.answered[place]
            return
        number = self.versions[tenant].get(series, 0) + 1
        assert reply.json()["version"] == f"v{number}"
        self.versions[tenant][series] = number
        if key:
            self.answered[place] = reply.json()

    @rule(tenant=tenants, series=series_ids)
    def predict(self, tenant: str, series: str) -> None:
        point = {"timestamp": "1700000480", "value": int(MARKS[tenant]) + 0.5}
        reply = self.ask(tenant, "POST", f"/predict/{series}", point)
        if series in self.versions[tenant]:
            assert reply.json()["model_version"] == f"v{self.versions[tenant][series]}"
            assert reply.json()["anomaly"] is False
        else:
            assert reply.status == 404

    @rule(tenant=tenants, series=series_ids)
    def plot(self, tenant: str, series: str) -> None:
        reply = self.ask(tenant, "GET", f"/plot?series_id={series}&format=svg&width=320&height=320")
        assert reply.status == (200 if series in self.versions[tenant] else 404)

    @rule(
        tenant=tenants, series=series_ids, what=st.sampled_from(["", "/versions", "/versions/1", "/audit", "/champion"])
    )
    def look(self, tenant: str, series: str, what: str) -> None:
        reply = self.ask(tenant, "GET", f"/series/{series}{what}")
        assert reply.status == (200 if series in self.versions[tenant] else 404) or what == "/audit"

    @rule(tenant=tenants)
    def list_series(self, tenant: str) -> None:
        found: list[str] = []
        query = ""
        while query is not None:
            page = self.ask(tenant, "GET", f"/series?limit=1{query}").json()
            found += [line["series_id"] for line in page["series"]]
            query = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
            if page["next_cursor"]:
                self.cursors.add(page["next_cursor"])
        assert found == sorted(self.versions[tenant])

    @rule(tenant=tenants)
    def follow_a_cursor_of_anybody(self, tenant: str) -> None:
        for cursor in self.cursors:
            page = self.ask(tenant, "GET", f"/series?cursor={cursor}").json()
            assert {line["series_id"] for line in page["series"]} <= self.versions[tenant].keys()

    @rule(tenant=tenants, series=series_ids)
    def delete(self, tenant: str, series: str) -> None:
        reply = self.ask(tenant, "DELETE", f"/series/{series}")
        assert reply.status == (204 if series in self.versions[tenant] else 404)
        self.versions[tenant].pop(series, None)

    @rule(tenant=tenants, other=tenants, scopes=st.sampled_from([["read"], ["read", "write", "admin"]]))
    def make_a_key(self, tenant: str, other: str, scopes: list[str]) -> None:
        if tenant != other:
            for method, url in (("GET", f"/tenants/{other}"), ("GET", f"/tenants/{other}/keys")):
                # The problem names whom it was asked for, as the request did.
                reply = self.api.call(method, url, authorizer=authorized(tenant))
                assert (reply.status, reply.problem) == (404, "unknown-tenant")
            return
        reply = self.ask(tenant, "POST", f"/tenants/{tenant}/keys", {"name": f"of {tenant}", "scopes": scopes})
        assert reply.status in (201, 409)
        if reply.status == 201:
            self.secrets[tenant].add(reply.json()["key"])
        assert self.ask(tenant, "GET", f"/tenants/{tenant}/keys").status == 200

    @rule(tenant=tenants)
    def ask_how_it_goes(self, tenant: str) -> None:
        health = self.ask(tenant, "GET", "/healthcheck").json()
        assert (health["series_trained"], health["model_usage"]) == (len(self.versions[tenant]), {})
        assert self.ask(tenant, "GET", "/jobs").json()["jobs"] == []
        assert self.ask(tenant, "GET", "/tenants").status == 403

    @invariant()
    def every_item_and_object_has_its_owner(self) -> None:
        for item in boto3.client("dynamodb").scan(TableName=ENVIRONMENT["TABLE_NAME"])["Items"]:
            owner = item["pk"]["S"].split("#")[1]
            assert not any(other in repr(item) for other in MARKS.keys() - {owner})


def test_three_tenants_never_see_each_other(api: Api) -> None:
    run_state_machine_as_test(
        lambda: ThreeTenants(api),
        settings=hypothesis_settings(
            max_examples=4, stateful_step_count=30, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("dynamodb", "get_item", {"Key": {"pk": {"S": "TENANT#team-b#SERIES#cpu"}, "sk": {"S": "HEAD"}}}),
        ("dynamodb", "get_item", {"Key": {"pk": {"S": "TENANT#team-a2#SERIES#cpu"}, "sk": {"S": "HEAD"}}}),
        ("dynamodb", "scan", {}),
        (
            "dynamodb",
            "query",
            {
                "IndexName": "SeriesByTenant",
                "KeyConditionExpression": "tenant = :tenant",
                "ExpressionAttributeValues": {":tenant": {"S": "team-b"}},
            },
        ),
        ("s3", "get_object", {"Key": "training/team-b/abc.csv.gz"}),
        ("s3", "list_objects_v2", {"Prefix": "training/"}),
        ("s3", "list_objects_v2", {}),
    ],
)
def test_the_watch_sees_who_reaches_over(
    boundary: Any, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    place = (
        {"TableName": ENVIRONMENT["TABLE_NAME"]} if service == "dynamodb" else {"Bucket": ENVIRONMENT["DATA_BUCKET"]}
    )
    event = {"requestContext": {"authorizer": authorized("team-a")}}
    with request_of(event), pytest.raises(Trespass):
        getattr(boto3.client(service), operation)(**place, **parameters)


@pytest.mark.parametrize(
    ("method", "resource", "watched"),
    [("POST", "/tenants", False), ("PATCH", "/tenants/{tenant_id}", True), ("POST", "/detect", True)],
)
def test_an_operator_may_touch_the_tenant_that_it_asks_to_make(
    boundary: Any, method: str, resource: str, watched: bool
) -> None:
    event = {
        "httpMethod": method,
        "resource": resource,
        "headers": {"content-encoding": "gzip"},
        "body": base64.b64encode(gzip.compress(b'{"tenant_id": "team-b"}')).decode(),
        "isBase64Encoded": True,
        "requestContext": {"authorizer": authorized("default")},
    }
    with request_of(event), pytest.raises(Trespass) if watched else nullcontext():
        tenant_store().find_tenant(Tenant("team-b"))
