"""CloudWatch's part: keeps the metrics that the functions print, and answers GetMetricData from them.

moto has an API for CloudWatch but neither percentiles nor an index over its data, so this store stands behind it.
"""

from __future__ import annotations

import json
import re
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from local.sam.aws.state import Changes, Entry
from local.sam.aws.state import Key as EntryKey

_MINUTE: Final = 60
_KEPT_SECONDS: Final = 3 * 3600
_PERCENTILE: Final = re.compile(r"p(\d{1,2}(\.\d+)?|100)")

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, metric, and dimensions: a metric is only found under exactly the dimensions it was emitted with."""


@dataclass(slots=True)
class Bucket:
    """The values of one metric in one minute, or in several once they are added up."""

    count: int = 0
    total: float = 0.0
    smallest: float = float("inf")
    largest: float = float("-inf")
    # Filled from the second distinct value on: counters, which are all ones, then take no memory.
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, value: float) -> None:
        """Takes in one value."""
        if self.count and not self.values and value != self.smallest:
            self.values.extend([self.smallest] * self.count)
        self.count += 1
        self.total += value
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)
        if self.values or self.smallest != self.largest:
            self.values.append(value)

    def all_values(self) -> NDArray[np.float64]:
        """Every value, shape (count,)."""
        return np.array(self.values) if self.values else np.full(self.count, self.smallest)

    def to_entry(self) -> Entry:
        """The bucket as it is kept in a file."""
        return Entry([self.count, self.total, self.smallest, self.largest], self.values.tobytes())

    @classmethod
    def from_entry(cls, entry: Entry) -> Self:
        """The bucket that an entry stands for.

        Raises:
            TypeError, ValueError: if it is none.
        """
        count, total, smallest, largest = entry.head
        bucket = cls(int(count), float(total), float(smallest), float(largest))
        bucket.values.frombytes(entry.body)
        if len(bucket.values) not in (0, bucket.count):
            raise ValueError(f"{len(bucket.values)} values where there should be {bucket.count}")
        return bucket


def _statistic(name: str) -> Callable[[list[Bucket]], float]:
    """The function of buckets that a statistic such as ``Sum`` or ``p95`` stands for.

    Raises:
        ValueError: if there is none of that name here.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    if _PERCENTILE.fullmatch(name):
        rank = float(name[1:])
        return lambda buckets: float(np.percentile(np.concatenate([b.all_values() for b in buckets]), rank))
    raise ValueError(f"the local CloudWatch has no statistic {name!r}")


_STATISTICS: Final[Mapping[str, Callable[[list[Bucket]], float]]] = {
    "SampleCount": lambda buckets: float(sum(b.count for b in buckets)),
    "Sum": lambda buckets: sum(b.total for b in buckets),
    "Average": lambda buckets: sum(b.total for b in buckets) / sum(b.count for b in buckets),
    "Minimum": lambda buckets: min(b.smallest for b in buckets),
    "Maximum": lambda buckets: max(b.largest for b in buckets),
}


