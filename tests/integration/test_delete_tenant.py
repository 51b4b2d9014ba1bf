"""DELETE /tenants/{tenant_id}: nothing of the tenant is left in any table or in the bucket, and the others stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from tidewatch.jobs.job import Job, JobState
from tidewatch.services import delete_tenant as service
from tidewatch.services.authorize import Authorizer
from tidewatch.services.delete_tenant import SETTLED_AFTER, Wiped
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.api import Api, authorized
from tests.support.audit import lock_audit_exports
from tests.support.environment import ENVIRONMENT
from tests.support.jobs import work_off
from tests.support.tables import template
from tests.support.tenants import make_key, make_tenant, tenant_store

VALUES = [(number * 7919 % 997) / 100 for number in range(400)]


def live(tenant: Tenant | str) -> list[str]:
    """Every key in every table of the template, and every state of every object, that has the tenant in it."""
    found = []
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    names = set(template().resources("AWS::DynamoDB::Table"))
    tables = dynamodb.list_tables()["TableNames"]
    assert len(tables) == len(names)
    for table in tables:
        keys = [each["AttributeName"] for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            texts = ["/".join(item[name]["S"] for name in keys) + repr(item.get("tenant")) for item in page["Items"]]
            found += [text for text in texts if str(tenant) in text]
    for bucket in (ENVIRONMENT["DATA_BUCKET"], ENVIRONMENT["AUDIT_BUCKET"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            states = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            found += [state["Key"] for state in states if str(tenant) in state["Key"]]
    return found


def live_a_life(api: Api, tenant: str) -> None:
    """A tenant with models, arrays, old data, answers, jobs, observations, a stream, counters, keys, and remains."""
    caller = authorized(tenant, limit_points_per_day="100000")
    make_tenant(tenant, key=f"of-{tenant}")
    options = {"detector": {"name": "isolation_forest"}}
    assert api.fit("cpu", VALUES, more=options, headers={"Idempotency-Key": "k"}, authorizer=caller).status == 200
    assert api.fit("gone", VALUES, authorizer=caller).status == 200
    assert api.call("DELETE", "/series/gone", authorizer=caller).status == 204
    assert api.call("POST", "/series/cpu/versions/1/reproduce", authorizer=caller).status == 202
    assert api.call("POST", "/series/gone/audit/exports", authorizer=caller).status == 202
    assert api.call("PUT", "/series/cpu/monitoring", json_body={"monitor": True}, authorizer=caller).status == 200
    assert api.predict("cpu", 3, authorizer=caller).status == 200
    points = {"points": [{"timestamp": 1_700_100_000 + 60 * at, "value": 3 + at % 3} for at in range(200)]}
    assert api.call("POST", "/series/cpu/points", json_body=points, authorizer=caller).status == 200
    work_off()
    s3, bucket = boto3.client("s3"), ENVIRONMENT["DATA_BUCKET"]
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"training/{tenant}/")["Contents"]:
        s3.delete_object(Bucket=bucket, Key=entry["Key"])
    s3.put_object(Bucket=bucket, Key=f"of-a-later-release/{tenant}/x", Body=b"1")
    s3.put_object(Bucket=bucket, Key=f"of-a-later-release/{tenant}/x", Body=b"2")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody lets requests of the tenant through any more."""
    monkeypatch.setattr(service, "SETTLED_AFTER", timedelta(0))


def test_nothing_of_a_deleted_tenant_is_left_and_the_others_stay(api: Api, settled: None) -> None:
    boto3.client("s3").put_bucket_versioning(
        Bucket=ENVIRONMENT["DATA_BUCKET"], VersioningConfiguration={"Status": "Enabled"}
    )
    # A tenant whose name begins with the other's.
    for tenant in ("team-a", "team-a2"):
        live_a_life(api, tenant)
    kept = [name for name in live("team-a") if "team-a2" in name]
    assert len(live("team-a")) > len(kept) + 10
    reply = api.call("DELETE", "/tenants/team-a")
    assert reply.status == 202
    assert api.call("GET", "/tenants/team-a").json()["status"] == "deleting"
    # Asked for again, it is the same job.
    assert api.call("DELETE", "/tenants/team-a").json()["job_id"] == reply.json()["job_id"]
    work_off()
    job = api.call("GET", reply.headers["location"]).json()
    assert job["state"] == "succeeded", job
    assert live("team-a") == live("team-a2") == kept
    assert all(job["result"]["deleted"].values())
    (backups,) = job["result"]["remains"]
    assert timedelta(days=34) < datetime.fromisoformat(backups["until"]) - datetime.now(UTC) <= timedelta(days=35)
    assert api.call("GET", "/tenants/team-a").problem == "unknown-tenant"
    assert Authorizer(tenant_store()).admit("of-team-a") is None
    other = authorized("team-a2")
    assert api.predict("cpu", 3, authorizer=other).status == 200
    assert Authorizer(tenant_store()).admit("of-team-a2") is not None


