"""Publishing: the order of steps, races, the deadline, and what a failure leaves behind."""

from __future__ import annotations

import hashlib
import itertools
import random
from types import SimpleNamespace

import pytest
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.registry import SeriesBusy, StorageUnavailable, contention
from tidewatch.registry.encoding import encode_series

from tests.contract.publishing import append
from tests.support.flaky import STEPS, FlakyData, FlakyVersions, Recorder
from tests.support.memory import Memory, MemoryDataStore, MemoryVersionStore
from tests.support.samples import LIBRARIES, NOW, VALUES, a_model, a_publisher, a_series, a_version, key


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def versions(memory):
    return MemoryVersionStore(memory)


@pytest.fixture
def data(memory):
    return MemoryDataStore(memory)


class Overtaker:
    """Publishes a version of its own before each of the first appends of another."""

    def __init__(self, versions: MemoryVersionStore, times: int) -> None:
        self._versions = versions
        self._left = times

    def __call__(self, version: object) -> None:
        if self._left:
            self._left -= 1
            head = self._versions.head(key("cpu"))
            append(self._versions, a_version(number=head.latest + 1 if head else 1))


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(contention, "time", fake)
    return fake


def test_a_version_tells_all_of_its_model(versions, data):
    model = a_model(sigmas=2.0, side="both")
    version = a_publisher(versions, data).publish(key("cpu"), a_series(), model)
    text = encode_series(a_series())
    assert versions.version(key("cpu"), 1) == version
    assert (version.series_id, version.number, version.version) == ("cpu", 1, "v1")
    assert version.detector == "three_sigma"
    assert version.options == {"name": "three_sigma", "sigmas": 2.0, "side": "both", "false_alarm_rate": None}
    assert version.parameters == model.parameters()
    assert (version.points_used, version.start, version.end) == (len(VALUES), 1_735_689_600, 1_735_690_020)
    assert version.data_sha256 == hashlib.sha256(text).hexdigest()
    assert data.get(version.data_key, version.data_sha256) == text
    assert version.trained_at == NOW


def test_the_libraries_are_recorded(versions):
    assert a_publisher(versions).publish(key("cpu"), a_series(), a_model()).libraries == LIBRARIES


def test_numbers_follow_each_other_and_series_are_counted_apart(versions, data):
    one = a_publisher(versions, data)
    numbers = [one.publish(key(name), a_series(), a_model()).number for name in ("a", "b", "a", "a", "b")]
    assert numbers == [1, 1, 2, 3, 2]


def test_the_data_is_stored_before_the_version(versions, data):
    calls: list[str] = []
    a_publisher(Recorder(versions, calls), Recorder(data, calls)).publish(key("cpu"), a_series(), a_model())
    assert calls == ["put", "head", "trail", "append"]


def test_a_lost_race_takes_the_next_number_and_keeps_the_model_and_its_data(versions, data, memory):
    calls: list[str] = []
    overtaken = FlakyVersions(versions, before_append=Overtaker(versions, 3))
    version = a_publisher(Recorder(overtaken, calls), Recorder(data, calls)).publish(key("cpu"), a_series(), a_model())
    assert version.number == 4
    assert versions.version(key("cpu"), 4) == version
    assert calls == ["put", "head", "trail", "append", *["head", "append"] * 3]
    assert len(memory.objects) == 1


def test_two_publishers_that_overtake_each_other_leave_no_gap(versions, data):
    other = a_publisher(versions, data)
    turns = itertools.count()

    def other_publishes(_: object) -> None:
        if next(turns) % 3 < 2:
            other.publish(key("cpu"), a_series(), a_model())

    one = a_publisher(FlakyVersions(versions, before_append=other_publishes), data)
    for _ in range(4):
        one.publish(key("cpu"), a_series(), a_model())
    latest = versions.head(key("cpu")).latest
    assert latest > 8
    assert [version.number for version in versions.list_versions(key("cpu"), 100, None).items] == [
        *range(latest, 0, -1)
    ]