class MetricStore:
    """Metrics by the minute, for the last three hours."""

    kind = "metric"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._metrics: dict[Key, dict[int, Bucket]] = {}
        self._newest_minute = 0
        self._touched: set[tuple[Key, int]] = set()

    def put_emf(self, document: Mapping[str, Any]) -> None:
        """Takes in one document of the CloudWatch embedded metric format.

        Raises:
            KeyError, TypeError, ValueError: if it is not of that format.
        """
        minute = int(document["_aws"]["Timestamp"]) // 1000 // _MINUTE * _MINUTE
        for directive in document["_aws"]["CloudWatchMetrics"]:
            # A metric without dimensions is one with the empty set.
            for names in directive["Dimensions"] or [[]]:
                dimensions = frozenset((name, str(document[name])) for name in names)
                for metric in directive["Metrics"]:
                    found = document[metric["Name"]]
                    key = (directive["Namespace"], metric["Name"], dimensions)
                    self._put(key, minute, found if isinstance(found, list) else (found,))

    def put_metric_data(self, namespace: str, data: Iterable[Mapping[str, Any]]) -> None:
        """Takes in what a PutMetricData call carries, in values or as one value.

        Raises:
            KeyError: if a datum has neither.
        """
        for datum in data:
            dimensions = frozenset((d["Name"], d["Value"]) for d in datum.get("Dimensions") or ())
            moment = datum.get("Timestamp")
            second = _epoch_seconds(moment) if moment else self._clock()
            self._put((namespace, datum["MetricName"], dimensions), int(second) // _MINUTE * _MINUTE, _values(datum))

    def get_metric_data(
        self, queries: Iterable[Mapping[str, Any]], start: datetime, end: datetime, *, descending: bool = True
    ) -> list[dict[str, Any]]:
        """The answer to each query of a GetMetricData call: values and the beginnings of their periods.

        Raises:
            ValueError: if a query is a metric-math expression or asks for an unknown statistic.
        """
        # CloudWatch rounds the start down to the minute and counts periods from there.
        first = _epoch_seconds(start) // _MINUTE * _MINUTE
        results = []
        for query in queries:
            if "MetricStat" not in query:
                raise ValueError("the local CloudWatch takes MetricStat queries, not expressions")
            found = self._read(query["MetricStat"], first, _epoch_seconds(end))
            if descending:
                found.reverse()
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                    "Timestamps": [datetime.fromtimestamp(moment, UTC) for moment, _ in found],
                    "Values": [value for _, value in found],
                    "StatusCode": "Complete",
                }
            )
        return results

    def _read(self, query: Mapping[str, Any], first: int, end: float) -> list[tuple[int, float]]:
        metric, period = query["Metric"], int(query["Period"])
        statistic = _statistic(query["Stat"])
        dimensions = frozenset((d["Name"], d["Value"]) for d in metric.get("Dimensions") or ())
        by_period: dict[int, list[Bucket]] = {}
        for minute, bucket in self._metrics.get((metric["Namespace"], metric["MetricName"], dimensions), {}).items():
            if first <= minute < end:
                by_period.setdefault(first + (minute - first) // period * period, []).append(bucket)
        return [(moment, statistic(buckets)) for moment, buckets in sorted(by_period.items())]

    def _put(self, key: Key, minute: int, values: Iterable[float]) -> None:
        if minute > self._newest_minute:
            self._newest_minute = minute
            self._forget_before(minute - _KEPT_SECONDS)
        buckets = self._metrics.setdefault(key, {})
        bucket = buckets.get(minute)
        if bucket is None:
            bucket = buckets[minute] = Bucket()
        for value in values:
            bucket.add(float(value))
        self._touched.add((key, minute))

    def _forget_before(self, oldest: int) -> None:
        for key, buckets in list(self._metrics.items()):
            self._touched |= {(key, minute) for minute in buckets if minute < oldest}
            self._metrics[key] = {minute: bucket for minute, bucket in buckets.items() if minute >= oldest}

    def changes(self) -> Changes:
        """See ``local.sam.aws.state.Holder``."""
        touched, self._touched = self._touched, set()
        found: dict[EntryKey, Entry | None] = {}
        for key, minute in touched:
            namespace, name, dimensions = key
            bucket = self._metrics.get(key, {}).get(minute)
            found[namespace, name, json.dumps(sorted(dimensions)), minute] = bucket.to_entry() if bucket else None
        return found

    def fill(self, entries: Mapping[EntryKey, Entry]) -> None:
        """See ``local.sam.aws.state.Holder``."""
        for (namespace, name, dimensions, minute), entry in entries.items():
            key = (namespace, name, frozenset((each, value) for each, value in json.loads(dimensions)))
            self._metrics.setdefault(key, {})[int(minute)] = Bucket.from_entry(entry)
            self._newest_minute = max(self._newest_minute, int(minute))
        self._forget_before(int(self._clock()) - _KEPT_SECONDS)

    def clear(self) -> None:
        """See ``local.sam.aws.state.Holder``."""
        self._metrics.clear()
        self._newest_minute = 0


def _values(datum: Mapping[str, Any]) -> list[float]:
    if datum.get("Values"):
        counts = datum.get("Counts") or [1] * len(datum["Values"])
        pairs = zip(datum["Values"], counts, strict=True)
        return [float(value) for value, count in pairs for _ in range(int(float(count)))]
    return [float(datum["Value"])]


def _epoch_seconds(moment: datetime) -> int:
    # moto hands moments on without a time zone; they are UTC.
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
