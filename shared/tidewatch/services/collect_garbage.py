"""Deleting stored data that no version refers to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from tidewatch.deadline import Deadline
from tidewatch.registry import ObjectStore, StoredObject, VersionStore

GRACE: Final = timedelta(days=7)
"""The age that an object must have to be garbage."""

_DELETED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did.

    Attributes:
        objects: how many objects were deleted.
        size: the bytes of all their states.
        left: how many objects are garbage, too, but were not deleted, for want of time or because no version was found.
    """

    objects: int
    size: int
    left: int


def collect_garbage(
    objects: ObjectStore, versions: VersionStore, *, now: datetime, deadline: Deadline | None = None
) -> Collected:
    """Deletes training data and arrays that are older than a week and that no version of any tenant refers to.

    Such objects are left by versions and series that were deleted, and by fits that stored their data and failed before
    they published.

    It runs beside fits without locks, and no published version ever loses its data:

    1. It lists the objects that were last written more than a week ago. They alone can be deleted.
    2. Then it reads all references. A version that was published before this is among them.
    3. Then it deletes the listed states of what nobody refers to. A state that was written after the list stays.

    Suppose that a fit publishes a version after step 2 began, and the version refers to a listed object. A fit takes
    less than a quarter of an hour, so it put its data after the day before the list was made. The put either wrote the
    object, or found it written less than a day before (``REWRITE_AFTER``). So the object has a state that is younger
    than two days and a bit. If that state was there when the list was made, the object was not on the list. If it was
    not, its state is not the listed one, and stays.

    Beside a table without any version nothing is deleted: it is more likely a new table in the place of a lost one
    than a service whose series were all deleted, and deleted objects do not come back.

    It holds the name of each old object in memory, about 500 bytes: a function of 1 GB is enough for two million.

    Args:
        objects: the stored objects.
        versions: what refers to them.
        now: the time.
        deadline: when to stop; what is left is collected next time.

    Raises:
        StorageUnavailable: if storage failed; what was deleted until then stays deleted.
    """
    limit = deadline or Deadline.never()
    garbage: dict[str, list[StoredObject]] = {}
    for found in objects.written_before(now - GRACE):
        garbage.setdefault(found.key, []).append(found)
    found_version = False
    # Without an old object there is nothing to look for.
    for key in versions.referenced_keys() if garbage else ():
        found_version = True
        garbage.pop(key, None)
    if not found_version:
        return Collected(0, 0, len(garbage))
    keys = list(garbage)
    deleted = size = 0
    while deleted < len(keys) and limit.remaining() > 0:
        states = list(chain.from_iterable(garbage[key] for key in keys[deleted : deleted + _DELETED_AT_ONCE]))
        objects.delete(states)
        size += sum(each.size for each in states)
        deleted = min(deleted + _DELETED_AT_ONCE, len(keys))
    return Collected(deleted, size, len(keys) - deleted)
