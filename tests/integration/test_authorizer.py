"""The authorizer function: whose key it is, how long it goes by what it read, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tidewatch.services.authorize import CACHE_SECONDS, Authorizer
from tidewatch.tenancy import DEFAULT_TENANT, Limits, Scope, Tenant, TenantStatus

from local.sam.routes import read_functions
from tests.support.api import handler_module
from tests.support.boundary import Boundary, throttled
from tests.support.environment import ROOT
from tests.support.tables import template
from tests.support.tenants import MADE, make_key, make_tenant, tenant_store

METHOD = "arn:aws:execute-api:eu-central-1:123456789012:abc/test/GET/series"


def ask(headers: Mapping[str, str]) -> dict[str, Any]:
    """What the function answers, through JSON both ways."""
    function = read_functions(template(), ROOT)["AuthorizerFunction"]
    event = {"type": "REQUEST", "methodArn": METHOD, "headers": dict(headers)}
    answer = handler_module(function).lambda_handler(json.loads(json.dumps(event)), None)
    found: dict[str, Any] = json.loads(json.dumps(answer))
    return found


def effect(answer: Mapping[str, Any]) -> str:
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", METHOD)
    return str(statement["Effect"])


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "of-team-a"},
        {"X-Api-Key": "of-team-a", "Authorization": "Bearer other"},
        {"Ocp-Apim-Subscription-Key": "of-team-a"},
        {"authorization": "bearer of-team-a"},
        {"Authorization": "Bearer  of-team-a "},
    ],
)
def test_a_key_is_found_wherever_clients_put_it(boundary: Boundary, headers: dict[str, str]) -> None:
    make_tenant("team-a", key="of-team-a", limits=Limits(points_per_day=500), metering_key="counts")
    answer = ask(headers)
    assert effect(answer) == "Allow"
    assert answer["usageIdentifierKey"] == "counts"
    assert answer["context"] == {
        "tenant": "team-a",
        "keyId": "id-of-of-team-a",
        "scopes": "admin read write",
        "status": "active",
        "limit_points_per_day": "500",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "made-up"},
        {"x-api-key": "k" * 257},
        {"x-api-key": "\ud800"},
        {"Authorization": "Basic b2YtdGVhbS1h"},
        {"Authorization": "Bearer"},
        {"Authorization": "of-team-a"},
        {"x-api-key": "expired"},
        {"x-api-key": "revoked"},
        {"x-api-key": "of-nobody"},
    ],
)
def test_a_key_that_opens_nothing_is_an_explicit_deny(boundary: Boundary, headers: dict[str, str]) -> None:
    make_tenant("team-a", key="of-team-a")
    make_key("team-a", "expired", expires_at=MADE)
    make_key("team-a", "revoked", revoked_at=MADE)
    gone = make_tenant("gone", key="of-nobody")
    tenant_store().delete_tenant(gone)
    answer = ask(headers)
    assert effect(answer) == "Deny"
    assert answer.keys() == {"principalId", "policyDocument"}


def test_the_default_tenant_is_there_without_being_made(boundary: Boundary) -> None:
    make_key("default", "first")
    answer = ask({"x-api-key": "first"})
    assert (effect(answer), answer["context"]["tenant"]) == ("Allow", "default")
    assert "usageIdentifierKey" not in answer


def test_until_the_stacks_key_is_registered_api_gateway_judges_keys(boundary: Boundary, configure: Any) -> None:
    configure(USAGE_PLANS="tidewatch")
    handed_on = ask({"x-api-key": "a-key-of-api-gateway"})
    assert (effect(handed_on), handed_on["usageIdentifierKey"]) == ("Allow", "a-key-of-api-gateway")
    assert (handed_on["context"]["tenant"], handed_on["context"]["keyId"]) == ("default", "first")
    for none in ("short", "k" * 129, "\ud800" * 30, "with a space in the middle"):
        assert effect(ask({"x-api-key": none})) == "Deny"
    make_tenant("default", metering_key="counts")
    configure(USAGE_PLANS="tidewatch")
    assert effect(ask({"x-api-key": "a-key-of-api-gateway"})) == "Deny"


def test_a_tenant_that_is_not_served_is_for_the_function_to_refuse(boundary: Boundary) -> None:
    make_tenant("team-a", key="of-team-a", status=TenantStatus.SUSPENDED)
    answer = ask({"x-api-key": "of-team-a"})
    assert (effect(answer), answer["context"]["status"]) == ("Allow", "suspended")


def test_switched_off_it_admits_everyone_and_reads_nothing(boundary: Boundary, configure: Any) -> None:
    configure(AUTH="off")
    answer = ask({})
    assert effect(answer) == "Allow"
    assert (answer["context"]["tenant"], answer["context"]["keyId"]) == ("default", "none")
    assert boundary.calls == []


def test_storage_that_fails_admits_nobody(boundary: Boundary) -> None:
    make_tenant("team-a", key="of-team-a")
    boundary.on("dynamodb.GetItem", throttled)
    with pytest.raises(Exception, match="storage"):
        ask({"x-api-key": "of-team-a"})


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return MADE + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authorizer(boundary: Boundary, clock: Clock) -> Authorizer:
    make_tenant("team-a", key="of-team-a")
    boundary.forget()
    return Authorizer(tenant_store(), clock=clock, now=clock.now)


def test_what_was_read_is_kept_for_half_a_minute_and_no_longer(
    boundary: Boundary, clock: Clock, authorizer: Authorizer
) -> None:
    for _ in range(3):
        assert authorizer.admit("of-team-a")
    assert boundary.names == ["dynamodb.GetItem"] * 2
    record = tenant_store().find_key(make_key("team-a", "another").sha256)
    (key,) = [key for key in tenant_store().keys_of(Tenant("team-a")) if key != record]
    tenant_store().end_key(key, expires_at=None, revoked_at=clock.now())
    # A revocation is known everywhere within a minute.
    assert CACHE_SECONDS <= 30
    clock.seconds = CACHE_SECONDS + 1
    assert authorizer.admit("of-team-a") is None
    assert authorizer.admit("another")


def test_a_suspension_is_known_within_a_minute_too(clock: Clock, authorizer: Authorizer) -> None:
    assert authorizer.admit("of-team-a").principal.status is TenantStatus.ACTIVE  # type: ignore[union-attr]
    found = tenant_store().find_tenant(Tenant("team-a"))
    assert found is not None
    tenant_store().put_tenant(replace(found, status=TenantStatus.SUSPENDED, revision=2))
    clock.seconds = CACHE_SECONDS + 1
    assert authorizer.admit("of-team-a").principal.status is TenantStatus.SUSPENDED  # type: ignore[union-attr]


def test_an_expiry_holds_at_once_whatever_is_kept(boundary: Boundary, clock: Clock, authorizer: Authorizer) -> None:
    make_key("team-a", "short", frozenset({Scope.READ}), expires_at=MADE + timedelta(seconds=10))
    admission = authorizer.admit("short")
    assert admission is not None
    assert admission.principal.scopes == {Scope.READ}
    clock.seconds = 10
    assert authorizer.admit("short") is None


def test_guesses_cost_one_read_each_and_drive_nobody_out(boundary: Boundary, authorizer: Authorizer) -> None:
    assert authorizer.admit("of-team-a")
    boundary.forget()
    for _ in range(3):
        assert authorizer.admit("a-guess") is None
    assert boundary.names == ["dynamodb.GetItem"]
    found = {"guesses": 0}

    def nothing(_: str) -> None:
        found["guesses"] += 1

    authorizer._finder = type("Empty", (), {"find_key": staticmethod(nothing)})()  # moto would take minutes
    for number in range(10_000):
        assert authorizer.admit(f"guess-{number}") is None
    assert found["guesses"] == 10_000
    assert len(authorizer._unknown) <= 4_096
    assert authorizer.admit("of-team-a")


def test_a_default_tenant_that_was_changed_is_as_it_was_changed(boundary: Boundary) -> None:
    make_tenant("default", key="first", limits=Limits(series=3))
    admission = Authorizer(tenant_store(), now=lambda: datetime.now(UTC)).admit("first")
    assert admission is not None
    assert admission.principal.tenant == DEFAULT_TENANT
    assert admission.principal.limits == Limits(series=3)
