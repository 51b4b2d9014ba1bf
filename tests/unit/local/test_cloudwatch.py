from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sam.aws.cloudwatch import Bucket, MetricStore

NOON = 1_767_614_400  # 2026-01-05T12:00:00Z


def emf(second: float, dimensions: list[list[str]] | None = None, **metrics: Any) -> dict[str, Any]:
    return {
        "_aws": {
            "Timestamp": int(second * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Tidewatch",
                    "Dimensions": [["service", "stage"]] if dimensions is None else dimensions,
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
                }
            ],
        },
        "service": "tidewatch",
        "stage": "dev",
        "detector": "three_sigma",
        **metrics,
    }


def query(stat: str, metric: str = "Latency", period: int = 3600, **dimensions: str) -> dict[str, Any]:
    given = dimensions or {"service": "tidewatch", "stage": "dev"}
    return {
        "Id": "m0",
        "MetricStat": {
            "Metric": {
                "Namespace": "Tidewatch",
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in given.items()],
            },
            "Period": period,
            "Stat": stat,
        },
    }


def at(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def read(store: MetricStore, asked: dict[str, Any], start: float = NOON, end: float = NOON + 3600) -> list[float]:
    (result,) = store.get_metric_data([asked], at(start), at(end), descending=False)
    values: list[float] = result["Values"]
    return values


def store_with(*documents: dict[str, Any]) -> MetricStore:
    store = MetricStore()
    for document in documents:
        store.put_emf(document)
    return store


def test_statistics() -> None:
    store = store_with(*(emf(NOON + 60 * n, Latency=[float(value)]) for n, value in enumerate([4, 1, 7])))
    wanted = {"Sum": 12, "Average": 4, "SampleCount": 3, "Minimum": 1, "Maximum": 7, "p50": 4, "p100": 7, "p0": 1}
    assert {stat: read(store, query(stat)) for stat in wanted} == {stat: [value] for stat, value in wanted.items()}


@given(
    st.lists(st.floats(0, 1e6) | st.just(1.0), min_size=1, max_size=60),
    st.sampled_from(["p50", "p95", "p99.9", "p1"]),
)
def test_percentiles_are_those_of_numpy(values: list[float], stat: str) -> None:
    store = store_with(*(emf(NOON + 20 * n, Latency=[value]) for n, value in enumerate(values)))
    (found,) = read(store, query(stat))
    assert found == pytest.approx(np.percentile(values, float(stat[1:])), rel=1e-12)


@given(st.lists(st.sampled_from([1.0, 1.0, 1.0, 2.5]), max_size=50))
def test_a_bucket_keeps_every_value(values: list[float]) -> None:
    bucket = Bucket()
    for value in values:
        bucket.add(value)
    assert sorted(bucket.all_values()) == sorted(values)
    # Equal values take no memory.
    assert len(bucket.values) in (0, len(values))


def test_a_value_may_be_a_list_or_a_number() -> None:
    store = store_with(emf(NOON, Latency=[1, 2, 3]), emf(NOON, Latency=4))
    assert read(store, query("Sum")) == [10]


def test_dimensions_are_exact_sets() -> None:
    store = store_with(emf(NOON, [["service", "stage"], ["stage", "service", "detector"], []], Latency=[5]))
    assert read(store, query("Sum", service="tidewatch", stage="dev")) == [5]
    assert read(store, query("Sum", stage="dev", service="tidewatch", detector="three_sigma")) == [5]
    assert read(store, query("Sum", service="tidewatch")) == []
    assert read(store, query("Sum", service="tidewatch", stage="prod")) == []
    assert read(store, query("Sum", metric="Other")) == []
    without = query("Sum")
    without["MetricStat"]["Metric"].pop("Dimensions")
    assert read(store, without) == [5]


def test_periods_begin_at_the_start_rounded_down_to_the_minute() -> None:
    store = store_with(*(emf(NOON + 60 * n, Latency=[1]) for n in range(10)))
    (result,) = store.get_metric_data([query("Sum", period=300)], at(NOON + 130), at(NOON + 600), descending=False)
    assert result["Timestamps"] == [at(NOON + 120), at(NOON + 420)]
    assert result["Values"] == [5, 3]
    (result,) = store.get_metric_data([query("Sum", period=300)], at(NOON + 130), at(NOON + 600))
    assert result["Values"] == [3, 5]
    assert (result["Id"], result["StatusCode"]) == ("m0", "Complete")


def test_the_end_is_not_part_of_it() -> None:
    store = store_with(emf(NOON, Latency=[1]), emf(NOON + 60, Latency=[1]))
    assert read(store, query("Sum"), end=NOON + 60) == [1]


def test_three_hours_are_kept() -> None:
    store = store_with(emf(NOON, Latency=[1]), emf(NOON + 3 * 3600, Latency=[2]))
    assert read(store, query("Sum", period=60), end=NOON + 4 * 3600) == [1, 2]
    store.put_emf(emf(NOON + 3 * 3600 + 60, Latency=[4]))
    assert read(store, query("Sum", period=60), end=NOON + 4 * 3600) == [2, 4]


def test_put_metric_data() -> None:
    store = MetricStore(clock=lambda: NOON + 5)
    dimensions = [{"Name": "service", "Value": "tidewatch"}, {"Name": "stage", "Value": "dev"}]
    store.put_metric_data(
        "Tidewatch",
        [
            {"MetricName": "Latency", "Dimensions": dimensions, "Value": 3},
            {"MetricName": "Latency", "Dimensions": dimensions, "Values": [1, 2], "Counts": [2, 1]},
            {"MetricName": "Latency", "Dimensions": dimensions, "Values": [10], "Timestamp": at(NOON)},
        ],
    )
    # moto hands moments on without their zone.
    store.put_metric_data(
        "Tidewatch",
        [{"MetricName": "Latency", "Dimensions": dimensions, "Value": 1, "Timestamp": at(NOON).replace(tzinfo=None)}],
    )
    assert read(store, query("Sum")) == [18]
    assert read(store, query("SampleCount")) == [6]


def test_what_it_cannot_do() -> None:
    store = MetricStore()
    with pytest.raises(ValueError, match="not expressions"):
        store.get_metric_data([{"Id": "e", "Expression": "m0 * 2"}], at(NOON), at(NOON + 60))
    with pytest.raises(ValueError, match="no statistic 'tm99'"):
        store.get_metric_data([query("tm99")], at(NOON), at(NOON + 60))
