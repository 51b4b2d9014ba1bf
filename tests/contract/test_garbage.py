"""Collecting garbage: what no version refers to goes, and a published version never loses its data."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tidewatch.adapters.s3 import MODEL_ARRAYS
from tidewatch.deadline import Deadline
from tidewatch.registry import Deleter, TrainingData, VersionStore
from tidewatch.services.collect_garbage import GRACE, Collected, collect_garbage
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.backends import Backend
from tests.contract.publishing import append
from tests.support.crashes import Crashed, crashing
from tests.support.samples import NOW, a_model, a_publisher, a_series, a_version, key

LATER = GRACE + timedelta(minutes=1)
VALUES = [1.0, 2.0, 3.0, 4.0, 5.0]


def collect(backend: Backend, after: timedelta = LATER, **arguments) -> Collected:
    """Collects when so much time has passed."""
    return collect_garbage(backend.objects(), backend.versions(), now=datetime.now(UTC) + after, **arguments)


def publish(backend: Backend, series_id: str = "cpu", values=VALUES, tenant: Tenant = DEFAULT_TENANT):
    publisher = a_publisher(backend.versions(), backend.data(), backend.data(MODEL_ARRAYS))
    return publisher.publish(key(series_id, tenant), a_series(values), a_model(values))


def is_there(backend: Backend, version) -> bool:
    return len(TrainingData(backend.data()).of(version)) == version.points_used


def test_what_a_version_refers_to_stays_however_old(backend):
    version = publish(backend)
    key_, sha256 = backend.data(MODEL_ARRAYS).put(DEFAULT_TENANT, b"arrays")
    append(backend.versions(), a_version("disk", data_key=version.data_key, arrays_key=key_, arrays_sha256=sha256))
    assert collect(backend, timedelta(days=10_000)) == Collected(0, 0, 0)
    assert is_there(backend, version)
    assert backend.data(MODEL_ARRAYS).get(key_, sha256) == b"arrays"


def test_what_nobody_refers_to_goes_after_a_week_and_not_before(backend):
    version = publish(backend)
    backend.data().put(DEFAULT_TENANT, b"left by a fit that failed")
    backend.data(MODEL_ARRAYS).put(Tenant("other"), b"and its arrays")
    assert collect(backend, GRACE - timedelta(minutes=1)).objects == 0
    done = collect(backend)
    assert (done.objects, done.left) == (2, 0)
    assert done.size > 0
    assert backend.object_keys() == [version.data_key]


def test_data_of_a_deleted_series_goes_but_for_what_another_shares(backend):
    own = publish(backend, "cpu", [9.0, 8.0, 7.0, 6.0, 5.0])
    shared = publish(backend, "cpu")
    other = publish(backend, "disk")
    elsewhere = publish(backend, "cpu", tenant=Tenant("other"))
    assert shared.data_key == other.data_key != elsewhere.data_key
    Deleter(backend.versions(), deadline_seconds=1, now=lambda: NOW).delete_series(key("cpu"))
    assert own.data_key in backend.object_keys(), "a deletion takes no data: a fit may be about to refer to it"
    assert collect(backend).objects == 1
    assert backend.object_keys() == sorted([shared.data_key, elsewhere.data_key])
    assert is_there(backend, other)


def test_data_of_a_deleted_version_goes(backend):
    first = publish(backend, values=[9.0, 8.0, 7.0, 6.0, 5.0])
    second = publish(backend)
    Deleter(backend.versions(), deadline_seconds=1, now=lambda: NOW).delete_version(key("cpu"), 1)
    assert collect(backend).objects == 1
    assert first.data_key not in backend.object_keys()
    assert is_there(backend, second)


def test_what_is_left_at_the_deadline_goes_the_next_time(backend):
    version = publish(backend)
    backend.data().put(DEFAULT_TENANT, b"garbage")
    assert collect(backend, deadline=Deadline.after(-1)) == Collected(0, 0, 1)
    assert collect(backend).objects == 1
    assert backend.object_keys() == [version.data_key]


def test_nothing_goes_beside_a_table_that_lost_its_versions(backend):
    version = publish(backend)
    Deleter(backend.versions(), deadline_seconds=1, now=lambda: NOW).delete_series(key("cpu"))
    assert collect(backend, timedelta(days=10_000)) == Collected(0, 0, 1)
    assert backend.object_keys() == [version.data_key]


class Interleaved:
    """A version store that lets something happen before the references are read, or after."""

    def __init__(self, versions: VersionStore, before: Callable[[], object], after: Callable[[], object]) -> None:
        self._versions, self._before, self._after = versions, before, after

    def referenced_keys(self) -> Iterator[str]:
        self._before()
        yield from list(self._versions.referenced_keys())
        self._after()


@pytest.mark.parametrize("moment", ["before the references are read", "after the references were read"])
def test_a_fit_that_meets_a_collection_keeps_its_data(backend, moment):
    """The data is there already, and old, since another version had it that is deleted: the fit writes it again."""
    append(backend.versions(), a_version("memory"))
    publish(backend)
    Deleter(backend.versions(), deadline_seconds=1, now=lambda: NOW).delete_series(key("cpu"))
    backend.age(timedelta(days=8))
    published = []

    def fit() -> None:
        published.append(publish(backend, "disk"))

    nothing = lambda: None  # noqa: E731
    before, after = (fit, nothing) if moment.startswith("before") else (nothing, fit)
    collect_garbage(
        backend.objects(),
        Interleaved(backend.versions(), before, after),  # type: ignore[arg-type]
        now=datetime.now(UTC),
    )
    assert is_there(backend, published[0])


def test_data_that_is_put_again_is_written_again_after_a_day(backend):
    """The bucket keeps each state of an object for a time: equal ones must not fill it."""
    first = backend.data().put(DEFAULT_TENANT, b"data")
    before = backend.states()
    assert backend.data().put(DEFAULT_TENANT, b"data") == first
    assert backend.states() == before
    backend.age(timedelta(days=1, minutes=1))
    aged = backend.states()
    assert backend.data().put(DEFAULT_TENANT, b"data") == first
    assert backend.states() != aged


def test_all_states_of_garbage_go(backend):
    append(backend.versions(), a_version("disk"))
    for _ in range(3):
        backend.data().put(DEFAULT_TENANT, b"data")
        backend.age(timedelta(days=2))
    assert collect(backend).objects == 1
    assert (list(backend.states()), backend.object_keys()) == ([], [])


class TestCrashes:
    BACKENDS = ("moto",)

    @pytest.mark.parametrize("applied", [False, True], ids=["before a call", "after a call"])
    @pytest.mark.parametrize("service", ["s3", "dynamodb"])
    def test_a_crash_at_any_call_takes_no_data_of_a_version(self, backend, service, applied):
        for nth in itertools.count(1):
            backend.clear()
            version = publish(backend)
            backend.data().put(DEFAULT_TENANT, b"garbage")
            backend.data(MODEL_ARRAYS).put(DEFAULT_TENANT, b"garbage")
            try:
                with crashing(getattr(backend, service), service, applied=applied, nth=nth):
                    collect(backend)
            except Crashed:
                assert is_there(backend, version)
                collect(backend)
            assert backend.object_keys() == [version.data_key]
            if nth == 4:
                break
