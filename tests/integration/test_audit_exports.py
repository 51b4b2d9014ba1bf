"""POST /series/{series_id}/audit/exports: what an auditor gets, verified without the service."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from tidewatch.registry.audit_export import verify_export

from tests.support.api import Api, authorized
from tests.support.audit import lock_audit_exports
from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.jobs import work_off

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
BUCKET = ENVIRONMENT["AUDIT_BUCKET"]


@pytest.fixture
def lived(api: Api) -> Api:
    """A series with a trail of three entries, of which the last is its deletion."""
    for reason in ("first", "ü and \u2028"):
        assert api.fit("cpu", VALUES, more={"reason": reason}).status == 200
    assert api.call("DELETE", "/series/cpu").status == 204
    return api


def exported(api: Api, **call) -> dict:
    reply = api.call("POST", "/series/cpu/audit/exports", **call)
    assert reply.status == 202
    assert work_off() == 1
    job = api.call("GET", reply.headers["location"]).json()
    assert (job["kind"], job["state"]) == ("export_audit", "succeeded"), job
    return job["result"]


def stored(address: str) -> bytes:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    assert bucket == BUCKET
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_the_whole_trail_also_of_a_series_that_is_deleted(lived: Api):
    result = exported(lived)
    lines, manifest = stored(result["address"]), json.loads(stored(result["manifest_address"]))
    assert result["manifest"] == manifest
    assert result["address"].startswith(f"s3://{BUCKET}/audit/default/cpu/")
    entries = [json.loads(line) for line in lines.splitlines()]
    assert [entry["action"] for entry in entries] == ["published", "published", "series_deleted"]
    shown = lived.call("GET", "/series/cpu/audit").json()["entries"][::-1]
    assert [entry["hash"] for entry in entries] == [entry["hash"] for entry in shown]
    assert (manifest["entries"], manifest["intact"], manifest["locked_until"]) == (3, True, None)
    assert verify_export(lines, manifest).intact


def test_the_script_of_the_page_verifies_it(lived: Api, tmp_path):
    result = exported(lived)
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    script = page.partition("### For an auditor")[2].partition("```python\n")[2].partition("```")[0]
    lines = stored(result["address"])

    def run(trail: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "trail.jsonl").write_bytes(trail)
        command = [sys.executable, "-c", script, str(tmp_path / "trail.jsonl")]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert run(lines).stdout.strip() == result["manifest"]["last_hash"]
    assert "this entry was changed" in run(lines.replace(b"first", b"worst")).stderr


def test_what_was_done_to_a_file_is_found(lived: Api):
    result = exported(lived)
    lines, manifest = stored(result["address"]), result["manifest"]
    first, second, third = lines.splitlines(keepends=True)
    for changed, problem in (
        (second + third, "entry 1 is missing"),
        (first + third, "entry 2 is missing"),
        (first + second, "the last entry is not the one"),
        (lines.replace(b"first", b"worst"), "entry 1 was changed"),
        (b"{" + lines, "line 1 is no entry"),
        (b"[]\n", "line 1 is no entry"),
        (lines.replace(b'"action":', b'"action": '), "does not have the sha256"),
    ):
        found = verify_export(changed, manifest)
        assert problem in (found.problem or "")
    assert "counts 2 entries" in (verify_export(lines, manifest | {"entries": 2}).problem or "")
    assert "not of the form" in (verify_export(lines, manifest | {"format": "x"}).problem or "")
    # Without a manifest nobody can know of an end that was cut off.
    assert verify_export(first + second).intact


def test_a_trail_that_is_not_intact_is_exported_as_it_is_and_the_manifest_says_so(lived: Api):
    dynamodb, table = boto3.client("dynamodb"), ENVIRONMENT["TABLE_NAME"]
    entries = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": "TENANT#default#SERIES#cpu"}, ":sk": {"S": "AUDIT#"}},
    )["Items"]
    dynamodb.delete_item(TableName=table, Key={name: entries[1][name] for name in ("pk", "sk")})
    manifest = exported(lived)["manifest"]
    assert (manifest["entries"], manifest["intact"], manifest["problem"]) == (2, False, "entry 2 is missing")


def test_a_stack_that_locks_says_until_when_and_nobody_deletes_it_before(lived: Api):
    lock_audit_exports(days=365)
    manifest = exported(lived)["manifest"]
    left = datetime.fromisoformat(manifest["locked_until"]) - datetime.now(UTC)
    assert timedelta(days=364) < left <= timedelta(days=365)
    s3 = boto3.client("s3")
    states = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(states) == 2
    for state in states:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=BUCKET, Key=state["Key"], VersionId=state["VersionId"])


def test_only_ones_own_series_and_with_the_right_to(lived: Api):
    for caller, status in ((authorized("other"), 404), (authorized(scopes="read"), 403)):
        assert lived.call("POST", "/series/cpu/audit/exports", authorizer=caller).status == status
    assert lived.call("POST", "/series/unknown/audit/exports").problem == "unknown-series"
    unknown = lived.call("POST", "/series/cpu/audit/exports", json_body={"days": 3})
    assert unknown.errors == [(("body", "days"), "extra_forbidden")]
    key = {"Idempotency-Key": "yearly"}
    jobs = {lived.call("POST", "/series/cpu/audit/exports", headers=key).json()["job_id"] for _ in range(2)}
    assert len(jobs) == 1
