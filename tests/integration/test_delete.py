"""Deleting versions and series."""

from __future__ import annotations

import pytest

from tests.support.api import Api, authorized
from tests.support.boundary import Boundary, connect_timeout, read_timeout, server_error, throttled
from tests.support.stored import stored

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]


@pytest.fixture
def trained(api: Api) -> Api:
    """Three versions of one series, and one of another."""
    for last in (1, 2, 3):
        assert api.fit("cpu", [*VALUES, last]).status == 200
    assert api.fit("disk", VALUES).status == 200
    return api


def test_a_series_is_gone_with_all_its_versions(trained: Api):
    reply = trained.call("DELETE", "/series/cpu")
    assert (reply.status, reply.body) == (204, b"")
    assert trained.predict("cpu", 12).problem == "unknown-series"
    assert trained.predict("cpu", 12, query="?version=1").problem == "unknown-series"
    assert trained.call("GET", "/series/cpu/versions").problem == "unknown-series"
    assert [line["series_id"] for line in trained.call("GET", "/series").json()["series"]] == ["disk"]
    assert stored().versions == {"disk": [1]}
    assert stored().series_counted == 1
    assert trained.call("DELETE", "/series/cpu").problem == "unknown-series"


def test_a_deleted_series_begins_anew_at_one(trained: Api):
    assert trained.predict("cpu", 12).status == 200
    trained.call("DELETE", "/series/cpu")
    assert trained.fit("cpu", [100.0, 101.0, 102.0, 103.0, 104.0]).json()["version"] == "v1"
    for query in ("", "?version=1"):
        assert trained.predict("cpu", 12, query=query).json()["expected"] == 102.0
    stored().check()


@pytest.mark.parametrize("version", ["1", "v2"])
def test_a_version_is_gone_and_its_number_is_not_given_out_again(trained: Api, version):
    path = f"/series/cpu/versions/{version}"
    reply = trained.call("DELETE", path)
    assert (reply.status, reply.body) == (204, b"")
    assert trained.predict("cpu", 12, query=f"?version={version}").problem == "unknown-version"
    assert trained.predict("cpu", 12).json()["model_version"] == "v3"
    assert trained.call("DELETE", path).problem == "unknown-version"
    assert trained.fit("cpu", VALUES).json()["version"] == "v4"
    left = [line["version"] for line in trained.call("GET", "/series/cpu/versions").json()["versions"]]
    assert left == [each for each in ("v4", "v3", "v2", "v1") if each.removeprefix("v") != version.removeprefix("v")]


def test_the_champion_is_not_deleted_alone(trained: Api):
    reply = trained.call("DELETE", "/series/cpu/versions/3")
    assert (reply.status, reply.problem) == (409, "version-in-use")
    assert reply.json()["detail"] == (
        "Version v3 of series 'cpu' is in use: train another first, or delete the whole series."
    )
    assert stored().check().versions["cpu"] == [1, 2, 3]


@pytest.mark.parametrize("version", ["latest", "0", "v", "-1", "1.0", "100000000", "champion"])
def test_a_version_to_delete_is_a_number(trained: Api, version):
    reply = trained.call("DELETE", f"/series/cpu/versions/{version}")
    assert (reply.status, reply.errors) == (422, [(("path", "version"), "version_form")])


def test_another_tenant_s_series_is_not_there(trained: Api):
    for path in ("/series/cpu", "/series/cpu/versions/1"):
        assert trained.call("DELETE", path, authorizer=authorized("other")).problem == "unknown-series"
    assert stored().check().versions["cpu"] == [1, 2, 3]


@pytest.mark.parametrize("fault", [throttled, server_error, read_timeout, connect_timeout])
@pytest.mark.parametrize("operation", ["dynamodb.GetItem", "dynamodb.Query", "dynamodb.TransactWriteItems"])
@pytest.mark.parametrize("path", ["/series/cpu", "/series/cpu/versions/1"])
def test_when_storage_fails_the_client_comes_again(trained: Api, boundary: Boundary, path, operation, fault):
    boundary.on(operation, fault)
    reply = trained.call("DELETE", path)
    assert (reply.status, reply.problem) == (503, "storage-unavailable")
    assert reply.headers["retry-after"] == "1"
    boundary.heal()
    assert stored().check().versions["cpu"] == [1, 2, 3]
    assert trained.call("DELETE", path).status == 204
