"""What storage holds of a stream, so that any process can go on with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from tidewatch.streaming.judged import JudgedPoints

KEPT: Final = 32
"""Judged points that stay behind when the others go into chunks: a late point among so many is still judged."""
FULL: Final = 160
"""Judged points at which all but the last ``KEPT`` go into chunks: each write writes all that have not gone yet."""
MOST_IN_CHUNK: Final = 1_000
"""Points of a chunk: below 100 KB, and an item of DynamoDB holds 400."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamState:
    """A stream up to its newest judged point.

    Attributes:
        sequence: how many times it was written; 0 before the first time.
        identity: tells the version that follows the series from all others.
        floor: Unix seconds; what is not later is taken no more. None before there is one.
        snapshot: what the version knew after the last point that is not later than ``floor``, as bytes; empty while it
            knew its training data only.
        snapshot_at: the sequence with which the snapshot was written; 0 while there is none.
        recent: the judged points that are in no chunk yet. Those later than ``floor`` are what the version has seen
            since the snapshot.
    """

    sequence: int
    identity: str
    floor: int | None = None
    snapshot: bytes = b""
    snapshot_at: int = 0
    recent: JudgedPoints = field(default_factory=JudgedPoints.none)

    def since(self) -> JudgedPoints:
        """The judged points since the snapshot."""
        if self.floor is None:
            return self.recent
        return self.recent.at(slice(int(self.recent.points.timestamps.searchsorted(self.floor, side="right")), None))

    @property
    def carries_snapshot(self) -> bool:
        """Whether the snapshot is written with this state; it is another than the stored one."""
        return self.snapshot_at == self.sequence

    def next(self, *, new_snapshot: bool) -> StreamState:
        """The state as it is to be written."""
        sequence = self.sequence + 1
        return replace(self, sequence=sequence, snapshot_at=sequence if new_snapshot else self.snapshot_at)
