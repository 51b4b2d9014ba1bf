"""What streams need of storage. Adapters implement it; the contract suite holds them to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tidewatch.registry import SeriesKey
from tidewatch.streaming.judged import JudgedPoints
from tidewatch.streaming.state import StreamState


class StreamStore(Protocol):
    """The streams of all tenants' series. Methods may raise ``StorageUnavailable``."""

    def load(self, series: SeriesKey) -> StreamState | None:
        """The state of a stream, read consistently and at once; None if nothing came of it yet."""
        ...

    def save(self, series: SeriesKey, state: StreamState, chunks: Sequence[JudgedPoints] = ()) -> None:
        """Writes a state, and what goes into chunks with it: all or nothing.

        Args:
            series: whose stream.
            state: its sequence follows the one that is stored. Its snapshot is written where it carries it.
            chunks: judged points that the state no longer has, each part in the order of time; they expire.

        Raises:
            WriteConflict: if the stored sequence is another: somebody else wrote.
        """
        ...

    def chunks(self, series: SeriesKey, first: int, last: int, most_points: int) -> list[JudgedPoints]:
        """The chunks with points from a time to another, in Unix seconds, both included; oldest first.

        Whole chunks, so there may be points before and after. It stops once they have so many points within.
        """
        ...

    def newest_chunks(self, series: SeriesKey, most_points: int) -> list[JudgedPoints]:
        """The last chunks, oldest first: so many that they have ``most_points``, or all."""
        ...

    def delete(self, series: SeriesKey, check: Callable[[], None]) -> None:
        """Deletes all of a stream, its state first, so that nobody goes on with it. ``check`` may raise."""
        ...
