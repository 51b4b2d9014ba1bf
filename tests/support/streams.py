"""Streams for tests: the port in memory, storage calls that fail before or after, and a series that is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from tidewatch.deadline import Deadline
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.registry import Registry, SeriesKey, StorageUnavailable, WriteConflict
from tidewatch.series import TimeSeries
from tidewatch.services.ingest import Ingested, ingest
from tidewatch.streaming import Arrivals, JudgedPoints, StreamCache, StreamState
from tidewatch.streaming.columns import pack_points, unpack_points

from tests.support.memory import Memory, MemoryDataStore, MemoryVersionStore
from tests.support.samples import a_publisher, key

TRAINED = 200
STEP = 60
NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = int(NOW.timestamp()) - 1_000 * STEP


def the_series(points: int) -> TimeSeries:
    """A day of 48 points, noise, and now and then a point far off: the first ``TRAINED`` are to be learned."""
    random = np.random.default_rng(3)
    places = np.arange(points)
    values = np.sin(places * 2 * np.pi / 48) + random.normal(0, 0.1, points)
    values[TRAINED + 7 :: 61] += 4.0
    return TimeSeries(START + STEP * places, values)


class MemoryStreamStore:
    """The shortest code that keeps the promises of the port."""

    def __init__(self) -> None:
        self.states: dict[SeriesKey, StreamState] = {}
        self.snapshots: dict[SeriesKey, bytes] = {}
        self.stored: dict[SeriesKey, list[bytes]] = {}

    def load(self, series: SeriesKey) -> StreamState | None:
        state = self.states.get(series)
        if state is None:
            return None
        recent = unpack_points(pack_points(state.recent))
        return replace(state, snapshot=self.snapshots.get(series, b""), recent=recent)

    def save(self, series: SeriesKey, state: StreamState, chunks: Sequence[JudgedPoints] = ()) -> None:
        before = self.states.get(series)
        if (before.sequence if before else 0) + 1 != state.sequence:
            raise WriteConflict
        self.states[series] = state
        if state.carries_snapshot:
            self.snapshots[series] = state.snapshot
        self.stored.setdefault(series, []).extend(map(pack_points, chunks))

    def chunks(self, series: SeriesKey, first: int, last: int, most_points: int) -> list[JudgedPoints]:
        found, points = [], 0
        for chunk in map(unpack_points, self.stored.get(series, [])):
            if chunk.points.end >= first and chunk.points.start <= last and points < most_points:
                found.append(chunk)
                points += len(chunk.between(first, last))
        return found

    def newest_chunks(self, series: SeriesKey, most_points: int) -> list[JudgedPoints]:
        found: list[JudgedPoints] = []
        for chunk in map(unpack_points, reversed(self.stored.get(series, []))):
            if sum(map(len, found)) < most_points:
                found.insert(0, chunk)
        return found

    def delete(self, series: SeriesKey, check: Callable[[], None]) -> None:
        check()
        for kept in (self.states, self.snapshots, self.stored):
            kept.pop(series, None)

    def everything(self, series: SeriesKey) -> JudgedPoints:
        """All judged points; a time that is there twice makes it fail."""
        parts = [*map(unpack_points, self.stored.get(series, [])), self.states[series].recent]
        joined = JudgedPoints.joined(parts)
        assert np.all(np.diff(joined.points.timestamps) > 0)
        return joined


class Interfered:
    """A store whose calls can fail, before they are done or after, and between which somebody else may work."""

    def __init__(self, store: MemoryStreamStore) -> None:
        self._store = store
        self.faults: Iterator[str | None] = iter(())
        self.meanwhile: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            fault = next(self.faults, None)
            if fault == "before":
                raise StorageUnavailable(name)
            if name == "save" and self.meanwhile:
                work, self.meanwhile = self.meanwhile, None
                work()
            answer = method(*args, **kwargs)
            if fault == "after":
                raise StorageUnavailable(name)
            return answer

        return call


class Consumer:
    """A process that judges arriving points; ``restart`` is what a new one knows."""

    def __init__(self, store: Any, memory: Memory, head_cache_seconds: float = 0) -> None:
        self.store = store
        self._memory = memory
        self._head_cache_seconds = head_cache_seconds
        self.restart()

    def restart(self) -> None:
        arrays = MemoryDataStore(self._memory, "models")
        versions = MemoryVersionStore(self._memory)
        self.registry = Registry(versions, lambda: arrays, head_cache_seconds=self._head_cache_seconds)
        self.cache = StreamCache(50_000_000)

    def ingest(self, points: TimeSeries, series: SeriesKey | None = None, **changes: Any) -> Ingested:
        arguments: dict[str, Any] = {
            "registry": self.registry,
            "store": self.store,
            "cache": self.cache,
            "observations": _no_observations,
            "now": lambda: NOW,
            "deadline": Deadline.never(),
        }
        return ingest(series or key(), Arrivals(points.timestamps, points.values), **arguments | changes)


def train(memory: Memory, detector: str, points: TimeSeries, series: SeriesKey | None = None) -> None:
    """Publishes a model of a series, which becomes its champion."""
    model = fit_model(points, CATALOGUE[detector].options_type())
    publisher = a_publisher(MemoryVersionStore(memory), MemoryDataStore(memory), MemoryDataStore(memory, "models"))
    publisher.publish(series or key(), points, model)


def _no_observations() -> Any:
    raise AssertionError("nothing is observed here")
