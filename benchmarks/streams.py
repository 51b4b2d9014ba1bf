"""``make bench-stream``: points a second that streams take on one core, storage left out.

Batches of 500 series come in turn, as a fleet of senders would make them. Storage is a dictionary behind the real
adapter, so packing what is written counts, and the client of DynamoDB and its network do not.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

import numpy as np
from tidewatch.adapters.streams import DynamoDBStreamStore
from tidewatch.deadline import Deadline
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.registry import Publisher, Registry, SeriesKey
from tidewatch.series import TimeSeries
from tidewatch.services.ingest import ingest
from tidewatch.streaming import Arrivals, StreamCache
from tidewatch.tenancy import DEFAULT_TENANT

from benchmarks.figures import Rows, print_machine, print_section
from benchmarks.stubs import StubDataStore, StubVersionStore

SERIES: Final = 500
TRAINED: Final = 2_000
BATCHES: Final = ((1, 20), (10, 20), (100, 4))
"""Points of a batch, and how many batches each series sends."""
_STEP: Final = 300
_CACHE_BYTES: Final = 1 << 30
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class DictionaryClient:
    """What the adapter asks of DynamoDB, of a dictionary."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.calls = 0

    def query(self, ExpressionAttributeValues: Any, **_: Any) -> Any:  # noqa: N803 - DynamoDB's own names
        """The items of a partition from a key to another."""
        self.calls += 1
        found = self.items.get(ExpressionAttributeValues[":pk"]["S"], {})
        first, last = (ExpressionAttributeValues[name]["S"] for name in (":first", ":last"))
        return {"Items": [found[key] for key in sorted(found) if first <= key <= last]}

    def put_item(self, Item: Any, **_: Any) -> None:  # noqa: N803 - likewise
        """Writes an item; one process needs no condition."""
        self.calls += 1
        self._put(Item)

    def transact_write_items(self, TransactItems: Any) -> None:  # noqa: N803 - likewise
        """Writes items together."""
        self.calls += 1
        for part in TransactItems:
            self._put(part["Put"]["Item"])

    def _put(self, item: Any) -> None:
        self.items.setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item


def points_a_second(detector: str) -> Rows:
    """Points a second of one core, by the points of a batch."""
    longest = TRAINED + sum(size * count for size, count in BATCHES)
    places = np.arange(longest)
    values = np.sin(places * 2 * np.pi / 288) + np.random.default_rng(0).normal(0, 0.1, longest)
    whole = TimeSeries(int(_NOW.timestamp()) - _STEP * (longest - places), values)
    versions, data = StubVersionStore(), StubDataStore()
    publisher = Publisher(versions, data, data, deadline_seconds=1, now=lambda: _NOW, libraries={})
    model = fit_model(whole.part(0, TRAINED), CATALOGUE[detector].options_type(name=detector))
    keys = [SeriesKey(DEFAULT_TENANT, f"series-{number}") for number in range(SERIES)]
    for key in keys:
        publisher.publish(key, whole.part(0, TRAINED), model)
    client: Any = DictionaryClient()
    store = DynamoDBStreamStore(client, "streams", days=60)
    registry = Registry(versions, lambda: data, head_cache_seconds=3_600)
    cache = StreamCache(_CACHE_BYTES)

    def send(begin: int, size: int) -> None:
        part = whole.part(begin, begin + size)
        for key in keys:
            ingest(
                key,
                Arrivals(part.timestamps, part.values),
                registry=registry,
                store=store,
                cache=cache,
                observations=_none,
                now=lambda: _NOW,
                deadline=Deadline.never(),
            )

    begin = TRAINED
    send(begin, 1)  # the models are restored here
    begin += 1
    for size, count in BATCHES:
        calls, started = client.calls, time.process_time()
        for _ in range(count if begin + size * count <= longest else count - 1):
            send(begin, size)
            begin += size
        batches = client.calls - calls
        yield f"{size} a batch", f"{batches * size / (time.process_time() - started):,.0f} points a second"
    cache = StreamCache(_CACHE_BYTES)
    started = time.process_time()
    send(longest - 1, 1)
    yield "a batch of a stream not in memory", f"{(time.process_time() - started) / SERIES * 1e3:.1f} ms"


def _none() -> Any:
    raise AssertionError("no series is monitored here")


def main() -> None:
    """Prints the figures of ``auto`` and of a statistical detector."""
    print_machine()
    for detector in ("auto", "three_sigma"):
        print_section(f"{SERIES} streams of {detector}, one core, storage left out", points_a_second(detector))


if __name__ == "__main__":
    main()
