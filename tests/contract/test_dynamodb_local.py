"""What only a storage with DynamoDB's real transactions can show: parallel publishes amid crashs and lost answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from tidewatch.registry import DataStore
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.backends import Aws, on_dynamodb_local
from tests.contract.test_state_machine import Lifetimes, series_ids, trainings
from tests.support.crashes import CRASHES, PUBLISHING, Crashed, crashing, losing_answers
from tests.support.samples import a_model, a_publisher, a_series, key

BACKENDS = ()


@pytest.fixture(scope="module")
def storage(dynamodb_local: str) -> Iterator[Aws]:
    with on_dynamodb_local(dynamodb_local) as made:
        yield made


def client_of(storage: Aws, call: str) -> Any:
    return storage.s3 if call.startswith("s3.") else storage.dynamodb


class _OneAtATime:
    """Training data is moto's here, whose S3 is not safe for threads; versions are what is published in parallel."""

    def __init__(self, data: DataStore) -> None:
        self._data = data
        self._lock = Lock()

    def put(self, tenant: Tenant, content: bytes) -> tuple[str, str]:
        with self._lock:
            return self._data.put(tenant, content)

    def get(self, key: str, sha256: str) -> bytes:
        with self._lock:
            return self._data.get(key, sha256)


def test_parallel_publishers_get_all_numbers_once(versions, data):
    publisher = a_publisher(versions, _OneAtATime(data), sleep=time.sleep)
    with ThreadPoolExecutor(16) as pool:
        published = list(pool.map(lambda _: publisher.publish(key("cpu"), a_series(), a_model()), range(80)))
    assert sorted(version.number for version in published) == [*range(1, 81)]
    assert versions.head(key("cpu")).latest == 80
    assert versions.count_series(DEFAULT_TENANT) == 1


class RealLifetimes(Lifetimes):
    """Also with threads, and with clients that crash or send twice."""

    def __init__(self, storage: Aws) -> None:
        super().__init__(storage)
        self.storage = storage

    @rule(series_id=series_ids, values=trainings, crash=st.sampled_from(CRASHES))
    def publish_and_crash(self, series_id, values, crash):
        call, applied = crash
        with crashing(client_of(self.storage, call), call, applied=applied), pytest.raises(Crashed):
            self.publish_with(series_id, values, self.versions, self.data)
        if crash == ("dynamodb.TransactWriteItems", True):
            self.remember(series_id, values)

    @rule(series_id=series_ids, values=trainings, call=st.sampled_from(PUBLISHING), times=st.integers(1, 2))
    def publish_and_lose_answers(self, series_id, values, call, times):
        # The first fit of a series also reads where the trail of a deleted one ends, beside its head.
        requests = 2 if call == "dynamodb.GetItem" and not self.expected.get(series_id) else 1
        with losing_answers(client_of(self.storage, call), call, times) as seen:
            number = self.publish_with(series_id, values, self.versions, self.data)
        # Data that is there already is not written again, and S3 says 412 of it.
        assert len(seen) == requests * (times + 1)
        assert set(seen) <= ({200, 412} if call.startswith("s3.") else {200})
        assert number == self.remember(series_id, values)

    @rule(series_id=series_ids, parallel=st.lists(trainings, min_size=2, max_size=5))
    def publish_at_once(self, series_id, parallel):
        def publish(values: list[float]) -> tuple[int, list[float]]:
            return self.publish_with(series_id, values, self.versions, self.data, sleep=time.sleep), values

        with ThreadPoolExecutor(len(parallel)) as pool:
            published = sorted(pool.map(publish, parallel))
        for number, values in published:
            assert number == self.remember(series_id, values)


@pytest.mark.hypothesis
def test_any_sequence_of_calls_agrees_with_a_dictionary_also_in_parallel(backend):
    run_state_machine_as_test(
        lambda: RealLifetimes(backend),
        settings=hypothesis_settings(
            max_examples=max(10, hypothesis_settings().max_examples // 4),
            stateful_step_count=15,
            # What threads do cannot be repeated: looking for a shorter example would take minutes, and find another.
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.mark.parametrize("before", [0, 1])
def test_a_transaction_that_is_sent_again_is_the_same_and_not_a_second_one(backend, versions, data, before):
    publisher = a_publisher(versions, data)
    for _ in range(before):
        publisher.publish(key("cpu"), a_series(), a_model())
    with losing_answers(backend.dynamodb, "dynamodb.TransactWriteItems", 2) as seen:
        version = publisher.publish(key("cpu"), a_series(), a_model())
    assert seen == [200, 200, 200]
    assert [found.number for found in versions.list_versions(key("cpu"), 10, None).items] == [*range(before + 1, 0, -1)]
    assert versions.version(key("cpu"), before + 1) == version
    assert versions.count_series(DEFAULT_TENANT) == 1
