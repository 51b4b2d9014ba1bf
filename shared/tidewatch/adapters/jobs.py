"""Jobs in DynamoDB: one item each, and every change of it one conditional write.

A worker's writes are conditional on the fence of its lease. botocore may send a write twice if an answer got lost; the
second one then fails its condition, and finds in the item that the first one was its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from botocore.exceptions import ClientError

from tidewatch.adapters.clients import storage_call
from tidewatch.adapters.job_items import (
    INDEX,
    SHARDS,
    expiry,
    job_from_item,
    job_key,
    new_item,
    pack,
    partition,
    shard_of,
    unpack,
    unpack_small,
)
from tidewatch.adapters.table import Item
from tidewatch.jobs.errors import JobEnded, JobNotFound, LeaseHeld, LeaseLost
from tidewatch.jobs.job import ENDED, Job, JobState, Progress
from tidewatch.jobs.ports import Ending, Lease
from tidewatch.registry import DataStore, Page
from tidewatch.tenancy import Tenant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LISTED: Final = (
    "job_id, kind, #state, request_sha256, created_at, updated_at, attempts, done, #total, #error, cancel_requested,"
    " started_at, ended_at"
)
_RESERVED: Final = {"#state": "state", "#total": "total", "#error": "error"}
# Where entries are filtered, a page looks at so many of each partition.
_LOOKED_AT: Final = 1000
# A BatchGetItem takes no more.
_READ_AT_ONCE: Final = 100


class _Refused(Exception):
    """A condition did not hold; ``item`` is what was there, empty if nothing."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


