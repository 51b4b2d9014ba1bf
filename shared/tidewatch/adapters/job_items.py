"""Jobs as DynamoDB items and back.

What a client or a function makes up (requests, checkpoints, results) is JSON in an attribute of its own while it is
small. What is larger lies in S3, and the attribute says where.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any, Final

import orjson

from tidewatch.adapters.table import Item
from tidewatch.jobs.job import Job, JobState, Progress
from tidewatch.jobs.ports import KEPT, MOST_BYTES
from tidewatch.registry import DataStore
from tidewatch.tenancy import Tenant

INDEX: Final = "JobsByTenant"
SHARDS: Final = 4
"""Partitions of the index per tenant, for open and for ended jobs each: one takes 1,000 writes a second."""

# An item may have 400 KB, and has three of these at the most.
_MOST_INLINE: Final = 2**16


def job_key(tenant: Tenant, job_id: str) -> Item:
    """The primary key of a job."""
    return {"pk": {"S": f"TENANT#{tenant}#JOB#{job_id}"}, "sk": {"S": "STATE"}}


def partition(tenant: Tenant, shard: int, *, ended: bool) -> str:
    """A partition of the index."""
    return f"TENANT#{tenant}#JOBS#{'ended' if ended else 'open'}#{shard}"


def shard_of(job_id: str) -> int:
    """The shard of a job in the index."""
    return zlib.crc32(job_id.encode()) % SHARDS


def place(created_at: datetime, job_id: str) -> str:
    """Where a job stands in its partition: by time, and by id within a microsecond."""
    return f"{created_at.isoformat(timespec='microseconds')}#{job_id}"


def expiry(now: datetime) -> dict[str, str]:
    """The moment at which DynamoDB may forget a job that was accepted or ended now."""
    return {"N": str(int((now + KEPT).timestamp()))}


def pack(tenant: Tenant, value: Any, objects: DataStore) -> dict[str, Any]:
    """A value as an attribute; one that is large is stored as an object first.

    Raises:
        ValueError: if it is larger than jobs may keep.
    """
    text = orjson.dumps(value)
    if len(text) > MOST_BYTES:
        raise ValueError(f"a job keeps {MOST_BYTES} bytes of JSON at the most, and this has {len(text)}")
    if len(text) <= _MOST_INLINE:
        return {"S": text.decode()}
    key, sha256 = objects.put(tenant, text)
    return {"M": {"key": {"S": key}, "sha256": {"S": sha256}}}


def unpack(attribute: dict[str, Any] | None, objects: DataStore) -> Any:
    """The value of an attribute, wherever it lies; None if there is none."""
    if attribute is None:
        return None
    if "S" in attribute:
        return orjson.loads(attribute["S"])
    return orjson.loads(objects.get(attribute["M"]["key"]["S"], attribute["M"]["sha256"]["S"]))


def unpack_small(attribute: dict[str, Any] | None) -> Any:
    """The value of an attribute; None if it lies in S3, or there is none."""
    return orjson.loads(attribute["S"]) if attribute and "S" in attribute else None


def new_item(job: Job, request: dict[str, Any]) -> Item:
    """The item of a job that was just accepted; ``request`` is packed."""
    return job_key(job.tenant, job.job_id) | {
        "partition": {"S": partition(job.tenant, shard_of(job.job_id), ended=False)},
        "place": {"S": place(job.created_at, job.job_id)},
        "job_id": {"S": job.job_id},
        "kind": {"S": job.kind},
        "state": {"S": job.state.value},
        "request": request,
        "request_sha256": {"S": job.request_sha256},
        "created_at": {"S": job.created_at.isoformat()},
        "updated_at": {"S": job.updated_at.isoformat()},
        "attempts": {"N": "0"},
        "fence": {"N": "0"},
        "lease_until": {"N": "0"},
        "expires_at": expiry(job.created_at),
    }


def job_from_item(item: Item, tenant: Tenant, *, request: Any = None, result: Any = None) -> Job:
    """The job of a tenant that gave these attributes, with what was unpacked of them."""
    return Job(
        tenant=tenant,
        job_id=item["job_id"]["S"],
        kind=item["kind"]["S"],
        state=JobState(item["state"]["S"]),
        request=request,
        request_sha256=item["request_sha256"]["S"],
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        updated_at=datetime.fromisoformat(item["updated_at"]["S"]),
        attempts=int(item["attempts"]["N"]),
        progress=Progress(int(item["done"]["N"]), int(item["total"]["N"])) if "total" in item else None,
        result=result,
        error=orjson.loads(item["error"]["S"]) if "error" in item else None,
        cancel_requested="cancel_requested" in item,
        started_at=_moment(item, "started_at"),
        ended_at=_moment(item, "ended_at"),
    )


def _moment(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]["S"]) if name in item else None
