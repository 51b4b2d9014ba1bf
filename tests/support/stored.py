"""What lies in DynamoDB and S3, read past the code under test."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sqs.models import sqs_backends
from tidewatch.registry import AuditEntry, verify

from tests.support.environment import ENVIRONMENT, REGION
from tests.support.isolation import looking_past


@dataclass(frozen=True, slots=True)
class Stored:
    """All items and objects."""

    items: list[dict[str, Any]]
    records: list[dict[str, Any]]
    objects: dict[str, bytes]

    @property
    def versions(self) -> dict[str, list[int]]:
        """The version numbers of each series, ascending."""
        found: dict[str, list[int]] = {}
        for item in sorted(self.items, key=lambda item: str(item["sk"]["S"])):
            if item["sk"]["S"].startswith("VERSION#"):
                found.setdefault(item["series_id"]["S"], []).append(int(item["number"]["N"]))
        return found

    @property
    def series_counted(self) -> int:
        """What the shards of the series count add up to."""
        return sum(int(item["series"]["N"]) for item in self.items if item["pk"]["S"].endswith("#STATS"))

    def check(self, *, deleted: bool = False, promoted: bool = False) -> Stored:
        """Holds what is stored to the rules of the data: heads on the last version, no version without data.

        Args:
            deleted: whether versions were deleted; else their numbers have no gap.
            promoted: whether the champion may be another version than the latest.
        """
        self._check_trails()
        heads = {item["series_id"]["S"]: item for item in self.items if item["sk"]["S"] == "HEAD"}
        versions = self.versions
        listed = {item["series_id"]["S"] for item in self.items if item["sk"]["S"] == "LISTED"}
        assert heads.keys() == versions.keys() == listed
        for series_id, numbers in versions.items():
            if not deleted:
                assert numbers == list(range(1, len(numbers) + 1)), f"{series_id} has a gap: {numbers}"
            latest, champion = (int(heads[series_id][name]["N"]) for name in ("latest", "champion"))
            assert latest == numbers[-1]
            assert champion in numbers if promoted else champion == latest
        for item in self.items:
            if item["sk"]["S"].startswith("VERSION#"):
                assert item["pk"]["S"] == f"TENANT#default#SERIES#{item['series_id']['S']}"
                assert item["sk"]["S"] == f"VERSION#{int(item['number']['N']):08d}"
                text = gzip.decompress(self.objects[item["data_key"]["S"]])
                assert hashlib.sha256(text).hexdigest() == item["data_sha256"]["S"]
                assert item["data_key"]["S"] == f"training/default/{item['data_sha256']['S']}.csv.gz"
                assert text.count(b"\n") == int(item["points_used"]["N"]) + 1
                if "arrays_key" in item:
                    arrays = self.objects[item["arrays_key"]["S"]]
                    assert hashlib.sha256(arrays).hexdigest() == item["arrays_sha256"]["S"]
        assert self.series_counted == len(versions)
        return self

    def _check_trails(self) -> None:
        """Each audit trail is whole, and ends where its series, or what was left of it, says."""
        trails: dict[str, list[AuditEntry]] = {}
        ends: dict[str, str] = {}
        for item in sorted(self.items, key=lambda item: str(item["sk"]["S"]), reverse=True):
            if item["sk"]["S"].startswith("AUDIT#"):
                entry = AuditEntry.from_canonical(item["entry"]["S"], item["hash"]["S"])
                trails.setdefault(item["pk"]["S"], []).insert(0, entry)
            elif item["sk"]["S"] == "TRAIL" or "audit_hash" in item:
                # HEAD comes after TRAIL here, and is newer where both are there.
                ends[item["pk"]["S"]] = item["audit_hash"]["S"]
        assert ends.keys() == trails.keys()
        for key, entries in trails.items():
            assert verify(entries, ends[key]).intact


@looking_past()
def stored(names: Mapping[str, str] = ENVIRONMENT, clients: tuple[Any, Any] | None = None) -> Stored:
    """What lies there now.

    Args:
        names: what the tables and the bucket are called, as the environment of a function has them.
        clients: those of DynamoDB and S3; by default they lead to the moto that is on.
    """
    dynamodb, s3 = clients or _clients()
    bucket = names["DATA_BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return Stored(
        items=_all_items(dynamodb, names["TABLE_NAME"]),
        records=_all_items(dynamodb, names["IDEMPOTENCY_TABLE_NAME"]),
        objects={key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys},
    )


TABLES: Final = (
    "TABLE_NAME",
    "TENANTS_TABLE_NAME",
    "JOBS_TABLE_NAME",
    "OBSERVATIONS_TABLE_NAME",
    "STREAMS_TABLE_NAME",
    "IDEMPOTENCY_TABLE_NAME",
)
"""The variables that name tables."""


def empty() -> None:
    """Takes everything away; the tables and the buckets stay.

    Behind moto's back: to ask it for each item and object, and to delete them one by one, took longer than most tests.
    """
    for variable in TABLES:
        dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[ENVIRONMENT[variable]].items.clear()
    for variable in ("DATA_BUCKET", "AUDIT_BUCKET"):
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[ENVIRONMENT[variable]]
        for key in list(bucket.keys.values()):
            # A marker of a deletion has no bytes.
            if isinstance(key, FakeKey):
                key.dispose()
        bucket.keys.clear()
        bucket.default_lock_mode, bucket.default_lock_days = "", 0
    for queue in sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues.values():
        # SQS purges a queue once a minute only.
        queue._messages.clear()
        queue.pending_messages.clear()


@lru_cache(maxsize=1)
def _clients() -> tuple[Any, Any]:
    # Made once, since that takes longer than all their calls. They answer to whichever moto is on.
    return boto3.client("dynamodb"), boto3.client("s3")


def _all_items(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]
