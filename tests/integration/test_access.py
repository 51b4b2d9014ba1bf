"""Who may call what: 401 without a key, 403 without the scope or for a tenant that is not served."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import TARGETS, Target
from tests.support.api import Api, authorized

PUBLIC = {"GET /health", "GET /docs", "GET /openapi.json"}
"""Routes that look at nobody's data. For the last of them API Gateway asks for a key all the same."""
JUDGING = ("POST /predict", "POST /detect", "POST /anomalydetector/")
"""What is asked with POST, and changes nothing."""
NAMING = "POST /series"
"""Nor does this, which tells the id of a name."""


def scope_of(route: str) -> str:
    """The scope that a route needs, by its method and path."""
    if "/tenants" in route:
        return "admin"
    return "read" if route == NAMING or route.startswith(("GET ", *JUDGING)) else "write"


GUARDED = tuple(target for target in TARGETS if target.route not in PUBLIC)


@pytest.mark.parametrize("target", GUARDED, ids=str)
def test_each_route_needs_its_scope_and_says_which_is_missing(api: Api, target: Target) -> None:
    needed = scope_of(target.route)
    others = " ".join({"read", "write", "admin"} - {needed})
    reply = api.call(target.method, target.url, json_body=target.body, authorizer=authorized(scopes=others))
    assert (reply.status, reply.problem) == (403, "forbidden")
    assert reply.json()["detail"] == f"This key lacks the scope {needed}."
    reply = api.call(target.method, target.url, json_body=target.body, authorizer=authorized(scopes=needed))
    assert reply.status not in (401, 403)


@pytest.mark.parametrize("status", ["suspended", "deleting"])
def test_a_tenant_that_is_not_served_is_refused_before_its_request_is_looked_at(api: Api, status: str) -> None:
    reply = api.call("POST", "/fit/cpu?what=ever", "no JSON", authorizer=authorized(status=status))
    assert (reply.status, reply.problem) == (403, f"tenant-{status}")
    assert api.call("GET", "/health").status == 200


def test_an_authorizer_that_found_nobody_is_nobody(api: Api) -> None:
    reply = api.call("GET", "/series", authorizer={"principalId": "unknown"})
    assert (reply.status, reply.problem) == (401, "api-key-required")
    azure = api.call("POST", "/anomalydetector/v1.1/timeseries/last/detect", "{}", authorizer={"principalId": "x"})
    assert (azure.status, azure.json()["code"]) == (401, "Unauthorized")


def test_a_scope_of_a_later_release_opens_nothing(api: Api) -> None:
    assert api.call("GET", "/series", authorizer=authorized(scopes="judge")).status == 403
    assert api.call("GET", "/series", authorizer=authorized(scopes="judge read")).status == 200


def test_the_series_of_one_tenant_are_unknown_to_another(api: Api) -> None:
    assert api.fit("cpu", [1, 2, 3, 4, 5, 6], authorizer=authorized("team-a")).status == 200
    other = authorized("team-b")
    assert api.predict("cpu", 3, authorizer=other).status == 404
    assert api.call("GET", "/series", authorizer=other).json()["series"] == []
    assert api.call("DELETE", "/series/cpu", authorizer=other).status == 404
    assert api.predict("cpu", 3, authorizer=authorized("team-a")).status == 200
