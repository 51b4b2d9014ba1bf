"""Versions as DynamoDB items and back, and the keys of items.

Options and parameters are JSON strings: DynamoDB's own numbers end at 1e126 and have 38 decimal digits, a double
reaches 1.8e308 and must come back to the last bit.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson

from tidewatch.adapters.table import Item
from tidewatch.registry import (
    AuditEntry,
    Challenger,
    Description,
    Head,
    Lineage,
    ModelVersion,
    SeriesKey,
    SeriesSummary,
    Trail,
)
from tidewatch.registry.audit import time_text
from tidewatch.series import UTC_NAME
from tidewatch.tenancy import Tenant

VERSION: Final = "VERSION#"
RECEIPT: Final = "REQUEST#"
EVALUATED: Final = "EVALUATED#"
AUDIT: Final = "AUDIT#"
TRAIL: Final = "TRAIL"
"""Where the audit trail of a series ended when it was deleted; the next life of the series goes on with it."""
LISTED: Final = "LISTED"
"""The only item of a series that is in the index. It never changes, so that a fit does not write the index: all entries
of a tenant lie in one partition of it, which takes 1,000 writes a second. Before, HEAD was the item in the index."""

# A single counter item would take 1,000 first fits a second; sixteen take sixteen times that.
_SHARDS: Final = 16
_LEARNED: Final = "learned"
_PROFILE: Final = "profile"
DESCRIPTION: Final = "description"
# Without a low line it would be a reserved word of DynamoDB's expressions.
TIMEZONE: Final = "time_zone"
_LINEAGE: Final = "lineage"
# Every prediction reads the head, and pays by its size.
_NOT_IN_HEAD: Final = frozenset({_LEARNED, _PROFILE, _LINEAGE})


def item_key(series: SeriesKey, sort_key: str) -> Item:
    """The key of an item of a series."""
    return {"pk": {"S": f"TENANT#{series.tenant}#SERIES#{series.series_id}"}, "sk": {"S": sort_key}}


def series_of(item: Item) -> SeriesKey:
    """The series whose item it is."""
    tenant, _, series_id = item["pk"]["S"].removeprefix("TENANT#").partition("#SERIES#")
    return SeriesKey(Tenant(tenant), series_id)


def head_key(series: SeriesKey) -> Item:
    """The key of a series' head."""
    return item_key(series, "HEAD")


def version_key(series: SeriesKey, number: int) -> Item:
    """The key of a version."""
    return item_key(series, f"{VERSION}{number:08d}")


def receipt_key(series: SeriesKey, request: str) -> Item:
    """The key of what is stored with the version that a request published."""
    return item_key(series, f"{RECEIPT}{request}")


def entry_key(series: SeriesKey, entry: AuditEntry) -> Item:
    """The key of an entry of the audit trail, in the order of time."""
    return item_key(series, f"{AUDIT}{time_text(entry.at)}#{entry.sequence:08d}")


def count_key(series: SeriesKey) -> Item:
    """The key of the part of the number of series that this one counts in."""
    shard = zlib.crc32(series.series_id.encode()) % _SHARDS
    return {"pk": {"S": f"TENANT#{series.tenant}#STATS"}, "sk": {"S": f"SHARD#{shard:02d}"}}


def version_to_item(version: ModelVersion) -> Item:
    """The attributes of a version, without keys."""
    item: Item = {
        "series_id": {"S": version.series_id},
        "number": {"N": str(version.number)},
        "detector": {"S": version.detector},
        "options": _json(version.options),
        "parameters": _json(version.parameters),
        "points_used": {"N": str(version.points_used)},
        "span_start": {"N": str(version.start)},
        "span_end": {"N": str(version.end)},
        "step": {"N": str(version.step)},
        "data_key": {"S": version.data_key},
        "data_sha256": {"S": version.data_sha256},
        "libraries": _json(version.libraries),
        "trained_at": {"S": version.trained_at.isoformat()},
    }
    if version.arrays:
        item["arrays"] = {"B": version.arrays}
    if version.arrays_key is not None:
        item |= {"arrays_key": {"S": version.arrays_key}, "arrays_sha256": {"S": version.arrays_sha256}}
    if version.learned is not None and version.profile is not None:
        item |= {_LEARNED: _json(version.learned), _PROFILE: _json(version.profile)}
    if version.kind != "series":
        item |= {"kind": {"S": version.kind}, "variables": {"S": orjson.dumps(version.variables).decode()}}
    if version.timezone != UTC_NAME:
        item[TIMEZONE] = {"S": version.timezone}
    if described := version.description.to_json():
        item[DESCRIPTION] = _json(described)
    if version.lineage is not None:
        item[_LINEAGE] = _json(version.lineage.to_json())
    return item