def test_locked_exports_stay_until_their_dates_and_the_answer_says_so(api: Api, settled: None) -> None:
    make_tenant("team-a")
    lock_audit_exports(days=365)
    caller = authorized("team-a")
    assert api.fit("cpu", VALUES, authorizer=caller).status == 200
    assert api.call("POST", "/series/cpu/audit/exports", authorizer=caller).status == 202
    work_off()
    reply = api.call("DELETE", "/tenants/team-a")
    work_off()
    result = api.call("GET", reply.headers["location"]).json()["result"]
    assert result["remains"][1] == {"what": "locked exports of the audit trail, until their dates", "objects": 2}
    kept = [key for key in live("team-a") if key.startswith("audit/team-a/cpu/")]
    assert (result["deleted"]["audit_exports"], len(kept)) == (0, 2)


def test_a_tenant_that_is_being_deleted_gets_no_keys_and_no_changes(api: Api) -> None:
    make_tenant("team-a")
    assert api.call("DELETE", "/tenants/team-a").status == 202
    for method, url, body in (
        ("POST", "/tenants/team-a/keys", {"name": "x"}),
        ("PATCH", "/tenants/team-a", {"status": "active"}),
    ):
        assert api.call(method, url, json_body=body).problem == "not-allowed-now"
    with pytest.raises(Exception, match="changed by another request"):
        make_key("team-a", "at-the-same-time")


def test_a_deletion_that_was_cancelled_is_asked_for_again(api: Api, settled: None) -> None:
    make_tenant("team-a")
    first = api.call("DELETE", "/tenants/team-a")
    assert api.call("DELETE", first.headers["location"]).status == 202
    second = api.call("DELETE", "/tenants/team-a")
    assert second.headers["location"] != first.headers["location"]
    work_off()
    assert api.call("GET", second.headers["location"]).json()["state"] == "succeeded"
    assert api.call("GET", "/tenants/team-a").status == 404


def test_the_default_tenant_is_not_deleted(api: Api) -> None:
    refused = api.call("DELETE", "/tenants/default")
    assert (refused.status, refused.problem) == (409, "not-allowed-now")
    assert api.call("DELETE", "/tenants/nobody").status == 404
    assert api.call("DELETE", "/tenants/team-b", authorizer=authorized("team-b")).status == 403


class Place:
    """Where something is written until some time."""

    def __init__(self, clock: Any, until: timedelta) -> None:
        self._clock, self._until, self._wiped = clock, until, 0
        self.locked = 2

    def wipe(self, tenant: Tenant, check: Any) -> Wiped:
        written = int(min(self._clock.now - self._clock.start, self._until).total_seconds()) + 1
        deleted, self._wiped = written - self._wiped, written
        return Wiped(deleted, self.locked)


def test_it_waits_until_no_request_can_write_and_tells_what_is_locked() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = SimpleNamespace(start=start, now=start)

    def sleep(seconds: float) -> None:
        clock.now += timedelta(seconds=seconds)

    request = {"tenant_id": "team-a", "revision": 2}
    job = Job(DEFAULT_TENANT, "1" * 32, service.KIND, JobState.RUNNING, request, "", created_at=start, updated_at=start)
    nothing: Any = SimpleNamespace(keys_of=lambda _: [], find_tenant=lambda _: None)
    context: Any = SimpleNamespace(check=lambda: None, progress=lambda *_: None)
    last_write = SETTLED_AFTER - timedelta(seconds=1)
    result = service.delete_tenant(
        job,
        context,
        store=nothing,
        metering=nothing,
        places={"somewhere": Place(clock, last_write)},
        now=lambda: clock.now,
        sleep=sleep,
    )
    assert result["deleted"] == {"somewhere": int(last_write.total_seconds()) + 1}
    assert result["remains"][1]["objects"] == 2