class DynamoDBJobStore:
    """The jobs of all tenants, in a table of their own. Every partition key begins with the tenant."""

    def __init__(self, client: DynamoDBClient, table: str, objects: Callable[[], DataStore]) -> None:
        """``objects`` gives the store of what is too large for an item; it is called when that is first needed."""
        self._client = client
        self._table = table
        self._objects = objects

    def add(self, job: Job) -> bool:
        """Puts the item if there is none."""
        item = new_item(job, pack(job.tenant, job.request, self._objects()))
        try:
            self._checked(
                self._client.put_item,
                "the storing of a job",
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
            )
        except _Refused as refused:
            # Its own, which got there at the first attempt.
            return {name: refused.item.get(name) for name in item} == item
        return True

    def get(self, tenant: Tenant, job_id: str) -> Job | None:
        """One consistent GetItem, and a GetObject for a large result."""
        with storage_call("the reading of a job"):
            answer = self._client.get_item(TableName=self._table, Key=job_key(tenant, job_id), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        if item is None:
            return None
        result = unpack(item.get("result"), self._objects())
        return job_from_item(item, tenant, request=unpack_small(item.get("request")), result=result)

    def list_jobs(
        self, tenant: Tenant, limit: int, before: str | None, *, state: JobState | None = None, kind: str | None = None
    ) -> Page[Job, str]:
        """A Query of each shard of the index, merged, and BatchGetItems of what came first."""
        kinds_of_partition = (False, True) if state is None else (state in ENDED,)
        found: list[tuple[str, str]] = []
        # Below this place some partition was not looked at.
        known_down_to = ""
        for ended in kinds_of_partition:
            for shard in range(SHARDS):
                entries, reached = self._entries(partition(tenant, shard, ended=ended), limit, before, state, kind)
                found += entries
                known_down_to = max(known_down_to, reached)
        # A job that ends at this moment may be in two partitions.
        newest = sorted({entry for entry in found if entry[0] >= known_down_to}, reverse=True)
        chosen, left = newest[:limit], len(newest) > limit
        items = self._items(tenant, [job_id for _, job_id in chosen])
        jobs = [job_from_item(items[job_id], tenant) for _, job_id in chosen if job_id in items]
        wanted = [job for job in jobs if state in (None, job.state)]
        return Page(wanted, chosen[-1][0] if left else known_down_to or None)

    def take(self, tenant: Tenant, job_id: str, *, owner: str, now: datetime, until: datetime) -> Lease:
        """One conditional UpdateItem, which gives the item back, and a GetObject for what is large."""
        try:
            item = self._update(
                tenant,
                job_id,
                "SET #state = :running, #owner = :owner, lease_until = :until, updated_at = :at,"
                " started_at = if_not_exists(started_at, :at) ADD fence :one, attempts :one",
                "#state IN (:queued, :running) AND lease_until < :now",
                {
                    ":running": _text(JobState.RUNNING),
                    ":queued": _text(JobState.QUEUED),
                    ":owner": {"S": owner},
                    ":now": _seconds(now),
                    ":until": _seconds(until),
                    ":at": _text(now.isoformat()),
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        except _Refused as refused:
            item = refused.item
            if item.get("owner") != {"S": owner}:
                raise _why_not(item, job_id, now) from None
        objects = self._objects()
        job = job_from_item(item, tenant, request=unpack(item["request"], objects))
        return Lease(job, int(item["fence"]["N"]), owner, unpack(item.get("checkpoint"), objects))

    def report(self, lease: Lease, progress: Progress | None, now: datetime) -> bool:
        """One conditional UpdateItem, whose answer has the flag."""
        changes, values = _progress(progress)
        item = self._under(
            lease,
            f"SET updated_at = :at{changes}",
            {":at": _text(now.isoformat()), **values},
            # What it gives back costs nothing.
            ReturnValues="ALL_NEW",
        )
        return "cancel_requested" in item

    def checkpoint(self, lease: Lease, data: Any, progress: Progress | None, now: datetime) -> None:
        """One conditional UpdateItem, and a PutObject before it for what is large."""
        changes, values = _progress(progress)
        packed = pack(lease.job.tenant, data, self._objects())
        self._under(
            lease,
            f"SET updated_at = :at, checkpoint = :data, attempts = :one{changes}",
            {":at": _text(now.isoformat()), ":data": packed, ":one": {"N": "1"}, **values},
        )

    def release(self, lease: Lease, now: datetime) -> None:
        """One conditional UpdateItem."""
        self._under(
            lease,
            "SET #state = :queued, lease_until = :none, updated_at = :at",
            {":queued": _text(JobState.QUEUED), ":none": {"N": "0"}, ":at": _text(now.isoformat())},
            reached=JobState.QUEUED,
        )

    def end(self, lease: Lease, ending: Ending, now: datetime) -> None:
        """One conditional UpdateItem, and a PutObject before it for a large result."""
        job = lease.job
        changes = ""
        values: dict[str, Any] = {}
        if ending.state == JobState.SUCCEEDED:
            changes += ", #result = :result"
            values[":result"] = pack(job.tenant, ending.result, self._objects())
        if ending.error is not None:
            changes += ", #error = :error"
            values[":error"] = {"S": orjson.dumps(ending.error).decode()}
        self._under(lease, _ENDING.format(more=changes), values | _ended(job, ending.state, now), reached=ending.state)

    def cancel(self, tenant: Tenant, job_id: str, now: datetime) -> None:
        """One or two conditional UpdateItems."""
        try:
            self._update(
                tenant,
                job_id,
                _ENDING.format(more=""),
                "#state = :queued",
                {":queued": _text(JobState.QUEUED), **_ended_as(tenant, job_id, JobState.CANCELLED, now)},
            )
        except _Refused as refused:
            if not refused.item:
                raise JobNotFound(job_id) from None
            if refused.item["state"]["S"] == JobState.RUNNING:
                self._mark(tenant, job_id)

    def _mark(self, tenant: Tenant, job_id: str) -> None:
        try:
            self._update(
                tenant,
                job_id,
                "SET cancel_requested = :yes",
                "NOT #state IN (:succeeded, :failed, :cancelled)",
                {":yes": {"BOOL": True}} | {f":{state}": _text(state) for state in ENDED},
            )
        except _Refused as refused:
            # It ended just now, or expired.
            if not refused.item:
                raise JobNotFound(job_id) from None

    def _under(
        self, lease: Lease, change: str, values: Mapping[str, Any], *, reached: JobState | None = None, **more: Any
    ) -> Item:
        """Changes a running job under a lease.

        Args:
            lease: the lease.
            change: the update expression.
            values: what it names.
            reached: the state that the change itself leads to, by which a change that was sent twice is known.
            more: of the call.

        Raises:
            LeaseLost: if the lease is no longer the newest.
        """
        fence = {"N": str(lease.fence)}
        condition = "#state = :leased AND fence = :fence"
        values = {**values, ":leased": _text(JobState.RUNNING), ":fence": fence}
        try:
            return self._update(lease.job.tenant, lease.job.job_id, change, condition, values, **more)
        except _Refused as refused:
            item = refused.item
            if reached is not None and item.get("fence") == fence and item.get("state") == _text(reached):
                return item
            raise LeaseLost from None

    def _update(
        self, tenant: Tenant, job_id: str, change: str, condition: str, values: Mapping[str, Any], **more: Any
    ) -> Item:
        names = {f"#{name}": name for name in ("state", "owner", "result", "error", "total", "partition")}
        used = {placeholder: name for placeholder, name in names.items() if placeholder in f"{change} {condition}"}
        answer = self._checked(
            self._client.update_item,
            "the change of a job",
            Key=job_key(tenant, job_id),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames=used,
            ExpressionAttributeValues=dict(values),
            **more,
        )
        attributes: Item = answer.get("Attributes", {})
        return attributes

    def _checked(self, call: Callable[..., Any], operation: str, **parameters: Any) -> Any:
        """A conditional write.

        Raises:
            _Refused: if its condition does not hold.
        """
        try:
            with storage_call(operation):
                return call(TableName=self._table, ReturnValuesOnConditionCheckFailure="ALL_OLD", **parameters)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            found: Any = error.response
            raise _Refused(found.get("Item", {})) from None

    def _entries(
        self, hash_key: str, limit: int, before: str | None, state: JobState | None, kind: str | None
    ) -> tuple[list[tuple[str, str]], str]:
        """Entries of one partition of the index, and the place down to which it was looked at; "" for its end."""
        filters = {"#state": ("state", state), "kind": ("kind", kind)}
        wanted = {name: value for name, value in filters.values() if value is not None}
        query: dict[str, Any] = {
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": "partition"},
            "ExpressionAttributeValues": {":partition": {"S": hash_key}},
            "Limit": _LOOKED_AT if wanted else limit + 1,
        }
        if before is not None:
            query["KeyConditionExpression"] += " AND place < :before"
            query["ExpressionAttributeValues"][":before"] = {"S": before}
        if wanted:
            query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
            query["ExpressionAttributeNames"] |= {f"#{name}": name for name in wanted}
            query["ExpressionAttributeValues"] |= {f":{name}": {"S": value} for name, value in wanted.items()}
        with storage_call("the list of jobs"):
            answer = self._client.query(
                TableName=self._table,
                IndexName=INDEX,
                ScanIndexForward=False,
                ProjectionExpression="place, job_id",
                **query,
            )
        reached = answer.get("LastEvaluatedKey", {}).get("place", {}).get("S", "")
        return [(entry["place"]["S"], entry["job_id"]["S"]) for entry in answer["Items"]], reached

    def _items(self, tenant: Tenant, job_ids: list[str]) -> dict[str, Item]:
        """What a list shows of these jobs, by id."""
        found: dict[str, Item] = {}
        keys: list[Any] = [job_key(tenant, job_id) for job_id in job_ids]
        while keys:
            asked: Any = {
                "Keys": keys[:_READ_AT_ONCE],
                "ProjectionExpression": _LISTED,
                "ExpressionAttributeNames": _RESERVED,
            }
            with storage_call("the list of jobs"):
                answer = self._client.batch_get_item(RequestItems={self._table: asked})
            for item in answer["Responses"].get(self._table, []):
                found[item["job_id"]["S"]] = item
            unread = answer.get("UnprocessedKeys", {}).get(self._table)
            rest: list[Any] = list(unread["Keys"]) if unread else []
            keys = [*rest, *keys[_READ_AT_ONCE:]]
        return found


_ENDING: Final = (
    "SET #state = :state, ended_at = :at, updated_at = :at, expires_at = :expiry, lease_until = :none,"
    " #partition = :partition{more} REMOVE checkpoint"
)


def _ended(job: Job, state: JobState, now: datetime) -> dict[str, Any]:
    return _ended_as(job.tenant, job.job_id, state, now)


def _ended_as(tenant: Tenant, job_id: str, state: JobState, now: datetime) -> dict[str, Any]:
    return {
        ":state": _text(state),
        ":at": _text(now.isoformat()),
        ":expiry": expiry(now),
        ":none": {"N": "0"},
        ":partition": {"S": partition(tenant, shard_of(job_id), ended=True)},
    }


def _why_not(item: Item, job_id: str, now: datetime) -> Exception:
    """Why a job could not be taken, by its item."""
    if not item:
        return JobNotFound(job_id)
    if item["state"]["S"] in ENDED:
        return JobEnded()
    return LeaseHeld(max(float(item["lease_until"]["N"]) - now.timestamp(), 0) + 1)


def _progress(progress: Progress | None) -> tuple[str, dict[str, Any]]:
    if progress is None:
        return "", {}
    return ", done = :done, #total = :total", {
        ":done": {"N": str(progress.done)},
        ":total": {"N": str(progress.total)},
    }


def _text(value: str) -> dict[str, str]:
    return {"S": str(value)}


def _seconds(moment: datetime) -> dict[str, str]:
    return {"N": f"{moment.timestamp():.3f}"}