def version_from_item(item: Item, tenant: Tenant) -> ModelVersion:
    """The version of a tenant that gave these attributes."""
    return ModelVersion(
        series=SeriesKey(tenant, item["series_id"]["S"]),
        number=int(item["number"]["N"]),
        detector=item["detector"]["S"],
        options=orjson.loads(item["options"]["S"]),
        parameters=orjson.loads(item["parameters"]["S"]),
        points_used=int(item["points_used"]["N"]),
        start=int(item["span_start"]["N"]),
        end=int(item["span_end"]["N"]),
        step=int(item["step"]["N"]),
        data_key=item["data_key"]["S"],
        data_sha256=item["data_sha256"]["S"],
        libraries=orjson.loads(item["libraries"]["S"]),
        trained_at=datetime.fromisoformat(item["trained_at"]["S"]),
        arrays=item["arrays"]["B"] if "arrays" in item else b"",
        arrays_key=item["arrays_key"]["S"] if "arrays_key" in item else None,
        arrays_sha256=item["arrays_sha256"]["S"] if "arrays_sha256" in item else None,
        learned=orjson.loads(item[_LEARNED]["S"]) if _LEARNED in item else None,
        profile=orjson.loads(item[_PROFILE]["S"]) if _PROFILE in item else None,
        # Items of earlier releases have none of these.
        kind=item["kind"]["S"] if "kind" in item else "series",
        variables=tuple(orjson.loads(item["variables"]["S"])) if "variables" in item else (),
        description=_description(item),
        timezone=_timezone(item),
        lineage=Lineage(**orjson.loads(item[_LINEAGE]["S"])) if _LINEAGE in item else None,
    )


def head_to_item(head: Head) -> Item:
    """The attributes of a head: its champion's, but those that no prediction needs, and its own."""
    item = {name: value for name, value in version_to_item(head.champion).items() if name not in _NOT_IN_HEAD}
    item |= {"latest": {"N": str(head.latest)}, "champion": {"N": str(head.champion.number)}}
    if head.monitor:
        item["monitor"] = {"BOOL": True}
    if head.challenger is not None:
        item["challenger"] = _json(asdict(head.challenger) | {"since": head.challenger.since.isoformat()})
    return item | trail_to_item(head.trail)


def head_from_item(item: Item, tenant: Tenant) -> Head:
    """The head of a tenant's series that gave these attributes."""
    challenger: Challenger | None = None
    if "challenger" in item:
        kept = orjson.loads(item["challenger"]["S"])
        challenger = Challenger(**kept | {"since": datetime.fromisoformat(kept["since"])})
    return Head(
        latest=int(item["latest"]["N"]),
        champion=version_from_item(item, tenant),
        challenger=challenger,
        monitor="monitor" in item,
        trail=trail_from_item(item),
    )


def trail_to_item(trail: Trail) -> Item:
    """The attributes of the end of an audit trail; none if it has no entry."""
    if trail.at is None:
        return {}
    return {
        "audit_sequence": {"N": str(trail.sequence)},
        "audit_hash": {"S": trail.hash},
        "audit_at": {"S": trail.at.isoformat()},
    }


def trail_from_item(item: Item) -> Trail:
    """The end of the audit trail that gave these attributes; an empty one if there are none."""
    if "audit_hash" not in item:
        return Trail()
    at = datetime.fromisoformat(item["audit_at"]["S"])
    return Trail(int(item["audit_sequence"]["N"]), item["audit_hash"]["S"], at)


def entry_to_item(entry: AuditEntry) -> Item:
    """The attributes of an entry: the very text that its hash is of, and the hash."""
    item: Item = {"entry": {"S": entry.canonical().decode()}, "hash": {"S": entry.hash}}
    return item | ({"moves_champion": {"BOOL": True}} if entry.moves_champion else {})


def entry_from_item(item: Item) -> AuditEntry:
    """The entry that gave these attributes."""
    return AuditEntry.from_canonical(item["entry"]["S"], item["hash"]["S"])


def listed_to_item(series: SeriesKey) -> Item:
    """The attributes that put a series into the index of its tenant's series."""
    return {"tenant": {"S": str(series.tenant)}, "series_id": {"S": series.series_id}}


def summary_from_item(item: Item) -> SeriesSummary:
    """The line of a series in the list, from its head."""
    return SeriesSummary(
        series_id=item["series_id"]["S"],
        latest=int(item["latest"]["N"]),
        champion=int(item["champion"]["N"]),
        detector=item["detector"]["S"],
        points_used=int(item["points_used"]["N"]),
        trained_at=datetime.fromisoformat(item["trained_at"]["S"]),
        description=_description(item),
        timezone=_timezone(item),
    )


def _description(item: Item) -> Description:
    return Description(**orjson.loads(item[DESCRIPTION]["S"])) if DESCRIPTION in item else Description()


def _timezone(item: Item) -> str:
    return item[TIMEZONE]["S"] if TIMEZONE in item else UTC_NAME


def _json(value: Mapping[str, Any]) -> dict[str, str]:
    return {"S": orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()}
