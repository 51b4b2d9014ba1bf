"""Loading and listing: what is asked of storage, what is kept, and how nothing found is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tidewatch.detectors import fit_model
from tidewatch.detectors.ensemble.auto.detector import AutoOptions
from tidewatch.registry import LATEST, DataCorrupted, Deleter, ModelVersion, Registry, SeriesNotFound, VersionNotFound
from tidewatch.registry import loader as registry_module
from tidewatch.registry.ports import Head
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.publishing import append
from tests.support.flaky import Recorder
from tests.support.memory import Memory, MemoryDataStore, MemoryVersionStore
from tests.support.samples import NOW, a_model, a_publisher, a_series, a_version, key, no_arrays


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def calls():
    return []


@pytest.fixture
def store():
    return MemoryVersionStore(Memory())


@pytest.fixture
def registry(store, calls):
    return Registry(Recorder(store, calls), no_arrays)


def publish(store: MemoryVersionStore, count: int = 1, series_id: str = "cpu") -> list[ModelVersion]:
    """Versions whose models differ in their sigmas: v1 has 1, v2 has 2, …"""
    head = store.head(key(series_id))
    first = head.latest + 1 if head else 1
    versions = [a_version(series_id, number, sigmas=float(number)) for number in range(first, first + count)]
    for version in versions:
        append(store, version)
    return versions


class TestLoad:
    def test_the_champion_is_loaded_when_no_version_is_asked_for(self, store, registry):
        publish(store, 3)
        assert registry.load(key("cpu")).version.number == 3

    def test_the_latest_and_any_number_are_loaded_when_asked_for(self, store, registry):
        publish(store, 3)
        assert registry.load(key("cpu"), LATEST).version.number == 3
        assert [registry.load(key("cpu"), number).version.number for number in (1, 2, 3)] == [1, 2, 3]

    def test_a_loaded_model_is_the_one_that_was_published(self, store, registry):
        (version,) = publish(store)
        loaded = registry.load(key("cpu"))
        assert loaded.version == version
        assert loaded.model.learned() == a_model(sigmas=1.0).learned()
        assert dict(loaded.model.parameters()) == version.parameters

    def test_each_version_has_its_own_model(self, store, registry):
        publish(store, 2)
        assert registry.load(key("cpu"), 1).model.learned()["upper"] == 7.0
        assert registry.load(key("cpu"), 2).model.learned()["upper"] == 9.0

    def test_versions_of_different_series_are_kept_apart(self, store, registry):
        publish(store, 1, "a")
        publish(store, 2, "b")
        assert registry.load(key("a")).version.series_id == "a"
        assert registry.load(key("b"), 1).version.series_id == "b"

    def test_latest_may_be_another_than_the_champion(self, store, registry, monkeypatch):
        versions = publish(store, 3)
        monkeypatch.setattr(store, "head", lambda _: Head(latest=3, champion=versions[0]))
        assert registry.load(key("cpu")).version.number == 1
        assert registry.load(key("cpu"), LATEST).version.number == 3


class TestNotFound:
    def test_an_unknown_series_is_named(self, registry):
        for selector in (None, LATEST, 1):
            with pytest.raises(SeriesNotFound, match="series 'cpu' has no model: train it with POST /fit/cpu"):
                registry.load(key("cpu"), selector)

    def test_an_unknown_version_is_named_with_the_latest(self, store, registry):
        publish(store, 2)
        with pytest.raises(VersionNotFound, match="series 'cpu' has no version v7: its latest is v2") as caught:
            registry.load(key("cpu"), 7)
        assert (caught.value.series_id, caught.value.number, caught.value.latest) == ("cpu", 7, 2)

    def test_what_is_published_later_is_found_then(self, store, registry):
        with pytest.raises(SeriesNotFound):
            registry.load(key("cpu"))
        publish(store)
        assert registry.load(key("cpu")).version.number == 1
        with pytest.raises(VersionNotFound):
            registry.load(key("cpu"), 2)
        publish(store)
        assert registry.load(key("cpu"), 2).version.number == 2

    def test_an_unknown_series_has_no_versions_to_list(self, registry):
        with pytest.raises(SeriesNotFound):
            registry.list_versions(key("cpu"), 10, None)

    def test_a_page_after_the_last_version_is_empty(self, store, registry):
        publish(store)
        assert registry.list_versions(key("cpu"), 10, 1).items == []


class TestStorageCalls:
    def test_the_latest_is_one_read_at_each_request(self, store, registry, calls):
        publish(store)
        registry.load(key("cpu"))
        registry.load(key("cpu"), LATEST)
        assert calls == ["head", "head"]

    def test_a_fit_is_visible_to_the_next_load(self, store, registry):
        publish(store)
        assert registry.load(key("cpu")).version.number == 1
        publish(store)
        assert registry.load(key("cpu")).version.number == 2

    def test_a_version_is_one_read_at_each_request_and_restored_once(self, store, registry, calls):
        publish(store, 2)
        first = registry.load(key("cpu"), 1)
        assert registry.load(key("cpu"), 1) is first
        assert calls == ["version", "version"]

    def test_a_version_that_came_with_the_head_is_not_read_again(self, store, registry, calls):
        publish(store, 2)
        loaded = registry.load(key("cpu"))
        assert registry.load(key("cpu"), 2) is loaded
        assert registry.load(key("cpu")) is loaded
        assert calls == ["head", "version", "head"]

    def test_a_version_that_was_deleted_is_not_answered_from_memory(self, store, registry):
        publish(store, 2)
        registry.load(key("cpu"), 1)
        Deleter(store, deadline_seconds=1, now=lambda: NOW).delete_version(key("cpu"), 1)
        with pytest.raises(VersionNotFound):
            registry.load(key("cpu"), 1)

    def test_a_series_that_was_deleted_and_trained_anew_has_its_new_model(self, store, registry):
        (old,) = publish(store)
        assert registry.load(key("cpu")).version == old
        Deleter(store, deadline_seconds=1, now=lambda: NOW).delete_series(key("cpu"))
        with pytest.raises(SeriesNotFound):
            registry.load(key("cpu"), 1)
        append(store, a_version(sigmas=2.5))
        for selector in (None, LATEST, 1):
            assert registry.load(key("cpu"), selector).model.options.sigmas == 2.5


class TestTenants:
    def test_series_of_one_name_have_their_own_models_in_memory(self, store, calls):
        """With a cache of heads, too: no answer of one tenant's is ever another's."""
        one, other = Tenant("one"), Tenant("other")
        append(store, a_version(tenant=one, sigmas=1.5))
        append(store, a_version(tenant=other, sigmas=2.5))
        registry = Registry(Recorder(store, calls), no_arrays, head_cache_seconds=60)
        for _ in range(2):
            for tenant, sigmas in ((one, 1.5), (other, 2.5)):
                for selector in (None, LATEST, 1):
                    assert registry.load(key("cpu", tenant), selector).model.options.sigmas == sigmas
        with pytest.raises(SeriesNotFound):
            registry.load(key("cpu", Tenant("third")))


class TestHeadCache:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def registry(self, store, calls, clock):
        return Registry(Recorder(store, calls), no_arrays, head_cache_seconds=10, clock=clock)

    def test_a_head_is_reused_for_its_time(self, store, registry, calls, clock):
        publish(store)
        registry.load(key("cpu"))
        publish(store)
        clock.now += 9.9
        assert registry.load(key("cpu")).version.number == 1
        assert registry.load(key("cpu"), LATEST).version.number == 1
        assert calls == ["head"]

    def test_and_read_again_after_it(self, store, registry, calls, clock):
        publish(store)
        registry.load(key("cpu"))
        publish(store)
        clock.now += 10
        assert registry.load(key("cpu")).version.number == 2
        assert calls == ["head", "head"]

    def test_a_number_is_found_though_the_head_is_old(self, store, registry):
        publish(store)
        registry.load(key("cpu"))
        publish(store)
        assert registry.load(key("cpu"), 2).version.number == 2

    def test_an_unknown_series_is_not_remembered(self, store, registry):
        with pytest.raises(SeriesNotFound):
            registry.load(key("cpu"))
        publish(store)
        assert registry.load(key("cpu")).version.number == 1

    def test_with_zero_seconds_even_a_standing_clock_reads_each_time(self, store, calls, clock):
        registry = Registry(Recorder(store, calls), no_arrays, head_cache_seconds=0, clock=clock)
        publish(store)
        registry.load(key("cpu"))
        registry.load(key("cpu"))
        assert calls == ["head", "head"]


def test_lists_come_from_storage_as_they_are(store, registry, calls):
    publish(store, 2, "a")
    publish(store, 1, "b")
    assert [summary.series_id for summary in registry.list_series(DEFAULT_TENANT, 1, None).items] == ["a"]
    assert [summary.series_id for summary in registry.list_series(DEFAULT_TENANT, 10, "a").items] == ["b"]
    assert [version.number for version in registry.list_versions(key("a"), 10, None).items] == [2, 1]
    assert registry.count_series(DEFAULT_TENANT) == 2
    assert calls == ["list_series", "list_series", "list_versions", "count_series"]


def test_a_version_of_an_unknown_detector_is_a_defect_and_not_missing(store, registry):
    append(store, replace(a_version(), detector="four_sigma"))
    with pytest.raises(KeyError, match="four_sigma"):
        registry.load(key("cpu"))


class TestLargeModels:
    """Models whose arrays lie elsewhere."""

    @pytest.fixture
    def arrays(self):
        return MemoryDataStore(Memory(), "models")

    @pytest.fixture
    def registry(self, store, arrays, calls):
        return Registry(Recorder(store, []), lambda: Recorder(arrays, calls))

    def publish(self, store, arrays, series_id: str) -> ModelVersion:
        series = a_series(np.random.default_rng(1).normal(0, 1, 6000).tolist())
        model = fit_model(series, AutoOptions())
        return a_publisher(store, arrays=arrays).publish(key(series_id), series, model)

    def test_arrays_are_read_once_for_each_version(self, store, arrays, registry, calls):
        self.publish(store, arrays, "a")
        for _ in range(3):
            registry.load(key("a"))
        assert calls == ["get"]

    def test_no_more_models_are_kept_than_fit_into_memory(self, store, arrays, calls, monkeypatch):
        for name in ("a", "b", "c"):
            self.publish(store, arrays, name)
        weight = Registry(store, lambda: arrays).load(key("a")).weight
        monkeypatch.setattr(registry_module, "_CACHED_MODEL_BYTES", 2 * weight)
        registry = Registry(store, lambda: Recorder(arrays, calls))
        for name in ("a", "b", "a", "c", "a", "b"):
            registry.load(key(name))
        # The third took the place of the one that was asked for longest ago.
        assert calls == ["get"] * 4

    def test_one_model_that_is_too_large_for_the_cache_is_loaded_all_the_same(self, store, arrays, calls, monkeypatch):
        self.publish(store, arrays, "a")
        monkeypatch.setattr(registry_module, "_CACHED_MODEL_BYTES", 1000)
        registry = Registry(store, lambda: Recorder(arrays, calls))
        for _ in range(2):
            assert registry.load(key("a")).version.series_id == "a"
        assert calls == ["get", "get"]

    @pytest.mark.parametrize("damaged", [b"", b"PK", b"\x80\x04."])
    def test_arrays_that_were_replaced_are_corrupted(self, store, arrays, registry, damaged):
        version = self.publish(store, arrays, "a")
        arrays._objects[version.arrays_key] = damaged
        with pytest.raises(DataCorrupted):
            registry.load(key("a"))
