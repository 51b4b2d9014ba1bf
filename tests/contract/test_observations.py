"""What the store of observations and labels promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import boto3
import numpy as np
import pytest
from tidewatch.adapters.observations import DynamoDBObservationStore
from tidewatch.lifecycle.observations import Observations
from tidewatch.series import Frame, TimeSeries
from tidewatch.tenancy import Tenant

from tests.support.environment import ENVIRONMENT
from tests.support.samples import NOW, key
from tests.support.tables import aws_in_memory

BACKENDS: tuple[str, ...] = ()
CPU = key("cpu")


@pytest.fixture
def store():
    with aws_in_memory():
        yield DynamoDBObservationStore(boto3.client("dynamodb"), ENVIRONMENT["OBSERVATIONS_TABLE_NAME"], days=60)


def observed(points: int = 3, hours: float = 0, *, challenger: int | None = 2) -> Observations:
    random = np.random.default_rng(points)
    beside = points if challenger else 0
    return Observations(
        NOW + timedelta(hours=hours),
        1,
        TimeSeries(60 * np.arange(-1, points - 1, dtype=np.int64), random.normal(0, 1e300, points)),
        np.where(random.random(points) < 0.3, np.nan, random.random(points)),
        random.random(points) < 0.5,
        challenger,
        random.random(beside),
        random.random(beside) < 0.5,
    )


@pytest.mark.parametrize("challenger", [None, 2])
def test_observations_come_back_to_the_bit(store, challenger):
    kept = observed(1_000, challenger=challenger)
    store.append(CPU, kept)
    (found,) = store.since(CPU, NOW, 10**6)
    assert (found.observed_at, found.champion, found.challenger) == (kept.observed_at, 1, challenger)
    for name in ("p_value", "anomaly", "challenger_p_value", "challenger_anomaly"):
        np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
        assert getattr(found, name).dtype == getattr(kept, name).dtype
    np.testing.assert_array_equal(found.points.timestamps, kept.points.timestamps)
    np.testing.assert_array_equal(found.points.values, kept.points.values)


def test_rows_come_back_to_the_bit_and_wide_ones_count_for_more(store):
    random = np.random.default_rng(1)
    names = tuple(f"x{n}" for n in range(80))
    values = np.where(random.random((9, 80)) < 0.1, np.nan, random.normal(0, 1e300, (9, 80)))
    kept = replace(observed(9), points=Frame(60 * np.arange(9), values, names))
    for _ in range(3):
        store.append(CPU, kept)
    found, *_ = store.since(CPU, NOW, 10**6)
    assert found.points.names == names
    np.testing.assert_array_equal(found.points.timestamps, kept.points.timestamps)
    np.testing.assert_array_equal(found.points.values, values)
    assert len(store.since(CPU, NOW, 91)) == 2


def test_they_come_in_the_order_in_which_they_were_made_from_a_moment_on_and_not_too_many(store):
    for hours in (3, 1, 2, 1, 0):
        store.append(CPU, observed(3, hours))
    latest = store.latest(CPU, NOW, 7)
    assert [each.observed_at - NOW for each in latest] == [timedelta(hours=hours) for hours in (1, 2, 3)]
    assert len(store.latest(CPU, NOW + timedelta(hours=2), 10**6)) == 2
    found = store.since(CPU, NOW + timedelta(hours=1), 10**6)
    assert [(each.observed_at - NOW) / timedelta(hours=1) for each in found] == [1, 1, 2, 3]
    assert len(store.since(CPU, NOW, 4)) == 2
    assert store.since(key("cpu1"), NOW, 9) == store.since(key("cpu", Tenant("other")), NOW, 9) == []


def test_labels_of_a_time_and_a_later_one_in_the_place_of_an_earlier(store):
    store.label(CPU, {60 * place: place % 3 == 0 for place in range(-30, 40)})
    store.label(CPU, {0: False, 60: True})
    assert store.labels(CPU, -60, 120) == {-60: False, 0: False, 60: True, 120: False}
    assert len(store.labels(CPU, -(10**9), 10**9)) == 70
    assert store.labels(key("cpu1"), -(10**9), 10**9) == {}


def test_both_expire(store):
    store.append(CPU, observed())
    store.label(CPU, {0: True})
    items = boto3.client("dynamodb").scan(TableName=ENVIRONMENT["OBSERVATIONS_TABLE_NAME"])["Items"]
    assert len(items) == 2
    assert all("expires_at" in item for item in items)
