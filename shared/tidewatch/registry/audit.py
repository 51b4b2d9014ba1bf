"""The audit trail of a series: who changed what, when and why, each entry bound to the one before by its hash.

An entry's hash is the sha256 of the hash before it and of the entry's canonical JSON: UTF-8, keys sorted, no spaces.
The head of the series keeps the last hash, and every change is conditional on it. So the trail has no fork, an entry
that was changed or taken out is found by :func:`verify`, and one that was cut off at the end by the hash of the head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import orjson

Action = Literal[
    "published",
    "retrained",
    "promoted",
    "rolled_back",
    "challenger_set",
    "challenger_removed",
    "monitoring_changed",
    "version_deleted",
    "series_deleted",
]
"""What was done to a series."""

FIRST_HASH: Final = "0" * 64
"""What the first entry of a trail has for the hash before it."""

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cause:
    """Who changes a series, and why.

    Attributes:
        actor: the id of the key that the request was made with, or the name of what acts by itself.
        reason: in the words of whoever asked; empty if none was given.
    """

    actor: str = "none"
    reason: str = ""


NOBODY: Final = Cause()
"""Where nobody says who it is, as in a program that trains by itself."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the audit trail of a series ends.

    Attributes:
        sequence: how many entries it has.
        hash: of the last one.
        at: its time; None if there is none.
    """

    sequence: int = 0
    hash: str = FIRST_HASH
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of a series.

    Attributes:
        sequence: 1 for the first entry of the series; it goes on when the series is deleted and trained anew.
        at: when, in UTC; each entry is later than the one before, whatever the clocks say.
        action: what was done.
        actor, reason: who asked for it, and why.
        version: the number of the version that it was done to; None if to the whole series.
        before, after: how the series stood; None where there was none.
        previous: the hash of the entry before.
        hash: of this one.
    """

    sequence: int
    at: datetime
    action: Action
    actor: str
    reason: str
    version: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    previous: str
    hash: str = field(default="", compare=False)

    @property
    def champion(self) -> int | None:
        """The number of the version that judges from here on; None if none does."""
        return None if self.after is None else int(self.after["champion"])

    @property
    def moves_champion(self) -> bool:
        """Whether another version judges than before, or none."""
        return self.champion != (None if self.before is None else int(self.before["champion"]))

    @property
    def trail(self) -> Trail:
        """Where the trail ends with this entry."""
        return Trail(self.sequence, self.hash, self.at)

    def canonical(self) -> bytes:
        """The entry as the JSON that its hash is of."""
        kept = {
            "sequence": self.sequence,
            "at": time_text(self.at),
            "action": self.action,
            "actor": self.actor,
            "reason": self.reason,
            "version": self.version,
            "before": self.before,
            "after": self.after,
            "previous": self.previous,
        }
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_canonical(cls, text: str | bytes, found_hash: str) -> AuditEntry:
        """The entry that gave this JSON, with the hash that was kept beside it."""
        kept = orjson.loads(text)
        return cls(**kept | {"at": datetime.fromisoformat(kept["at"])}, hash=found_hash)


def time_text(at: datetime) -> str:
    """A time with microseconds, in UTC, whose order is that of its text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def hash_of(entry: AuditEntry) -> str:
    """The sha256, in hex, of the hash before an entry and of its canonical JSON."""
    return hashlib.sha256(entry.previous.encode() + entry.canonical()).hexdigest()


def following(trail: Trail, action: Action, cause: Cause, now: datetime, **what: Any) -> AuditEntry:
    """The entry that goes to the end of a trail.

    Args:
        trail: where it ends.
        action: what is done.
        cause: by whom, and why.
        now: the time, in UTC.
        what: ``version``, ``before`` and ``after``.
    """
    at = now if trail.at is None else max(now, trail.at + _TICK)
    entry = AuditEntry(
        sequence=trail.sequence + 1,
        at=at,
        action=action,
        actor=cause.actor,
        reason=cause.reason,
        previous=trail.hash,
        **what,
    )
    return AuditEntry(**{name: getattr(entry, name) for name in entry.__slots__ if name != "hash"}, hash=hash_of(entry))


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found of a trail.

    Attributes:
        entries: how many were looked at.
        problem: the first thing that is wrong, in words; None if nothing is.
        sequence: of the entry that it was found at; None if nothing is wrong, or the end is missing.
    """

    entries: int
    problem: str | None = None
    sequence: int | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, taken out, put in or cut off."""
        return self.problem is None


def verify(entries: Iterable[AuditEntry], last_hash: str | None = None) -> Verification:
    """Recomputes a trail.

    Args:
        entries: all of them, oldest first.
        last_hash: of the last one, as the head of the series keeps it; None if that is not known, and what was cut off
            at the end then is not found.
    """
    trail = Trail()
    for count, entry in enumerate(entries, start=1):
        problem = _problem(entry, trail)
        if problem is not None:
            return Verification(count, problem, entry.sequence)
        trail = entry.trail
    if last_hash is not None and trail.hash != last_hash:
        return Verification(trail.sequence, "the last entry is not the one that the series names: the end is missing")
    return Verification(trail.sequence)


def _problem(entry: AuditEntry, trail: Trail) -> str | None:
    if entry.sequence != trail.sequence + 1:
        return f"entry {trail.sequence + 1} is missing"
    if entry.previous != trail.hash:
        return f"entry {entry.sequence} does not follow the one before: one of them was changed"
    if entry.hash != hash_of(entry):
        return f"entry {entry.sequence} was changed"
    return None
