"""Streams that a process keeps in memory, so that it need not read them before each batch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from tidewatch.registry import SeriesKey
from tidewatch.streaming.arrivals import Following

_BESIDE_STATE: Final = 48 * 1024
"""Bytes of a stream in memory beside what its model keeps: its recent points, and the objects that hold them."""
_TIMES_STATE: Final = 8
"""A follower in memory works with so many times its stored state; measured of ``auto``, which has the largest."""


@dataclass(frozen=True, slots=True)
class _Kept:
    following: Following
    weight: int


class StreamCache:
    """The streams that were used last, within a bound of memory.

    What is here may be old: another process may have gone on with the stream. So it is only ever written under the
    condition that storage still has the sequence that it has here.
    """

    def __init__(self, most_bytes: int) -> None:
        self._kept: LRUCache[SeriesKey, _Kept] = LRUCache(most_bytes, getsizeof=lambda kept: kept.weight)

    def get(self, series: SeriesKey) -> Following | None:
        """The stream of a series; None if it is not here."""
        kept = self._kept.get(series)
        return kept.following if kept else None

    def put(self, series: SeriesKey, following: Following) -> None:
        """Keeps a stream, unless it is larger than the bound."""
        kept = self._kept.get(series)
        weight = kept.weight if kept else _weight(following)
        with suppress(ValueError):
            self._kept[series] = _Kept(following, weight)

    def drop(self, series: SeriesKey) -> None:
        """Forgets a stream."""
        self._kept.pop(series, None)


def _weight(following: Following) -> int:
    state = sum(array.nbytes for array in following.newest.state().values())
    return _BESIDE_STATE + len(following.state.snapshot) + _TIMES_STATE * state