class TestDeadline:
    @pytest.fixture
    def always_overtaken(self, versions):
        return FlakyVersions(versions, before_append=Overtaker(versions, 10**9))

    def test_a_series_that_stays_busy_is_given_up(self, always_overtaken, versions, clock):
        with pytest.raises(SeriesBusy, match="series 'cpu' is being trained by too many callers at once") as caught:
            a_publisher(always_overtaken, deadline_seconds=15, sleep=clock.sleep).publish(
                key("cpu"), a_series(), a_model()
            )
        assert (caught.value.series_id, caught.value.retry_after) == ("cpu", 2)
        assert 14 < clock.now - 5000.0 <= 15

    def test_nothing_of_it_was_published(self, always_overtaken, versions, clock):
        with pytest.raises(SeriesBusy):
            a_publisher(always_overtaken, sleep=clock.sleep).publish(key("cpu"), a_series([1, 2, 3, 4, 99]), a_model())
        assert {version.points_used for version in versions.list_versions(key("cpu"), 1000, None).items} == {
            len(VALUES)
        }

    def test_waits_grow_from_20_ms_to_half_a_second_with_full_jitter(self, always_overtaken, clock, monkeypatch):
        asked: list[tuple[float, float]] = []

        def highest(low: float, high: float) -> float:
            asked.append((low, high))
            return high

        monkeypatch.setattr(contention, "_random", SimpleNamespace(uniform=highest))
        with pytest.raises(SeriesBusy):
            a_publisher(always_overtaken, deadline_seconds=3, sleep=clock.sleep).publish(
                key("cpu"), a_series(), a_model()
            )
        assert [low for low, _ in asked] == [0] * len(asked)
        assert [high for _, high in asked[:7]] == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5])
        assert clock.slept == [high for _, high in asked[:-1]], "the wait that would pass the deadline is not begun"

    def test_the_deadline_of_the_request_ends_it_earlier(self, always_overtaken, clock):
        """Training and publishing share the time of a request."""
        deadline = Deadline.after(2, clock.monotonic)
        with pytest.raises(SeriesBusy):
            a_publisher(always_overtaken, deadline_seconds=15, sleep=clock.sleep).publish(
                key("cpu"), a_series(), a_model(), deadline=deadline
            )
        assert 1 < clock.now - 5000.0 <= 2

    def test_nothing_is_stored_when_training_took_all_the_time(self, versions, data, memory, clock):
        late = Deadline.after(-1, clock.monotonic)
        with pytest.raises(DeadlineExceeded):
            a_publisher(versions, data).publish(key("cpu"), a_series(), a_model(), deadline=late)
        assert memory.objects == {}

    def test_instances_that_were_restored_from_one_snapshot_wait_for_different_times(self, always_overtaken, clock):
        """A snapshot holds the state of Python's generator, so that all of them would draw the same numbers."""
        waits = []
        for _ in range(2):
            random.seed(1)
            clock.slept.clear()
            with pytest.raises(SeriesBusy):
                a_publisher(always_overtaken, deadline_seconds=1, sleep=clock.sleep).publish(
                    key("cpu"), a_series(), a_model()
                )
            waits.append(clock.slept[:3])
        assert waits[0] != waits[1]

    def test_an_append_that_succeeds_is_never_given_up(self, versions, clock):
        """However late it is: the version is there, so it is acknowledged."""

        def slow(_: object) -> None:
            clock.now += 100

        version = a_publisher(FlakyVersions(versions, before_append=slow)).publish(key("cpu"), a_series(), a_model())
        assert versions.version(key("cpu"), 1) == version


class TestStorageFailure:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("before", [0, 2])
    def test_leaves_no_version_without_its_data(self, step, before, versions, data, memory):
        for _ in range(before):
            a_publisher(versions, data).publish(key("cpu"), a_series(), a_model())
        failing = a_publisher(FlakyVersions(versions, step), FlakyData(data, step))
        with pytest.raises(StorageUnavailable):
            failing.publish(key("cpu"), a_series([1, 2, 3, 4, 5]), a_model())
        published = versions.list_versions(key("cpu"), 10, None).items
        assert len(published) == before + (step == "answer of append")
        for version in published:
            assert data.get(version.data_key, version.data_sha256)

    @pytest.mark.parametrize("step", STEPS)
    def test_is_mended_by_the_next_call(self, step, versions, data):
        with pytest.raises(StorageUnavailable):
            a_publisher(FlakyVersions(versions, step), FlakyData(data, step)).publish(key("cpu"), a_series(), a_model())
        version = a_publisher(versions, data).publish(key("cpu"), a_series(), a_model())
        assert (
            version.number
            == versions.head(key("cpu")).latest
            == len(versions.list_versions(key("cpu"), 10, None).items)
        )

    def test_a_failure_that_is_no_lost_race_is_not_tried_again(self, versions, data):
        calls: list[str] = []
        failing = Recorder(FlakyVersions(versions, "append"), calls)
        with pytest.raises(StorageUnavailable):
            a_publisher(failing, data).publish(key("cpu"), a_series(), a_model())
        assert calls == ["head", "trail", "append"]
