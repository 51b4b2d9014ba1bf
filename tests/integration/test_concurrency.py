"""Many fits of one series at once: every number is given out once, none is skipped, none is lost."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import boto3
import numpy as np
import pytest
from botocore.config import Config
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.s3 import MODEL_ARRAYS, S3DataStore
from tidewatch.detectors import fit_model
from tidewatch.detectors.statistical.three_sigma import ThreeSigmaOptions
from tidewatch.registry import ModelVersion, Publisher, Registry
from tidewatch.series import TimeSeries

from tests.support.api import Api
from tests.support.boundary import Boundary, Call, Send, answer_lost, cancelled
from tests.support.environment import ENVIRONMENT
from tests.support.samples import key, no_arrays
from tests.support.stored import stored

FITS = 100
TIMES = np.arange(6, dtype=np.int64)
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 3})


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns often, so that their calls mix."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


def make_store() -> DynamoDBVersionStore:
    return DynamoDBVersionStore(boto3.client("dynamodb", config=RETRIES), ENVIRONMENT["TABLE_NAME"])


def make_publisher(sleep: Callable[[float], None] = lambda seconds: None) -> Publisher:
    """A publisher with clients of its own, as another function instance has."""
    s3 = boto3.client("s3", config=RETRIES)
    return Publisher(
        make_store(),
        S3DataStore(s3, ENVIRONMENT["DATA_BUCKET"]),
        S3DataStore(s3, ENVIRONMENT["DATA_BUCKET"], MODEL_ARRAYS),
        deadline_seconds=120,
        now=lambda: datetime.now(UTC),
        libraries={},
        sleep=sleep,
    )


def publish(publisher: Publisher, series_id: str, value: float) -> ModelVersion:
    series = TimeSeries(TIMES.copy(), np.array([1, 2, 3, 4, 5, value], dtype=np.float64))
    return publisher.publish(key(series_id), series, fit_model(series, ThreeSigmaOptions()))


def publish_at_once(boundary: Boundary, series_ids: list[str]) -> list[ModelVersion]:
    """One thread for each: all of them read the head before the first one may write."""
    publishers = [make_publisher() for _ in series_ids]
    boundary.forget()
    gate = threading.Barrier(len(series_ids))

    def run(index: int) -> ModelVersion:
        gate.wait()
        return publish(publishers[index], series_ids[index], 1000.0 + index)

    with ThreadPoolExecutor(len(series_ids)) as pool:
        return list(pool.map(run, range(len(series_ids))))


def count(boundary: Boundary, name: str) -> int:
    return sum(call.name == name for call in boundary.calls)


@pytest.mark.slow
def test_a_hundred_fits_of_one_series_at_once(boundary: Boundary, eager_threads):
    published = publish_at_once(boundary, ["s"] * FITS)
    # Else the threads ran one after the other, and nothing was tested.
    assert count(boundary, "dynamodb.TransactWriteItems") > FITS
    boundary.heal()
    assert sorted(version.number for version in published) == list(range(1, FITS + 1))
    found = stored().check()
    assert found.versions == {"s": list(range(1, FITS + 1))}
    assert found.series_counted == 1
    assert len(found.objects) == FITS
    # Each caller was told the number that its own data lies under.
    registry = Registry(make_store(), no_arrays)
    for version in published[:: FITS // 10]:
        assert registry.load(key("s"), version.number).version == version


@pytest.mark.slow
def test_first_fits_of_many_series_at_once_are_each_counted(boundary: Boundary, eager_threads):
    series_ids = [f"s{index % 10}" for index in range(40)]
    publish_at_once(boundary, series_ids)
    found = stored().check()
    assert found.versions == {f"s{index}": [1, 2, 3, 4] for index in range(10)}
    assert found.series_counted == 10


@pytest.mark.slow
def test_lost_answers_amid_the_crowd_cost_no_number(boundary: Boundary, eager_threads):
    tokens: set[str] = set()

    def lose_every_third(call: Call, send: Send) -> object:
        token = call.parameters["ClientRequestToken"]
        lost = token not in tokens and len(tokens) % 3 == 0
        tokens.add(token)
        return answer_lost(call, send) if lost else send()

    boundary.on("dynamodb.TransactWriteItems", lose_every_third)  # type: ignore[arg-type]
    publish_at_once(boundary, ["s"] * 30)
    boundary.heal()
    assert len(boundary.waits) > 5
    assert stored().check().versions == {"s": list(range(1, 31))}


def overtaken_by(series_id: str, times: int) -> Callable[[Call, Send], object]:
    """Between a fit's look at the head and its writing, another one publishes."""
    other = make_publisher()
    left = [times]

    def overtake(call: Call, send: Send) -> object:
        if left[0]:
            left[0] -= 1
            publish(other, series_id, 7.0 + left[0])
        return send()

    return overtake


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("before", [0, 1])
def test_a_fit_that_is_overtaken_takes_the_next_number(api: Api, boundary: Boundary, times, before):
    for _ in range(before):
        assert api.fit("s", [1, 2, 3, 4, 5, 6]).status == 200
    boundary.on("dynamodb.TransactWriteItems", overtaken_by("s", times))  # type: ignore[arg-type]
    answer = api.fit("s", [1, 2, 3, 4, 5, 100]).json()
    boundary.heal()
    assert answer["version"] == f"v{before + times + 1}"
    assert api.predict("s", 3).json()["expected"] == answer["learned"]["mean"]
    assert stored().check().versions == {"s": list(range(1, before + times + 2))}


def test_a_fit_waits_longer_after_each_lost_race_and_never_long(boundary: Boundary):
    waits: list[float] = []
    boundary.on("dynamodb.TransactWriteItems", cancelled("TransactionConflict"), times=200)
    publish(make_publisher(waits.append), "s", 9)
    assert len(waits) == 200
    assert max(waits[:3]) <= 0.02 * 4
    assert 0.3 < max(waits) <= 0.5
    # Full jitter: from nothing to the most, so that those who met do not meet again.
    assert min(waits[20:]) < 0.1
    assert stored().check().versions == {"s": [1]}
